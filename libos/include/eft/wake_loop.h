// The loop of a program that is no server: it waits on its notification for whatever its sources wait for.
//
// A source is one end of a conversation: a ring, a timer session, a console. Coroutines wait for sources; the loop runs
// them. Each source has a bit of the notification; a bit that was signalled early, late or twice does no harm, because a
// source looks at its shared memory, or asks its server, and never trusts the bit.
#pragma once

#include <eft/cap.h>
#include <eft/wait_list.h>

#include <array>

namespace eft {

class WakeSource {
public:
    // Does what can be done now; resumes coroutines.
    virtual void on_wake() = 0;
    // False: there is something to do already. True: the other side knows that it must signal.
    virtual bool prepare_to_sleep() = 0;

protected:
    ~WakeSource() = default;
};

class WakeLoop {
public:
    static constexpr unsigned kMaxSources = 16;

    // The capability that wakes this source. LimitReached: there are too many.
    Result<CapHandle> add(WakeSource& source);
    void remove(WakeSource& source);

    // Lets every source do what it can, or waits until one can; then runs those who have yielded.
    void run_once();
    // For work that is long: everybody else has a turn before it goes on.
    Task<void> yield();
    // Until the task has ended. Not from within a task.
    template <class T>
    T run(Task<T> task) {
        task.start();
        while (!task.done()) run_once();
        return task.take();
    }

private:
    std::array<WakeSource*, kMaxSources> sources_{};
    WaitList yielded_;
};

}  // namespace eft
