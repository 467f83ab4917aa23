// Who uses one client, one after the other.
//
//   Turns::Turn turn(turns);
//   co_await turn.come();          from here to the end of `turn` nobody else has one
#pragma once

#include <eft/wait_list.h>

namespace eft::monitor {

class Turns {
public:
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_(turns) {}
        Turn(const Turn&) = delete;
        ~Turn() {
            if (!has_come_) return;
            turns_.taken_ = false;
            turns_.waiting_.wake_one({});
        }
        Task<void> come() {
            while (turns_.taken_) {
                Waiter waiter(turns_.waiting_);
                [[maybe_unused]] const Status free = co_await waiter.woken;
            }
            has_come_ = turns_.taken_ = true;
        }

    private:
        Turns& turns_;
        bool has_come_ = false;
    };

private:
    bool taken_ = false;
    WaitList waiting_;
};

}  // namespace eft::monitor
