// The loader's structures: PVH's (QEMU) and multiboot2's (GRUB).
#pragma once

#include <boot/memory_map.h>

namespace eft::kernel::arch {

// False if `magic` is neither's, or they make no sense.
bool read_loader_info(u32 magic, u64 address, LoaderInfo& info);

}  // namespace eft::kernel::arch
