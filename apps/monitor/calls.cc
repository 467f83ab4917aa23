#include "monitor/calls.h"

#include <eft/invoke.h>

#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>

#include <algorithm>

namespace eft::monitor {

// On the further thread, with its own stack and message page. The heap and everything else is the first thread's.
void Calls::run_thread(Thread* thread) {
    thread->error = sys::enter(thread->operation, thread->target, thread->registers);
    thread->ended.store(true, std::memory_order_release);
    sys::signal(thread->calls->wake_.slot());
    for (;;) static_cast<void>(kernel_object::suspend(thread->thread.slot()));
}

Result<std::unique_ptr<Calls::Thread>> Calls::make_thread(unsigned index) {
    if (!wake_) {
        EFT_TRY(wake_, loop_.add(*this));
    }
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    mem::FurtherThreadRequest request;
    request.table = ipc::CapField<ipc::kind::CapTable>(slot(WellKnown::Table));
    request.index = index;
    EFT_TRY(mem::ThreadMade made, memory.further_thread(request));
    auto thread = std::make_unique<Thread>();
    thread->thread = CapHandle(made.thread.release());
    thread->page = arch::pointer<Utcb>(layout::further_utcb(index));
    thread->page->self = layout::further_utcb(index);
    thread->calls = this;
    ipc::slots::refill(*thread->page, kMaxCaps);
    return thread;
}

bool Calls::vacant() const {
    return std::any_of(threads_.begin(), threads_.begin() + kMost, [](const auto& each) { return !each || !each->taken; });
}

Result<Calls::Caller> Calls::caller() { return caller(0, kMost); }

Result<Calls::Caller> Calls::caller(unsigned first, unsigned end) {
    for (unsigned i = first; i < end; ++i) {
        if (!threads_[i]) {
            EFT_TRY(threads_[i], make_thread(i));
        }
        if (!threads_[i]->taken) return Caller(*threads_[i]);
    }
    return Error::Busy;
}

// None where there can be no thread: too little memory.
Task<Calls::Caller> Calls::stub_caller() {
    for (;;) {
        Result<Caller> found = caller(kMost, kThreads);
        if (found.ok()) co_return std::move(*found);
        if (found.error() != Error::Busy) co_return Caller();
        Waiter waiter(waiting_);
        [[maybe_unused]] const Status any = co_await waiter.woken;
    }
}

Task<void> Calls::run_function(void (*function)(void*), void* argument) {
    Caller caller = co_await stub_caller();
    if (!caller) {
        function(argument);
        co_return;
    }
    ipc::DetouredFunction detoured(caller, function, argument);
    co_await detoured.run();
}

Task<Error> Calls::Caller::make(Slot target, u64 operation) {
    Thread& thread = *thread_;
    const Slot suspended = thread.thread.slot();
    thread.operation = operation;
    thread.target = target;
    thread.ended.store(false, std::memory_order_relaxed);
    // It has said that it has ended, and may not have suspended itself yet.
    static_cast<void>(kernel_object::suspend(suspended));
    const u64 stack_top = reinterpret_cast<u64>(thread.stack.data() + thread.stack.size());
    EFT_CO_CHECK(kernel_object::set_registers(suspended, reinterpret_cast<u64>(&Calls::run_thread), stack_top - sizeof(u64),
                                              reinterpret_cast<u64>(&thread)));
    EFT_CO_CHECK(kernel_object::resume(suspended));
    Completion<Error> answered;
    thread.waiting = &answered;
    const Error error = co_await answered;
    co_return error;
}

void Calls::Caller::leave() {
    if (!std::exchange(thread_->waiting, nullptr)) return;
    static_cast<void>(kernel_object::suspend(thread_->thread.slot()));
    // An answer may have come, with capabilities.
    for (const u32 received : page().receive_slots) drop_slot(static_cast<Slot>(received));
    ipc::slots::refill(page(), kMaxCaps);
}

Calls::Caller::~Caller() {
    if (!thread_) return;
    leave();
    thread_->taken = false;
    thread_->calls->waiting_.wake_one({});
}

void Calls::on_wake() {
    for (const std::unique_ptr<Thread>& each : threads_) {
        if (!each) continue;
        Thread& thread = *each;
        if (!thread.waiting || !thread.ended.load(std::memory_order_acquire)) continue;
        std::exchange(thread.waiting, nullptr)->set(thread.error);
    }
}

}  // namespace eft::monitor
