// Interrupts are pending when the test says so. It is asked after every piece of work.
#pragma once

#include <arch/record.h>

namespace eft::kernel::arch {

constexpr int kWorkPerLook = 1;

inline bool interrupt_pending() { return record().pending && record().pending(); }

}  // namespace eft::kernel::arch
