// What the kernel does for records whose changes were taken back: slots that are free again become empty, and blocks that are
// free again have no descendants. Where to look, the journal says.
#pragma once

#include "state.h"

namespace eft::memory {

// For UndoLog::on_undo; `state` is the State. What cannot be taken back is left to finish_undone() (spaces.h).
void settle(void* state, const UndoLog& log);

}  // namespace eft::memory
