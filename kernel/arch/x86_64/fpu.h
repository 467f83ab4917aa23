// Floating point state: see fpu.cc. arch/fpu.h is what the kernel's objects know of it.
#pragma once

#include <object/thread.h>

namespace eft::kernel::arch {

// `thread`, which runs, touched registers that are not its own: now they are.
void take_fpu(Thread& thread);
// One of these has Thread::OwnsFpu, and the processor goes from one to the other.
void switch_fpu(Thread* previous, Thread* next);

}  // namespace eft::kernel::arch
