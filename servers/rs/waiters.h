// Orders that wait for something to become true of a service: a few coroutines, looked at again whenever rs was woken.
#pragma once

#include <eft/task.h>

#include <array>

namespace eft::supervisor {

class Waiters {
public:
    static constexpr std::size_t kMost = 12;  // fewer than libos' spare Reply objects

    // A place to wait at; null if all are taken. It stays the waiter's only until it is woken.
    WaitPoint* vacant() {
        for (WaitPoint& point : points_) {
            if (!point.occupied()) return &point;
        }
        return nullptr;
    }

    // Everybody looks again; who is not satisfied waits at some place again.
    void wake() {
        std::array<bool, kMost> waiting;
        for (std::size_t i = 0; i < kMost; ++i) waiting[i] = points_[i].occupied();
        for (std::size_t i = 0; i < kMost; ++i) {
            if (waiting[i]) points_[i].resume();
        }
    }

private:
    std::array<WaitPoint, kMost> points_;
};

}  // namespace eft::supervisor
