// Makes the calls of a detoured function when the test says so, as the further threads of a program would.
#pragma once

#include <eft/ipc/detoured_function.h>
#include <eft/process.h>
#include <eft/slots.h>
#include <eft/syscall.h>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>

namespace eft::test {

class TestCaller {
public:
    TestCaller() { ipc::slots::refill(page(), kMaxCaps); }
    ~TestCaller() {
        for (u32& which : page().receive_slots) return_slot(Slot{which});
    }
    TestCaller(const TestCaller&) = delete;

    // For the function.
    ipc::Registers& registers() { return registers_; }
    Utcb& page() { return *page_; }
    Task<Error> make(Slot endpoint, u64 operation) {
        CHECK_FALSE(waits());
        ++made;
        endpoint_ = endpoint;
        operation_ = operation;
        Completion<Error> answered;
        waiting_ = &answered;
        const Error error = co_await answered;
        co_return error;
    }
    void leave() {
        if (std::exchange(waiting_, nullptr)) ++left;
    }

    // For the test.
    bool waits() const { return waiting_ != nullptr; }
    // Now, from the thread's own message page.
    void call_now() {
        exchange_messages();
        const Error error = sys::enter(operation_, endpoint_, registers_);
        exchange_messages();
        answer(error);
    }
    void answer(Error error) { std::exchange(waiting_, nullptr)->set(error); }
    unsigned made = 0, left = 0;

private:
    void exchange_messages() {
        Utcb& own = sys::utcb();
        std::swap(own.words, page().words);
        std::swap(own.send_slots, page().send_slots);
        std::swap(own.receive_slots, page().receive_slots);
    }

    std::unique_ptr<Utcb> page_ = std::make_unique<Utcb>();
    ipc::Registers registers_;
    Slot endpoint_ = Slot::None;
    u64 operation_ = 0;
    Completion<Error>* waiting_ = nullptr;
};

// What Calls::run() is in the prompt, with this caller.
template <class Function>
Task<std::invoke_result_t<Function&>> run_detoured(TestCaller& caller, Function function) {
    struct Run {
        Function& function;
        std::optional<std::invoke_result_t<Function&>> result = {};
    };
    Run run{function};
    const auto run_now = [](void* of) {
        Run& that = *static_cast<Run*>(of);
        that.result.emplace(that.function());
    };
    ipc::DetouredFunction detoured(caller, run_now, &run);
    co_await detoured.run();
    co_return std::move(*run.result);
}

}  // namespace eft::test
