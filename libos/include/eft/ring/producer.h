// The client's end of a ring: submits requests and takes completions, in whatever order they come.
//
// Its own numbers (positions, which slots are free) are private; the shared ones are written for the server only, and
// never read back. A slot is free again when its completion was taken, so a server cannot answer a request twice.
//
// Sleeping, and why no wake-up is lost. Races are numbered here and in consumer.h.
//   (1) producer: state and `submitted` are stored, full fence, then `consumer_sleeps` is read: signal if it is set.
//       consumer: `consumer_sleeps` is set, full fence, then `submitted` is read: sleep only if there is nothing new.
//       Of two stores that are each followed by a fence and a load of the other, at least one load sees the other's
//       store: either the producer signals, or the consumer does not sleep.
//   (2) the same with done states, `completed` and `producer_sleeps`, sides exchanged.
//   (3) a side that dies between its store and its signal leaves the other asleep: a new incarnation signals once.
//   (4) whoever ends the service of a ring stores `consumer_state` and then signals; the client reads it when it was woken.
//       So a signal that merges with a completion's is not overlooked. What is submitted meanwhile comes before the signal,
//       or the client sees the state and signals whoever is there, who signals back.
#pragma once

#include <eft/ring/layout.h>

#include <algorithm>
#include <optional>

namespace eft::ring {

struct Completion {
    u64 ticket = 0;
    u32 label = 0;  // of the request, as it was submitted
    Error status = Error::None;
    u32 attempts = 0;  // incarnations of the server that have taken the entry
    u64 words[kMaxWords] = {};  // a copy
};

// `Count` is the number of entries; the client that formats the ring decides it.
template <u32 Count>
class Producer {
public:
    Producer() = default;
    // Formats the memory.
    static Result<Producer> create(std::span<std::byte> bytes, u32 request_words, u32 response_words, u64 area_bytes) {
        EFT_TRY(Memory memory, Memory::format(bytes, Geometry::of(Count, request_words, response_words, area_bytes)));
        return Producer(memory);
    }

    // Busy: the slot that is next is not free; take completions first. On success `needs_signal` tells whether the
    // server sleeps. `attempts`: of the same request, in entries before this one.
    Result<u64> submit(u32 label, std::span<const u64> request, bool& needs_signal, u32 attempts = 0) {
        needs_signal = false;
        if (broken_) return Error::ProtocolViolation;
        if (full()) return Error::Busy;
        u64 position = submitted_;
        EntryHead& entry = memory_.entry(position);
        u64* words = memory_.request(position);
        for (u32 i = 0; i < memory_.geometry().request_words; ++i) write(words[i], i < request.size() ? request[i] : 0);
        write(entry.label, label);
        write(entry.attempts, attempts);
        release(entry.state, submitted_state(position));
        release(memory_.header().submitted, ++submitted_);
        labels_[position % Count] = label;
        in_use_[position % Count] = true;
        full_fence();  // race (1)
        u32& sleeps = memory_.header().consumer_sleeps;
        if (read_once(sleeps) != 0) {
            write(sleeps, u32{0});
            needs_signal = true;
        }
        if (consumer_state() != ConsumerState::Serving) [[unlikely]]
            needs_signal = true;  // race (4)
        return position;
    }

    // The oldest completion that was not taken and whose ticket is wanted. ProtocolViolation: an entry says what cannot
    // be; the ring is over.
    template <class Wanted>
    Result<std::optional<Completion>> take(Wanted wanted) {
        if (broken_) return Error::ProtocolViolation;
        if (all_taken()) return std::optional<Completion>();
        for (u64 position = oldest_; position != submitted_; ++position) {
            if (!in_use_[position % Count] || !wanted(position)) continue;
            u64 state = acquire(memory_.entry(position).state);
            if (state == submitted_state(position)) continue;
            if (state != done_state(position)) {
                broken_ = true;
                return Error::ProtocolViolation;
            }
            return std::optional(take_from(position));
        }
        return std::optional<Completion>();
    }

    Result<std::optional<Completion>> take() {
        return take([](u64) { return true; });
    }

    // Asks to be woken. False: completions are there; do not sleep. Race (2).
    bool prepare_to_sleep() {
        write(memory_.header().producer_sleeps, u32{1});
        full_fence();
        if (!anything_done()) return true;
        write(memory_.header().producer_sleeps, u32{0});
        return false;
    }

    // As the server's side says; of a value that it does not know it says Held.
    ConsumerState consumer_state() const {
        const auto state = static_cast<ConsumerState>(acquire(memory_.header().consumer_state));
        return state == ConsumerState::Serving || state == ConsumerState::Detached ? state : ConsumerState::Held;
    }

    // It changes when another incarnation of the server has taken up the ring, which signals the client.
    u32 takeovers() const { return read_once(memory_.header().takeovers); }

    // Completions are there that were not taken.
    bool anything_done() const {
        if (all_taken()) return false;
        for (u64 position = oldest_; position != submitted_; ++position)
            if (in_use_[position % Count] && acquire(memory_.entry(position).state) != submitted_state(position))
                return true;
        return false;
    }
    bool full() const { return submitted_ - oldest_ == Count; }
    u64 in_flight() const { return std::count(std::begin(in_use_), std::end(in_use_), true); }
    bool in_flight(u64 ticket) const { return ticket >= oldest_ && ticket < submitted_ && in_use_[ticket % Count]; }
    // Tickets are numbers in the order of submission; this is the next one.
    u64 submitted() const { return submitted_; }
    // All before this one are completed, and the completions taken.
    bool completed_before(u64 ticket) const { return oldest_ >= ticket; }
    bool broken() const { return broken_; }
    const Memory& memory() const { return memory_; }

private:
    explicit Producer(const Memory& memory) : memory_(memory) {}

    // As far as the server has said: it counts an entry when it has completed it. So who finds nothing has not looked at all of
    // them.
    bool all_taken() const { return acquire(memory_.header().completed) == taken_; }

    Completion take_from(u64 position) {
        const EntryHead& entry = memory_.entry(position);
        Completion completion{position, labels_[position % Count], static_cast<Error>(read_once(entry.status)), read_once(entry.attempts), {}};
        const u64* words = memory_.response(position);
        for (u32 i = 0; i < memory_.geometry().response_words; ++i) completion.words[i] = read_once(words[i]);
        in_use_[position % Count] = false;
        ++taken_;
        while (oldest_ != submitted_ && !in_use_[oldest_ % Count]) ++oldest_;
        return completion;
    }

    Memory memory_;
    u64 submitted_ = 0;  // the next position
    u64 oldest_ = 0;     // the first whose completion was not taken
    u64 taken_ = 0;      // completions
    u32 labels_[Count] = {};
    bool in_use_[Count] = {};
    bool broken_ = false;
};

}  // namespace eft::ring
