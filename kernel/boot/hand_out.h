// What is done with the machine's memory at the boot: the kernel takes what it needs, root gets all the rest.
#pragma once

#include <boot/root_task.h>

#include <span>

namespace eft::kernel {

// The largest piece of ordinary memory between `image_end` and `limit` that the boot archive leaves free.
MemoryRange largest_free_range(const LoaderInfo& info, u64 image_end, u64 limit);

// Gives root everything, in naturally aligned powers of two: ordinary memory behind the kernel's image and without
// `taken`, the pages of the boot archive (as preloaded memory), and as device memory, up to 2^40, all addresses that are
// not ordinary memory, except the pages of `kernels_own`, which are sorted.
void hand_out_memory(RootTask& root, const LoaderInfo& info, u64 image_end, MemoryRange taken, std::span<const u64> kernels_own);

}  // namespace eft::kernel
