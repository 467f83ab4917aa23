#include "memory.h"

#include <eft/invoke.h>

namespace eft::root {

namespace ko = kernel_object;

Status Memory::reserve(unsigned size_bits) {
    u32 best = info_.untyped_count;
    for (u32 i = 1; i < info_.untyped_count; ++i) {  // the first is root's own
        const BootUntyped& untyped = info_.untyped[i];
        if (untyped.device || untyped.size_bits < size_bits) continue;
        if (best == info_.untyped_count || untyped.size_bits < info_.untyped[best].size_bits) best = i;
    }
    if (best == info_.untyped_count) return Error::OutOfMemory;
    reserve_ = static_cast<Slot>(static_cast<u32>(RootSlot::FirstUntyped) + best);
    return {};
}

Result<Slot> Memory::take(unsigned size_bits) {
    const Slot slot = take_slots(1);
    EFT_CHECK(ko::retype(reserve_, ObjectType::Untyped, slot, 1, size_bits));
    return slot;
}

Slot Memory::take_slots(u32 count) {
    const Slot first = static_cast<Slot>(next_slot_);
    next_slot_ += count;
    return first;
}

Status Memory::map_here(Slot frame, u64 address, Rights rights) {
    for (;;) {
        const Status mapped = ko::map(root_slot(RootSlot::Space), frame, address, rights);
        if (mapped.error() != Error::NeedMemory) return mapped;
        const Slot table = take_slots(1);
        EFT_CHECK(ko::retype(reserve_, ObjectType::PageTable, table));
        EFT_CHECK(ko::donate(root_slot(RootSlot::Space), table));
    }
}

Status map_with_tables(Slot space, Slot frame, u64 address, Rights rights, Slot untyped, Slot& next_table) {
    for (;;) {
        const Status mapped = ko::map(space, frame, address, rights);
        if (mapped.error() != Error::NeedMemory) return mapped;
        EFT_CHECK(ko::retype(untyped, ObjectType::PageTable, next_table));
        EFT_CHECK(ko::donate(space, next_table));
        next_table = static_cast<Slot>(raw(next_table) + 1);
    }
}

}  // namespace eft::root
