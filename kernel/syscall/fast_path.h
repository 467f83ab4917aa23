// The fast path: a call to a server that waits, and its answer while nobody else wants to be served,
// both without capabilities. The partner runs next; no queue of the scheduler is touched.
//
// It does exactly what the general path would do (syscall.cc) and answers the thread that runs now, or
// it does nothing at all and answers null.
#pragma once

#include <schedule/core.h>

namespace eft::kernel {

Thread* fast_path(Core& core, Thread& thread);

}  // namespace eft::kernel
