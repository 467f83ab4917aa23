// Writing the undo log and reading it back: see eft/state/undo_log.h, where the races have their numbers.
#include <eft/state/undo_log.h>

namespace eft {

u64 check_of(std::span<const std::byte> bytes, u64 seed) {
    u64 check = mix_check(seed, bytes.size());
    for (; bytes.size() >= sizeof(u64); bytes = bytes.subspan(sizeof(u64))) {
        u64 word;
        std::memcpy(&word, bytes.data(), sizeof word);
        check = mix_check(check, word);
    }
    if (bytes.empty()) return check;
    u64 word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return mix_check(check, word);
}

bool UndoLog::valid() const {
    if (words_->used > entries_.size() || words_->used % sizeof(u64) != 0) return false;
    u64 end = words_->used;
    while (end > 0) {
        if (end < sizeof(Tail)) return false;
        const Tail tail = tail_before(end);
        if (u64{tail.offset} + tail.size > state_.size() || tail.size == 0) return false;
        if (entry_bytes(tail.size) > end) return false;
        if (tail.check != entry_check(tail, end)) return false;
        end -= entry_bytes(tail.size);
    }
    return true;
}

bool UndoLog::recover(u64 replies_delivered) {
    phase_ = Phase::Closed;
    if (words_->used == 0) return false;
    const bool happened = words_->expected != kNever && replies_delivered >= words_->expected;
    if (happened) {
        store_word(words_->used, 0);
    } else {
        used_ = words_->used;
        undo();
    }
    return !happened;
}

Status UndoLog::save(std::span<const std::byte> bytes, std::size_t limit) {
    if (phase_ != Phase::Open) return Error::WrongState;
    const auto first = reinterpret_cast<std::uintptr_t>(bytes.data());
    const auto base = reinterpret_cast<std::uintptr_t>(state_.data());
    if (first < base || first - base > state_.size() || bytes.size() > state_.size() - (first - base)) return Error::OutOfRange;
    if (bytes.empty()) return {};
    if (used_ > limit || entry_bytes(bytes.size()) > limit - used_) return Error::LimitReached;

    Tail tail{static_cast<u32>(first - base), static_cast<u32>(bytes.size()), 0};
    const std::size_t end = used_ + entry_bytes(bytes.size());
    compiler_barrier();                                                // what was changed before stays before
    store_bytes(entries_.data() + used_, bytes.data(), bytes.size());  // race 2
    tail.check = check_of(bytes, seed(tail, end));
    store_bytes(entries_.data() + end - sizeof tail, reinterpret_cast<const std::byte*>(&tail), sizeof tail);
    store_word(words_->used, end);  // from here: race 3
    used_ = end;
    return {};
}

void UndoLog::undo() {
    for (u64 end = used_; end > 0;) {  // race 7
        const Tail tail = tail_before(end);
        end -= entry_bytes(tail.size);
        store_bytes(state_.data() + tail.offset, entries_.data() + end, tail.size);
    }
    if (settle_) settle_(object_, *this);
    store_word(words_->used, 0);
    used_ = 0;
}

UndoLog::Tail UndoLog::tail_before(u64 end) const {
    Tail tail;
    std::memcpy(&tail, entries_.data() + end - sizeof tail, sizeof tail);
    return tail;
}

u64 UndoLog::entry_check(const Tail& tail, u64 end) const {
    return check_of(entries_.subspan(end - entry_bytes(tail.size), tail.size), seed(tail, end));
}

}  // namespace eft
