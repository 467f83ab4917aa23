// The boot archive (cpio "newc") as far as the kernel cares: the ELF program "root" in it.
#pragma once

#include <memory/physical.h>

#include <eft/abi/object.h>

namespace eft::kernel {

struct ElfSegment {
    u64 address, memory_size, file_size;
    const u8* data;
    FrameRights rights;
};

struct ElfImage {
    u64 entry = 0;
    unsigned segments = 0;
    ElfSegment segment[8];
};

bool find_root_image(const u8* archive, u64 size, ElfImage& image);
// Copies what the file has for the page at `address` into a cleared frame.
void copy_segment_page(const ElfSegment& segment, u64 address, PhysAddr frame);

}  // namespace eft::kernel
