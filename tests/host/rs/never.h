// For handlers that do not answer.
#pragma once

#include <eft/task.h>

namespace eft::test {

// Waits for what never comes.
class Never {
public:
    explicit Never(WaitPoint& point) : point_(point) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> waiter) const noexcept {
        point_.suspend(waiter);
    }
    void await_resume() const noexcept {}

private:
    WaitPoint& point_;
};

}  // namespace eft::test
