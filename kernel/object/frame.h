// Frame: one page of memory that can be mapped, of 4 KiB or of 2 MiB. It has no object of its own: all that is known of it
// stands in the capability (FrameState).
#pragma once

#include <object/capability.h>

namespace eft::kernel {

// Turns write permission into execute permission, for good.
Error seal_frame(FrameCap frame);

}  // namespace eft::kernel
