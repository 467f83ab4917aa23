#include <arch/record.h>
#include <object/thread.h>

namespace eft::kernel::arch {
namespace {

void forget() { record().fpu_of = nullptr, record().fpu = 0; }

}  // namespace

void begin_fpu(Thread& thread) {
    thread.note(Thread::LiveFpu, true);
    record().fpu_of = &thread;
}

void switch_fpu(Thread& next) {
    Record& machine = record();
    if (&next == machine.fpu_of) return;
    if (machine.fpu_of) machine.fpu_of->fpu.value = machine.fpu;
    forget();
    if (next.attention & Thread::LiveFpu) machine.fpu_of = &next, machine.fpu = next.fpu.value;
}

void drop_fpu(Thread& thread) {
    thread.note(Thread::LiveFpu, false);
    if (&thread == record().fpu_of) forget();
    if (record().state_dropped) record().state_dropped(thread);
}

}  // namespace eft::kernel::arch
