// Ring entries that were taken and not completed, each with a number: waiting to be begun, or begun by the device.
//
// There is room for every entry that all sessions together may have in progress, so taking one cannot fail. Waiting ones are
// begun in the order in which they came, whoever's they are; after a reset of the device that order is restored.
#pragma once

#include <eft/ring/server.h>

#include <memory>

namespace eft::driver {

// `Operation` is what the driver knows of an entry, `Response` its answer.
template <class Operation, class Response, u32 Capacity>
class Operations {
public:
    enum class State : u8 { Free, Waiting, Begun };
    struct Record {
        Operation operation{};
        ring::Pending<Response> pending;
        u64 begun_at = 0;  // time stamp
        u32 next = kNone, previous = kNone;  // in the list of its state
        State state = State::Free;
    };

    // At most Capacity at once.
    void add(const Operation& operation, ring::Pending<Response> pending) {
        const u32 number = free_ != kNone ? std::exchange(free_, at(free_).next) : used_++;
        std::construct_at(&at(number), Record{operation, pending, 0, kNone, kNone, State::Waiting});
        append(waiting_, number);
    }
    bool any() const { return any_waiting() || any_begun(); }

    bool any_waiting() const { return waiting_.first != kNone; }
    u32 first_waiting() const { return waiting_.first; }
    void begun(u32 number, u64 now) {
        remove(waiting_, number);
        at(number).state = State::Begun;
        at(number).begun_at = now;
        append(begun_, number);
    }
    // The first one that waits ends without being begun.
    void drop_first() { ended(waiting_.first); }

    bool any_begun() const { return begun_.first != kNone; }
    u32 first_begun() const { return begun_.first; }
    // Null: nothing of that number was begun. A device is not believed.
    Record* find_begun(u32 number) { return number < used_ && at(number).state == State::Begun ? &at(number) : nullptr; }
    // In the order in which they were begun, or came. The one that is visited may be ended.
    template <class Visit>
    void for_each_begun(Visit visit) {
        for_each(begun_, visit);
    }
    template <class Visit>
    void for_each_waiting(Visit visit) {
        for_each(waiting_, visit);
    }
    Record& operator[](u32 number) { return at(number); }
    void ended(u32 number) {
        Record& record = at(number);
        remove(record.state == State::Begun ? begun_ : waiting_, number);
        record.state = State::Free;
        record.next = std::exchange(free_, number);
    }

    // Everything that was begun waits again, before what came later.
    void begin_again() {
        if (!any_begun()) return;
        for (u32 number = begun_.first; number != kNone; number = at(number).next) at(number).state = State::Waiting;
        if (any_waiting()) {
            at(begun_.last).next = waiting_.first;
            at(waiting_.first).previous = begun_.last;
        } else {
            waiting_.last = begun_.last;
        }
        waiting_.first = begun_.first;
        begun_ = {};
    }

private:
    static constexpr u32 kNone = ~u32{0};
    struct List {
        u32 first = kNone, last = kNone;
    };

    template <class Visit>
    void for_each(const List& list, Visit visit) {
        for (u32 number = list.first; number != kNone;) {
            const u32 next = at(number).next;
            visit(number, at(number));
            number = next;
        }
    }
    Record& at(u32 number) { return reinterpret_cast<Record*>(records_)[number]; }
    void append(List& list, u32 number) {
        at(number).next = kNone;
        at(number).previous = list.last;
        (list.first == kNone ? list.first : at(list.last).next) = number;
        list.last = number;
    }
    void remove(List& list, u32 number) {
        const Record& record = at(number);
        (record.previous == kNone ? list.first : at(record.previous).next) = record.next;
        (record.next == kNone ? list.last : at(record.next).previous) = record.previous;
    }

    // Made when they are first used: most never are, and clearing them all would be a part of each restart.
    alignas(Record) std::byte records_[Capacity * sizeof(Record)];
    u32 used_ = 0;
    u32 free_ = kNone;
    List waiting_, begun_;
};

}  // namespace eft::driver
