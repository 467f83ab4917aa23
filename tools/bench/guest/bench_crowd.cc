// Does a call cost more where there is more of everything? Measures the same operations beside few and beside many
// other threads, capabilities and queued callers.
#include <eft/layout.h>

#include "rounds.h"

namespace eft::bench {
namespace {

namespace ko = kernel_object;

constexpr u32 kCrowd = 1000;
constexpr unsigned kOwnPriority = 40, kAbove = 41, kBelow = 39;  // bench_root.cc gives this program kOwnPriority
constexpr u64 kSomeAddress = layout::kHeapBase;                  // these threads never look at their message page

// Slots, beyond those that bench_measure.cc uses.
constexpr u32 kFirst = 512;
constexpr Slot frame_slot() { return Slot(kFirst); }
constexpr Slot spinner(u32 index) { return Slot(kFirst + 1 + index); }
constexpr Slot caller(u32 index) { return Slot(kFirst + 1 + kCrowd + index); }
constexpr Slot context_of(Slot thread) { return Slot(raw(thread) + 2 * kCrowd); }
constexpr Slot further_cap(u32 index) { return Slot(kFirst + 1 + 4 * kCrowd + index); }

// Both need no stack.
[[gnu::naked, noreturn]] void spin() { asm("1: jmp 1b"); }
// Calls the endpoint in the slot that it is started with, again and again. Only rbp and rsp outlive a system call.
[[gnu::naked, noreturn]] void call_always() {
    asm("movq %rdi, %rbp\n"
        "1: xorl %eax, %eax\n\t"
        "movl %ebp, %edi\n\t"
        "xorl %esi, %esi\n\t"
        "syscall\n\t"
        "jmp 1b");
}

void start_thread(Slot untyped, Slot space, Slot thread, unsigned priority, void (*entry)(), u64 argument) {
    const Slot context = context_of(thread);
    require(ko::retype(untyped, ObjectType::Thread, thread).ok(), "thread of the crowd");
    require(ko::retype(untyped, ObjectType::SchedContext, context).ok(), "context of the crowd");
    require(ko::configure(thread, slot(WellKnown::Table), space, frame_slot(), kSomeAddress).ok(), "configure the crowd");
    require(ko::configure_context(context, 0, 0, priority).ok(), "budget of the crowd");
    require(ko::set_context(thread, context).ok(), "context of a thread of the crowd");
    require(ko::set_priority(thread, priority).ok(), "priority of the crowd");
    require(ko::set_registers(thread, reinterpret_cast<u64>(entry), 0, argument).ok(), "registers of the crowd");
    require(ko::resume(thread).ok(), "resume the crowd");
}

// This program serves; its callers are more important, so that each calls again, and goes to the end of the queue,
// before the next is served.
void measure_queue(const char* key) {
    sys::Registers registers;
    require(sys::recv(slot(WellKnown::Endpoint), registers) == Error::None, "nobody calls");
    measure(key, [&](u64) {
        registers.tag = Tag();
        static_cast<void>(sys::reply_recv(slot(WellKnown::Endpoint), registers));
    });
}

}  // namespace

void measure_crowd(Slot untyped, Slot space) {
    if (!listed().starts_with("ipc.") && !listed().empty()) return;
    const auto start_caller = [&](u32 index) {
        start_thread(untyped, space, caller(index), kAbove, call_always, raw(slot(WellKnown::Endpoint)));
    };
    require(ko::retype(untyped, ObjectType::Frame, frame_slot()).ok(), "message page of the crowd");
    start_thread(untyped, space, spinner(0), kBelow, spin, 0);
    measure_call(*granted("peer"), "ipc.cross.w0.third", 0);

    start_caller(0), start_caller(1);
    measure_queue("ipc.queued.2");
    // Their calls end, and they make new ones, which wait: this program receives nothing meanwhile.
    require(ko::suspend(caller(0)).ok() && ko::suspend(caller(1)).ok(), "suspend");
    sys::Registers registers;
    require(sys::poll_reply_recv(slot(WellKnown::Endpoint), registers) == Error::WouldBlock, "somebody calls");
    require(ko::resume(caller(0)).ok() && ko::resume(caller(1)).ok(), "resume");

    for (u32 i = 1; i < kCrowd; ++i) start_thread(untyped, space, spinner(i), kBelow, spin, 0);
    for (u32 i = 2; i < kCrowd; ++i) start_caller(i);
    for (u32 i = 0; i < kCrowd; ++i) require(ko::derive(slot(WellKnown::Table), further_cap(i), *granted("peer")).ok(), "capability");
    measure_call(*granted("peer"), "ipc.cross.w0.crowd", 0);
    measure_queue("ipc.queued.1000");
}

}  // namespace eft::bench
