// What programs of tests that kill others at moments of the timer's choosing have in common.
#pragma once

#include <eft/cap.h>
#include <eft/idl/timer.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/session.h>
#include <eft/syscall.h>

namespace eft::test {

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

// A session with the timer that does nothing but sleep.
class Sleeper {
public:
    Sleeper() : timer_(require(connect("timer"), "no session with the clock")) {
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kExpiredBit), "no wake-up");
        timer::Attach request;
        request.wake = wake;
        static_cast<void>(require(timer_.attach(request), "the clock does not attach"));
    }
    void sleep(u64 nanoseconds) {
        timer::Arm request;
        request.deadline_ns = require(timer_.now(), "the clock").now_ns + nanoseconds;
        static_cast<void>(require(timer_.arm(request), "the clock"));
        while (require(timer_.expired(), "the clock").timers == 0) {
            ipc::Registers registers;
            static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
        }
        static_cast<void>(require(timer_.disarm({}), "the clock"));
    }

private:
    static constexpr u64 kExpiredBit = 1;

    timer::TimerServiceClient<> timer_;
};

}  // namespace eft::test
