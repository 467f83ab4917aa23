// What the boot code of a machine does (kernel/arch/x86_64/root_task.cc), for the machine in the test process: memory as
// untyped capabilities, and root's thread, which is ready to run. Root has no image: the test's thread is it.
#pragma once

#include <eft/abi/boot_info.h>
#include <object/cap_table.h>
#include <schedule/core.h>

namespace eft::host {

// Root's table. `info` is filled; its pages for a configuration and for persistent memory are mapped, and empty.
kernel::CapTable& build_root(kernel::Core& core, BootInfo& info, std::size_t archive_bytes);

}  // namespace eft::host
