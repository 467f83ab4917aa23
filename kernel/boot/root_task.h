// root: the first user process. The kernel builds it with the same operations that user space has,
// out of one block of untyped memory; everything afterwards is root's.
#pragma once

#include <eft/abi/boot_info.h>
#include <object/address_space.h>
#include <object/cap_table.h>
#include <schedule/core.h>

#include <boot/memory_map.h>

namespace eft::kernel {

struct BootClock {
    u64 entry_time;    // of the time-stamp counter, at the kernel's entry
    u64 ticks_per_ms;
};

class RootTask {
public:
    RootTask(Core& core, const LoaderInfo& info) : core_(core), info_(info) {}

    // Makes root in an aligned block of the free memory [start, end); answers the block's end.
    u64 build(u64 start, u64 end, const u8* rsdp, const BootClock& clock);
    void add_untyped(PhysAddr address, unsigned size_bits, bool device, bool archive);
    void start();
    AddressSpace& space() { return slot(static_cast<u32>(RootSlot::Space)).as<AddressSpace>(); }

private:
    Capability& slot(u32 index);
    Capability& next_frame_slot() { return slot(next_frame_++); }
    void make(ObjectType type, Capability& destination, unsigned size_bits = 0);
    PhysAddr map_new_frame(u64 address, FrameRights rights);
    u64 load_image();
    void report_loss() const;

    Core& core_;
    Capability block_;  // the untyped memory of root, until the table exists
    const LoaderInfo& info_;
    CapTable* table_ = nullptr;
    BootInfo* boot_info_ = nullptr;
    u32 next_frame_ = 0;
};

}  // namespace eft::kernel
