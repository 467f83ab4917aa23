#include "archive_map.h"

#include <eft/invoke.h>

namespace eft::root {

namespace {
constexpr u64 kArchiveAddress = 0x5000'0000;
constexpr u32 kFramesAtOnce = 256;
}  // namespace

Result<std::span<const std::byte>> map_archive(Memory& memory) {
    const BootInfo& info = memory.info();
    for (u32 i = 0; i < info.untyped_count; ++i) {
        const BootUntyped& untyped = info.untyped[i];
        if (!untyped.archive) continue;
        const Slot slot = static_cast<Slot>(static_cast<u32>(RootSlot::FirstUntyped) + i);
        u64 address = kArchiveAddress + (untyped.address - info.archive_address);
        for (u32 left = 1u << (untyped.size_bits - kPageBits); left != 0;) {
            const u32 count = left < kFramesAtOnce ? left : kFramesAtOnce;
            const Slot first = memory.take_slots(count);
            EFT_CHECK(kernel_object::retype(slot, ObjectType::Frame, first, count));
            for (u32 frame = 0; frame < count; ++frame, address += kPageSize) {
                EFT_CHECK(memory.map_here(static_cast<Slot>(raw(first) + frame), address, bits(FrameRight::Read)));
            }
            left -= count;
        }
    }
    return std::span(arch::pointer<const std::byte>(kArchiveAddress), info.archive_size);
}

}  // namespace eft::root
