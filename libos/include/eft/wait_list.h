// Coroutines that wait for the same thing, first come first served.
//
// A Waiter is a named local of the coroutine that waits; destroying that coroutine takes it out of whatever list it is
// in. Lists are rings of links through a head, so a Waiter need not know which list that is.
#pragma once

#include <eft/abi/result.h>
#include <eft/task.h>

namespace eft {

struct WaitLink {
    WaitLink* before = this;
    WaitLink* after = this;

    WaitLink() = default;
    WaitLink(const WaitLink&) = delete;
    WaitLink& operator=(const WaitLink&) = delete;
    ~WaitLink() { leave(); }

    void leave() {
        before->after = after;
        after->before = before;
        before = after = this;
    }
    void insert_before(WaitLink& place) {
        before = place.before;
        after = &place;
        before->after = this;
        place.before = this;
    }
};

class WaitList;

struct Waiter : WaitLink {
    Completion<Status> woken;
    inline explicit Waiter(WaitList& list);
};

class WaitList {
public:
    bool empty() const { return head_.after == &head_; }

    // Moves waiters from another list to the end of this one.
    void take(WaitList& other) {
        while (!other.empty()) {
            WaitLink& link = *other.head_.after;
            link.leave();
            link.insert_before(head_);
        }
    }

    // The first one runs before this returns.
    void wake_one(Status status) {
        if (empty()) return;
        Waiter& waiter = static_cast<Waiter&>(*head_.after);
        waiter.leave();
        waiter.woken.set(status);
    }
    // Those who wait now; they may wait again. Each runs before the next is woken, and may take others out or destroy them.
    void wake_all(Status status) {
        WaitList turn;
        turn.take(*this);
        while (!turn.empty()) turn.wake_one(status);
    }

private:
    friend struct Waiter;
    WaitLink head_;
};

Waiter::Waiter(WaitList& list) { insert_before(list.head_); }

}  // namespace eft
