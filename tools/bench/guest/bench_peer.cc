// The other side of the kernel's measurements, in the role that its arguments name.
#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/process.h>
#include <eft/syscall.h>

using namespace eft;

namespace {

// Answers what it was sent, with nothing between two system calls.
[[noreturn]] void answer_all() {
    sys::Registers registers;
    static_cast<void>(sys::recv(slot(WellKnown::Endpoint), registers));
    for (;;) static_cast<void>(sys::reply_recv(slot(WellKnown::Endpoint), registers));
}

// Receives a capability with each call, into one scratch slot after the other; a call without one
// empties them all.
[[noreturn]] void take_caps() {
    constexpr u32 kBatch = 256;
    const u32 first = table_plan().first_scratch + 16;
    u32 next = first;
    sys::Registers registers;
    sys::utcb().receive_slots[0] = next;
    static_cast<void>(sys::recv(slot(WellKnown::Endpoint), registers));
    for (;;) {
        if (registers.tag.caps() != 0) {
            sys::utcb().receive_slots[0] = ++next;
        } else {
            static_cast<void>(kernel_object::remove(slot(WellKnown::Table), static_cast<Slot>(first), kBatch + 1));
            next = first;
            sys::utcb().receive_slots[0] = next;
        }
        registers.tag = Tag();
        static_cast<void>(sys::reply_recv(slot(WellKnown::Endpoint), registers));
    }
}

[[noreturn]] void wait_for_signals() {
    sys::Registers registers;
    for (;;) static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
}

}  // namespace

int eft_main() {
    const std::string_view role = field_text(config().arguments);
    if (role == "peer" || role == "high") answer_all();
    if (role == "caps") take_caps();
    if (role == "waiter") wait_for_signals();
    for (;;) asm volatile("ud2");  // "fault": answered, it does it again
}
