// A function on a stack of its own, which can stop in the middle and go on later, while its thread does something else: for
// code that waits by calling, in a program whose thread must not wait. All of this is for one thread.
//
//   SecondStack stack;
//   stack.begin([](void* argument) { ... }, &argument);   until it stops or ends
//   while (!stack.ended()) { ...; stack.go_on(); }
//
// Whatever else the thread runs meanwhile runs on the stack of whoever called begin() or go_on(). A function that has begun
// must come to its end: what lies on its stack is destroyed by nobody else.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <memory>

namespace eft {

class SecondStack {
public:
    static constexpr std::size_t kBytes = 64 * 1024;

    SecondStack();
    SecondStack(const SecondStack&) = delete;
    SecondStack& operator=(const SecondStack&) = delete;
    ~SecondStack();

    void begin(void (*function)(void*), void* argument);
    void go_on();
    bool ended() const { return ended_; }

    // Called by the function: back to whoever let it run, until go_on().
    void stop();

private:
    static void run(void* of);
    void check() const;

    std::unique_ptr<u64[]> words_;  // not initialised: pages that nobody touches cost nothing
    u64 other_ = 0;                 // the stack pointer of the stack that does not run
    void (*function_)(void*) = nullptr;
    void* argument_ = nullptr;
    bool ended_ = true;
};

}  // namespace eft
