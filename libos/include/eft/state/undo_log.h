// The undo log of a state region: makes the changes of one request happen together with its reply, or not at all.
//
//   log memory   | old bytes, padded | tail | old bytes, padded | tail | free ...        tail = {offset, size, check}
//                                                              used ^
// The tail stands behind its bytes, so that the log is read from its end backwards, the order in which it is undone.
// Two words say what the log means, each changed by one store:
//   used      bytes of valid entries; 0: there is no transaction
//   expected  the transaction has happened if this many replies were delivered; kNever: it has not
// Replies are counted over all incarnations: the supervisor adds up the counts of the dead, and hands out the sum.
// (With the count of the last incarnation alone, a second death before the end of recovery would undo what was
// answered.)
//
// A kill can strike at any of these places (the numbers stand in the functions):
//   1  in begin(): the log is empty, whatever `expected` says: nothing to undo
//   2  while an entry is written: `used` does not cover it yet, and its field is unchanged
//   3  after `used` covers the entry, before or in the change itself: undoing restores what was there
//   4  after the changes, before expect(): `expected` is kNever, so they are undone
//   5  after expect(), before the reply is delivered: the count is below `expected`: undone; the caller gets PeerDied
//   6  after the delivery, before close(): the count has reached `expected`: kept; the caller has its reply
//   7  while undoing, in abort() or in recover(): the log is still complete; undoing again gives the same
// Begin must set `expected` while the log is empty: were it done later, a first entry would stand under the old number,
// which has been reached, and a kill would keep half a transaction.
//
// A transaction lies within one step (no co_await inside it), and between expect() and close() nothing but its own
// reply is delivered.
#pragma once

#include <eft/abi/result.h>
#include <eft/state/stores.h>

#include <span>

namespace eft {

// Mixes a word into a check; not cryptographic: it finds accidents.
constexpr u64 mix_check(u64 check, u64 word) {
    check = (check ^ word) * 0x9e37'79b9'7f4a'7c15;
    return check ^ check >> 29;
}
u64 check_of(std::span<const std::byte> bytes, u64 seed);

class UndoLog {
public:
    static constexpr u64 kNever = ~u64{0};
    enum class Phase : u8 { Closed, Open, Expecting };  // this incarnation's knowledge, not in the memory

    struct Words {
        u64 used;
        u64 expected;
    };

    UndoLog(Words& words, std::span<std::byte> entries, std::span<std::byte> state)
        : words_(&words), entries_(entries), state_(state) {}
    UndoLog(const UndoLog&) = delete;
    UndoLog& operator=(const UndoLog&) = delete;

    Phase phase() const { return phase_; }
    // Which transaction this is, among those of this incarnation.
    u64 serial() const { return serial_; }

    // Keeps this many bytes of the log back from before_change(), so that before_last_change() cannot fail for them.
    Status reserve(std::size_t bytes) {
        if (bytes > entries_.size()) return Error::LimitReached;
        reserve_ = bytes;
        return {};
    }

    Status begin() {
        if (phase_ != Phase::Closed) return Error::WrongState;
        store_word(words_->expected, kNever);  // race 1
        used_ = 0;
        ++serial_;
        phase_ = Phase::Open;
        return {};
    }

    // Saves bytes of the state that are about to be changed. LimitReached: they must not be changed; abort.
    Status before_change(std::span<const std::byte> bytes) { return save(bytes, entries_.size() - reserve_); }
    // The same for one word, in a few instructions.
    Status before_change_of_word(const u64& word);
    Status before_last_change(std::span<const std::byte> bytes) { return save(bytes, entries_.size()); }

    // Bytes of the log that are free.
    std::size_t room() const { return entries_.size() - used_; }
    // The bytes of the log that an entry for `size` bytes takes.
    static constexpr std::size_t entry_bytes(std::size_t size) { return padded(size) + sizeof(Tail); }

    // To be called immediately before the reply: the transaction has happened when `replies` have been delivered.
    void expect(u64 replies) {
        if (phase_ != Phase::Open) return;
        store_word(words_->expected, replies);  // before this: race 4; after it: races 5 and 6
        phase_ = Phase::Expecting;
    }

    // The changes stay: their reply was delivered (expect() came before), or they have none (commits by this one
    // store).
    void close() {
        if (phase_ == Phase::Closed) return;
        store_word(words_->used, 0);  // race 6
        used_ = 0;
        phase_ = Phase::Closed;
    }

    // Takes all changes back: the request is refused, or its reply could not be sent.
    void abort() {
        if (phase_ == Phase::Closed) return;
        undo();
        phase_ = Phase::Closed;
    }

    // What the log says, without believing it. Nothing was changed when the answer is false.
    bool valid() const;

    // Of a valid log, at the start of an incarnation. True if changes were undone.
    bool recover(u64 replies_delivered);

    // For what a request has done outside of the state: `settle` is called when its changes have been taken back and the
    // log still says where they were. A kill in it is one of race 7: undoing again gives the same, and calls it again.
    void on_undo(void (*settle)(void* object, const UndoLog& log), void* object) {
        settle_ = settle;
        object_ = object;
    }
    // Where changes were noted, the last first: offset in the state, and size.
    template <class Visit>
    void for_each_noted(Visit visit) const {
        for (u64 end = used_; end > 0;) {
            const Tail tail = tail_before(end);
            visit(tail.offset, tail.size);
            end -= entry_bytes(tail.size);
        }
    }

private:
    struct Tail {
        u32 offset;  // in the state
        u32 size;
        u64 check;
    };
    static constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

    Status save(std::span<const std::byte> bytes, std::size_t limit);
    void undo();
    Tail tail_before(u64 end) const;
    // The place of the entry is part of its check, so that one left over from an older transaction is not taken for
    // new.
    static u64 seed(const Tail& tail, u64 end) { return mix_check(end, u64{tail.offset} << 32 | tail.size); }
    u64 entry_check(const Tail& tail, u64 end) const;

    Words* words_;
    std::span<std::byte> entries_;
    std::span<std::byte> state_;
    std::size_t used_ = 0;  // = words_->used while a transaction is open
    std::size_t reserve_ = 0;
    u64 serial_ = 0;
    void (*settle_)(void* object, const UndoLog& log) = nullptr;
    void* object_ = nullptr;
    Phase phase_ = Phase::Closed;
};

inline Status UndoLog::before_change_of_word(const u64& word) {
    const std::size_t offset = reinterpret_cast<std::uintptr_t>(&word) - reinterpret_cast<std::uintptr_t>(state_.data());
    if (phase_ != Phase::Open) return Error::WrongState;
    if (offset + sizeof word > state_.size()) return Error::OutOfRange;
    const std::size_t start = used_, end = start + entry_bytes(sizeof word);
    if (end > entries_.size() - reserve_) return Error::LimitReached;

    const u64 saved = word;
    Tail tail{static_cast<u32>(offset), sizeof word, 0};
    tail.check = mix_check(mix_check(seed(tail, end), sizeof word), saved);
    std::byte* const entry = entries_.data() + start;
    compiler_barrier();
    store_bytes(entry, reinterpret_cast<const std::byte*>(&saved), sizeof saved);  // race 2
    store_bytes(entry + sizeof saved, reinterpret_cast<const std::byte*>(&tail), sizeof tail);
    store_word(words_->used, end);  // from here: race 3
    used_ = end;
    return {};
}

}  // namespace eft
