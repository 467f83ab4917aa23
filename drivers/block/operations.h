// Ring entries that were taken and not completed, each with a number: waiting to be begun, or begun by the device.
//
// There is a record for every entry that all sessions together may have in progress, so taking one cannot fail. Waiting
// ones are begun in the order in which they came, whoever's they are.
#pragma once

#include <drivers/block/backend.h>

#include <eft/idl/block.h>

#include <array>

namespace eft::block {

template <u32 Capacity>
class Operations {
public:
    enum class State : u8 { Free, Waiting, Begun };
    struct Record {
        Operation operation;
        ring::Pending<Done> pending;  // of a Flush, too: its answer has no words
        State state = State::Free;
        u32 next = kNone;
        u64 begun_at = 0;  // time stamp
    };

    Operations() {
        for (u32 number = Capacity; number-- != 0;) put_back(number);
    }

    // Capacity many are free, if none is in progress.
    void add(const Operation& operation, ring::Pending<Done> pending) {
        const u32 number = std::exchange(free_, records_[free_].next);
        records_[number] = {operation, pending, State::Free, kNone, 0};
        append(number);
    }

    bool any_waiting() const { return first_ != kNone; }
    u32 first_waiting() const { return first_; }
    void begun(u32 number, u64 now) {
        remove_first();
        records_[number].state = State::Begun;
        records_[number].begun_at = now;
    }
    // The first one that waits ends without being begun.
    void drop_first() {
        const u32 number = first_;
        remove_first();
        put_back(number);
    }

    // Null: nothing of that number was begun. A device is not believed.
    Record* find_begun(u32 number) {
        return number < Capacity && records_[number].state == State::Begun ? &records_[number] : nullptr;
    }
    template <class Visit>
    void for_each_begun(Visit visit) {
        for (u32 number = 0; number < Capacity; ++number)
            if (records_[number].state == State::Begun) visit(number, records_[number]);
    }
    Record& operator[](u32 number) { return records_[number]; }
    void ended(u32 number) { put_back(number); }

    // Everything that was begun waits again.
    void begin_again() {
        for (u32 number = 0; number < Capacity; ++number)
            if (records_[number].state == State::Begun) append(number);
    }

    u32 in_progress(u32 area) const {
        u32 count = 0;
        for (const Record& record : records_) count += record.state != State::Free && record.operation.area == area;
        return count;
    }

private:
    static constexpr u32 kNone = ~u32{0};

    void append(u32 number) {
        records_[number].state = State::Waiting;
        records_[number].next = kNone;
        (first_ == kNone ? first_ : records_[last_].next) = number;
        last_ = number;
    }
    void remove_first() { first_ = records_[first_].next; }
    void put_back(u32 number) {
        records_[number].state = State::Free;
        records_[number].next = std::exchange(free_, number);
    }

    std::array<Record, Capacity> records_{};
    u32 free_ = kNone;
    u32 first_ = kNone;
    u32 last_ = kNone;
};

}  // namespace eft::block
