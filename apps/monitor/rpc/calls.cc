#include "monitor/rpc/calls.h"

#include <eft/invoke.h>
#include <eft/layout.h>

#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>

#include <algorithm>

namespace eft::monitor {
namespace {

u64 operation_of(descriptor::Carrier carrier) {
    switch (carrier) {
        case descriptor::Carrier::Oneway: return sys::number(SystemCall::Send);
        case descriptor::Carrier::OnewayLossy: return sys::number(SystemCall::Send, true);
        default: return sys::number(SystemCall::Call);
    }
}

}  // namespace

// On the further thread, with its own stack and message page. The heap and everything else is the first thread's.
void Calls::run(Thread* thread) {
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
    EFT_TRY(mem::ThreadMade made, memory.further_thread(request).or_error());
    auto thread = std::make_unique<Thread>();
    thread->thread = CapHandle(made.thread.release());
    thread->page = arch::pointer<Utcb>(layout::further_utcb(index));
    thread->page->self = layout::further_utcb(index);
    thread->calls = this;
    ipc::slots::refill(*thread->page, kMaxCaps);
    return thread;
}

bool Calls::vacant() const {
    return threads_.size() < kMost || std::any_of(threads_.begin(), threads_.end(), [](const auto& each) { return !each->taken; });
}

Result<Calls::Caller> Calls::caller() {
    for (const auto& each : threads_)
        if (!each->taken) return Caller(*each);
    if (threads_.size() == kMost) return Error::Busy;
    EFT_TRY(std::unique_ptr<Thread> thread, make_thread(static_cast<unsigned>(threads_.size())));
    threads_.push_back(std::move(thread));
    return Caller(*threads_.back());
}

Task<Error> Calls::Caller::make(Slot target, descriptor::Carrier carrier) {
    Thread& thread = *thread_;
    const Slot suspended = thread.thread.slot();
    thread.operation = operation_of(carrier);
    thread.target = target;
    thread.ended.store(false, std::memory_order_relaxed);
    // It has said that it has ended, and may not have suspended itself yet.
    static_cast<void>(kernel_object::suspend(suspended));
    const u64 stack_top = reinterpret_cast<u64>(thread.stack.data() + thread.stack.size());
    EFT_CO_CHECK(kernel_object::set_registers(suspended, reinterpret_cast<u64>(&Calls::run), stack_top - sizeof(u64),
                                              reinterpret_cast<u64>(&thread)));
    EFT_CO_CHECK(kernel_object::resume(suspended));
    Completion<Error> answered;
    thread.waiting = &answered;
    const Error error = co_await answered;
    co_return error;
}

Calls::Caller::~Caller() {
    if (!thread_) return;
    if (std::exchange(thread_->waiting, nullptr)) {
        static_cast<void>(kernel_object::suspend(thread_->thread.slot()));
        // An answer may have come, with capabilities.
        for (const u32 received : page().receive_slots) drop_slot(static_cast<Slot>(received));
        ipc::slots::refill(page(), kMaxCaps);
    }
    thread_->taken = false;
}

void Calls::on_wake() {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        Thread& thread = *threads_[i];
        if (!thread.waiting || !thread.ended.load(std::memory_order_acquire)) continue;
        std::exchange(thread.waiting, nullptr)->set(thread.error);
    }
}

}  // namespace eft::monitor
