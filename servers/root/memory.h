// root's memory: the untyped capabilities that the kernel hands over at boot, and root's own slots.
//
// root takes what it needs for the core servers from one reserve, in naturally aligned powers of two;
// everything else goes to mem.
#pragma once

#include <eft/abi/boot_info.h>
#include <eft/abi/object.h>
#include <eft/abi/result.h>

namespace eft::root {

constexpr Slot root_slot(RootSlot which) { return static_cast<Slot>(which); }

class Memory {
public:
    explicit Memory(const BootInfo& info) : info_(info), next_slot_(info.first_free_slot) {}

    // The smallest ordinary untyped of at least 2^size_bits bytes becomes the reserve.
    Status reserve(unsigned size_bits);
    Slot reserved() const { return reserve_; }
    // A block of the reserve.
    Result<Slot> take(unsigned size_bits);
    // Consecutive fresh slots of root's table.
    Slot take_slots(u32 count);

    // Maps a frame into root's own space, donating page tables as needed.
    Status map_here(Slot frame, u64 address, Rights rights);
    const BootInfo& info() const { return info_; }

private:
    const BootInfo& info_;
    u32 next_slot_;
    Slot reserve_ = Slot::None;
};

// Maps into `space`, donating page tables made of `untyped` into the slots from `next_table` on.
Status map_with_tables(Slot space, Slot frame, u64 address, Rights rights, Slot untyped, Slot& next_table);

}  // namespace eft::root
