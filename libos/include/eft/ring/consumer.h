// The server's end of a ring: takes requests, and completes them in any order.
//
// Its position is rebuilt from the memory when it opens the ring: submitted entries that are not done are taken again,
// before new ones. An entry that two incarnations have taken and failed with is not taken a third time: it is answered
// ServiceFailed.
//
// The client can write all of the memory at any time. Opening and taking give a private copy of the request; a client
// that changes the rest confuses only itself: the worst is that its own entry is answered with nonsense, or that the
// ring is given up with ProtocolViolation.
//
// For sleeping and races (1) to (4) see producer.h.
#pragma once

#include <eft/ring/fault_hooks.h>
#include <eft/ring/layout.h>
#include <eft/work_watch.h>

#include <algorithm>
#include <bitset>
#include <optional>
#include <utility>

namespace eft::ring {

struct Taken {
    u64 ticket = 0;
    u32 label = 0;
    u64 words[kMaxWords] = {};  // a copy; zero where the client knows no such word
};

// `Count` is the largest ring that is accepted.
template <u32 Count>
class Consumer {
public:
    static constexpr u32 kAttempts = 2;

    Consumer() = default;

    // `inflight`: how many entries may be taken and not completed. `area` is the session's data area as mapped here.
    // `not_at_fault`: the incarnation before this one did not fail, so what it took does not count.
    static Result<Consumer> open(std::span<std::byte> bytes, std::span<std::byte> area, u32 inflight,
                                 bool not_at_fault = false) {
        EFT_TRY(Memory memory, Memory::open(bytes));
        if (memory.geometry().count > Count || memory.geometry().area_bytes > area.size())
            return Error::ProtocolViolation;
        Consumer consumer(memory, area.first(memory.geometry().area_bytes), inflight);
        EFT_CHECK(consumer.find_unfinished(not_at_fault));
        return consumer;
    }

    // Nobody serves the ring any more: its client shall be signalled, and asks.
    void leave() { memory_.set_consumer_state(ConsumerState::Detached); }

    // Nothing: no request waits, or as many are in progress as may be.
    Result<std::optional<Taken>> take() {
        for (;;) {
            if (in_progress_ >= inflight_) return std::optional<Taken>();
            if (recovered_ != taken_) {
                u64 position = recovered_++;
                if (unfinished_[slot(position)]) {
                    unfinished_[slot(position)] = false;
                    const bool again = faults_.taken_again(slot(position));
                    if (auto taken = take_at(position, again)) return taken;
                }
                continue;
            }
            u64 submitted = acquire(memory_.header().submitted);
            if (submitted == taken_) return std::optional<Taken>();
            if (submitted - taken_ > memory_.geometry().count || in_use_[slot(taken_)]) return Error::ProtocolViolation;
            if (acquire(memory_.entry(taken_).state) != submitted_state(taken_)) return Error::ProtocolViolation;
            recovered_ = taken_ + 1;
            if (auto taken = take_at(taken_++, false)) return taken;
        }
    }

    // Answers an entry that was taken. A ticket that is not in progress is ignored: an entry is answered once.
    void complete(u64 ticket, Error status, std::span<const u64> response) {
        if (!in_progress(ticket)) return;
        end_progress(ticket);
        if (faults_.any()) [[unlikely]]
            return publish_unless_lost(ticket, status, response);
        publish(ticket, status, response);
    }

    // True once after completions for which the client waits asleep, and once after opening (race 3): signal it then.
    bool take_signal() { return std::exchange(signal_, false); }

    // Asks to be woken. False: requests came meanwhile; take them first. Race (1). While as many are in progress as may
    // be, it is true: the next completion is the occasion to take more.
    bool prepare_to_sleep() {
        if (in_progress_ >= inflight_) return true;
        if (recovered_ != taken_) return false;
        write(memory_.header().consumer_sleeps, u32{1});
        full_fence();
        if (acquire(memory_.header().submitted) == taken_) return true;
        write(memory_.header().consumer_sleeps, u32{0});
        return false;
    }

    // Asked at each heartbeat, after which the ring is looked at: do entries wait that should have been taken since the last one?
    // Or has the oldest entry in progress been so for longer than `within` says of its call (stamps; 0: as long as it likes)?
    // From the first question on, for which nothing is noted when an entry is taken.
    template <class Within>
    bool is_late(u64 now, Within within) {
        const bool waits = in_progress_ < inflight_ && acquire(memory_.header().submitted) != taken_;
        if (!takes_.works(waits, taken_)) return true;
        if (in_progress_ == 0) return false;
        u64 oldest = ~u64{0};
        for (u32 i = 0; i < memory_.geometry().count; ++i)
            if (in_use_[i]) oldest = std::min(oldest, tickets_[i]);
        if (std::exchange(watched_, oldest) != oldest) watched_since_ = now;
        const u64 limit = within(labels_[slot(oldest)]);
        return limit != 0 && now - watched_since_ > limit;
    }

    bool in_progress(u64 ticket) const { return in_use_[slot(ticket)] && tickets_[slot(ticket)] == ticket; }
    u32 in_progress() const { return in_progress_; }
    // Entries that an earlier incarnation left unfinished, when this one opened the ring.
    u32 found_unfinished() const { return found_unfinished_; }
    std::span<std::byte> area() const { return area_; }
    const Geometry& geometry() const { return memory_.geometry(); }

private:
    Consumer(const Memory& memory, std::span<std::byte> area, u32 inflight)
        : memory_(memory), area_(area), inflight_(inflight) {}

    u32 slot(u64 position) const { return static_cast<u32>(position & (memory_.geometry().count - 1)); }

    // The producer stores an entry's state before `submitted`, so the last `count` positions before the number read
    // here have states of their own, or of the reuse that came after it was read.
    Status find_unfinished(bool not_at_fault) {
        const u32 count = memory_.geometry().count;
        taken_ = acquire(memory_.header().submitted);
        recovered_ = taken_ > count ? taken_ - count : 0;
        if (taken_ >> 62) return Error::ProtocolViolation;
        for (u64 position = recovered_; position != taken_; ++position) {
            u64 state = acquire(memory_.entry(position).state);
            if (state == submitted_state(position)) {
                unfinished_[slot(position)] = true;
                ++found_unfinished_;
                u32& taken = memory_.entry(position).attempts;
                if (const u32 attempts = read_once(taken); not_at_fault && attempts != 0) write(taken, attempts - 1);
            } else if (state != done_state(position) && state != submitted_state(position + count)) {
                return Error::ProtocolViolation;
            }
        }
        u32& takeovers = memory_.header().takeovers;
        write(takeovers, read_once(takeovers) + 1);
        memory_.set_consumer_state(ConsumerState::Serving);
        completed_ = taken_ - found_unfinished_;
        release(memory_.header().completed, completed_);
        return {};
    }

    // `again`: by this incarnation, for which it is not another call.
    std::optional<Taken> take_at(u64 position, bool again) {
        std::optional<Taken> taken;
        EntryHead& entry = memory_.entry(position);
        u32 attempts = read_once(entry.attempts);
        if (attempts >= kAttempts) {
            publish(position, Error::ServiceFailed, {});
            return taken;
        }
        write(entry.attempts, attempts + 1);
        taken.emplace();
        taken->ticket = position;
        taken->label = read_once(entry.label);
        const u64* words = memory_.request(position);
        for (u32 i = 0; i < memory_.geometry().request_words; ++i) taken->words[i] = read_once(words[i]);
        in_use_[slot(position)] = true;
        tickets_[slot(position)] = position;
        labels_[slot(position)] = taken->label;
        ++in_progress_;
        if (faults_ordered() && !again) [[unlikely]]
            meet_order(taken);
        return taken;
    }

    [[gnu::cold, gnu::noinline]] void meet_order(std::optional<Taken>& taken) {
        const std::span<u64> request(taken->words, memory_.geometry().request_words);
        if (faults_.reaches_handler(slot(taken->ticket), taken->label, request)) return;
        end_progress(taken->ticket);
        taken.reset();
    }

    // What is lost is taken again. Nobody failed with it: that it was taken does not count as an attempt.
    [[gnu::cold, gnu::noinline]] void publish_unless_lost(u64 ticket, Error status, std::span<const u64> response) {
        if (!faults_.loses_completion(slot(ticket))) return publish(ticket, status, response);
        unfinished_[slot(ticket)] = true;
        recovered_ = std::min(recovered_, ticket);
        u32& attempts = memory_.entry(ticket).attempts;
        if (const u32 taken = read_once(attempts); taken != 0) write(attempts, taken - 1);
    }

    void end_progress(u64 ticket) {
        in_use_[slot(ticket)] = false;
        --in_progress_;
    }

    void publish(u64 position, Error status, std::span<const u64> response) {
        EntryHead& entry = memory_.entry(position);
        u64* words = memory_.response(position);
        for (u32 i = 0; i < memory_.geometry().response_words; ++i)
            write(words[i], i < response.size() ? response[i] : 0);
        write(entry.status, static_cast<u32>(status));
        release(entry.state, done_state(position));
        release(memory_.header().completed, ++completed_);
        full_fence();  // race (2)
        u32& sleeps = memory_.header().producer_sleeps;
        if (read_once(sleeps) == 0) return;
        write(sleeps, u32{0});
        signal_ = true;
    }

    Memory memory_;
    std::span<std::byte> area_;
    u32 inflight_ = 0;
    u64 recovered_ = 0;  // below taken_: unfinished entries, of an earlier incarnation as a rule, still to be taken
    u64 taken_ = 0;      // the next new position
    u64 completed_ = 0;
    u32 in_progress_ = 0;
    u32 found_unfinished_ = 0;
    bool signal_ = true;
    EntryFaults<Count> faults_;
    std::bitset<Count> unfinished_;
    std::bitset<Count> in_use_;
    u64 tickets_[Count];    // of slots in use; not cleared, as most never are
    u32 labels_[Count];     // the same; the client's copy can change
    u64 watched_ = ~u64{0};  // the oldest entry in progress, when that was last asked, and since when
    u64 watched_since_ = 0;
    WorkWatch takes_;
};

}  // namespace eft::ring
