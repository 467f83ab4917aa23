// A function that calls by stubs (DetourTransport), as a Task: while one of its calls waits, the thread goes on elsewhere.
//
// The function runs on a stack of its own. Where a stub in it calls, the message is given to a Caller, and the thread leaves
// that stack; when the answer is there, the function goes on as if the call had returned. So stubs, and what is built of
// them, are the same as everywhere.
//
// A Caller makes one call after the other:
//   Registers& registers(), Utcb& page()        the message, and then the answer
//   Task<Error> make(Slot endpoint, u64 operation)   until it is answered; the error is the kernel's
//   void leave()                                the call in progress, if there is one: the Task of make() is gone
#pragma once

#include <eft/ipc/detour.h>
#include <eft/second_stack.h>

#include <utility>

namespace eft::ipc {

template <class Caller>
class DetouredFunction final : private Detour {
public:
    DetouredFunction(Caller& caller, void (*function)(void*), void* argument) : caller_(caller), function_(function), argument_(argument) {}
    DetouredFunction(const DetouredFunction&) = delete;
    // In the middle: its call is left, and that and all further ones are answered Cancelled, until it has ended.
    ~DetouredFunction() {
        left_ = true;
        caller_.leave();
        while (!stack_.ended()) with_detour([this] { stack_.go_on(); });
    }

    // Until it has ended. Once.
    Task<void> run() {
        with_detour([this] { stack_.begin(function_, argument_); });
        while (!stack_.ended()) {
            answer_ = co_await caller_.make(endpoint_, operation_);
            with_detour([this] { stack_.go_on(); });
        }
    }

private:
    Error call(u64 operation, Slot endpoint, Registers& registers) override {
        if (!left_) {
            caller_.registers() = registers;
            operation_ = operation;
            endpoint_ = endpoint;
            stack_.stop();
        }
        if (left_) return Error::Cancelled;
        registers = caller_.registers();
        return answer_;
    }
    Utcb& page() override { return caller_.page(); }

    // Others may be set already: what a function calls may resume a coroutine that begins another one.
    template <class Step>
    void with_detour(Step step) {
        Detour* const outer = std::exchange(detour, static_cast<Detour*>(this));
        step();
        detour = outer;
    }

    Caller& caller_;
    void (*function_)(void*);
    void* argument_;
    SecondStack stack_;
    u64 operation_ = 0;
    Slot endpoint_ = Slot::None;
    Error answer_ = Error::None;
    bool left_ = false;
};

}  // namespace eft::ipc
