// Segments, the task state and the interrupt descriptor table.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

// Intel SDM 3A, 7.7.
struct [[gnu::packed]] TaskState {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3;
    u16 io_map;
};
static_assert(sizeof(TaskState) == 104);
extern TaskState task_state;

void load_descriptors();
// Where the processor stores a thread's registers on the next interrupt.
inline void set_frame_top(u64 address) { task_state.rsp[0] = address; }

}  // namespace eft::kernel::arch
