// The system calls that mem's logic makes; the host tests have a model of them in its place.
#pragma once

#include <eft/cap.h>
#include <eft/invoke.h>
#include <eft/process.h>

namespace eft::memory {

class KernelCalls {
public:
    Status retype(Slot untyped, ObjectType type, Slot first, u32 count = 1, unsigned size_bits = 0) {
        return kernel_object::retype(untyped, type, first, count, size_bits);
    }
    auto inspect_untyped(Slot untyped) { return kernel_object::inspect_untyped(untyped); }

    // Slots of mem's own table.
    Status derive(Slot target, Slot source, Rights mask = kAllRights, u64 badge = 0) {
        return kernel_object::derive(kTable, target, source, mask, badge);
    }
    Status derive(Slot target, Slot source, Rights mask, Badge badge) {
        return derive(target, source, mask, raw(badge));
    }
    Status move(Slot target, Slot source) { return kernel_object::move(kTable, target, source); }
    Status move_into(Slot table, Slot index, Slot source) { return kernel_object::move(table, index, source); }
    Status remove(Slot first, u32 count = 1) { return kernel_object::remove(kTable, first, count); }
    Status revoke(Slot slot) { return kernel_object::revoke(kTable, slot); }
    // Of mem's own table.
    Status donate_slots(Slot index, Slot page) { return kernel_object::donate_slots(kTable, index, page); }
    // Behind the last slot that it has.
    Result<u32> table_end() {
        EFT_TRY(const u32 pages, kernel_object::donated_pages(kTable));
        return (1u << config().table_bits) + pages * static_cast<u32>(kPageSlots);
    }
    auto inspect(Slot slot) { return kernel_object::inspect(kTable, slot); }

    Status map(Slot space, Slot frame, u64 address, Rights rights, u8 flags) {
        return kernel_object::map(space, frame, address, rights, flags);
    }
    Status unmap(Slot space, Slot frame) { return kernel_object::unmap(space, frame); }
    Status donate(Slot space, Slot table) { return kernel_object::donate(space, table); }
    Status seal(Slot frame) { return kernel_object::seal(frame); }
    Status configure(Slot thread, Slot table, Slot space, Slot utcb, u64 address) {
        return kernel_object::configure(thread, table, space, utcb, address);
    }
    Status configure_context(Slot context, u64 budget, u64 period, u8 ceiling) {
        return kernel_object::configure_context(context, budget, period, ceiling);
    }
    Status set_context(Slot thread, Slot context) { return kernel_object::set_context(thread, context); }
    Status set_handlers(Slot thread, Slot pager, Slot exceptions) {
        return kernel_object::set_handlers(thread, pager, exceptions);
    }

    // Slots of libos', whose capabilities go away with a message.
    Result<Slot> slot_for_sending() {
        const Slot slot = allocate_slot();
        if (slot == Slot::None) return Error::LimitReached;
        return slot;
    }
    Result<Slot> copy_for_sending(Slot source) {
        EFT_TRY(CapHandle copy, copy_capability(source));
        return copy.release();
    }
    void drop(Slot slot) { drop_slot(slot); }
    u32 slots_for_sending() const { return used_scratch_slots(); }

    // Memory of mem's own address space.
    std::byte* at(u64 address) { return reinterpret_cast<std::byte*>(address); }

private:
    static constexpr Slot kTable = slot(WellKnown::Table);
};

}  // namespace eft::memory
