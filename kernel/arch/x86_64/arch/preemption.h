// How a long operation in the kernel learns that an interrupt waits for it.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

// Instructions between two looks: with the longest piece of work, less than an interrupt may wait.
constexpr int kWorkPerLook = 4000;

bool interrupt_pending();

}  // namespace eft::kernel::arch
