#include "boot.h"

#include "machine.h"
#include "window.h"

#include <object/address_space.h>
#include <object/derivation.h>
#include <object/frame.h>
#include <object/untyped.h>
#include <schedule/budget.h>

#include <arch/record.h>

#include <eft/layout.h>

#include <stdexcept>

namespace eft::host {

namespace {

using kernel::Capability;
using kernel::PhysAddr;
using kernel::Thread;
using kernel::arch::record;

constexpr unsigned kRootBits = 22;
constexpr unsigned kArchiveBits = 21;  // and firmware as much
constexpr u32 kFirstOwnSlot = 4352;  // of root's; below are libos' scratch slots

}  // namespace

kernel::CapTable& build_root(kernel::Core& core, BootInfo& info, std::size_t archive_bytes) {
        Capability block, table_cap;
        kernel::install_untyped(block, PhysAddr(kMemoryStart), kRootBits, false, core.kernel.ancestor);
        const auto make_in = [&](ObjectType type, Capability& untyped, Capability& where, unsigned size_bits = 0) {
            if (kernel::retype(core, kernel::UntypedCap(untyped), {type, size_bits, 0, 1, where}) != Error::None) throw std::logic_error("root does not fit");
        };
        make_in(ObjectType::CapTable, block, table_cap, kRootTableBits);
        kernel::CapTable& table = table_cap.as<kernel::CapTable>();
        const auto slot = [&table](u32 index) -> Capability& { return *table.lookup(index); };
        Capability& memory = slot(static_cast<u32>(RootSlot::FirstUntyped));
        kernel::move_capability(table_cap, slot(static_cast<u32>(RootSlot::Table)));
        kernel::move_capability(block, memory);
        u32 own = 1u << kRootTableBits;
        const auto make = [&](ObjectType type) -> Capability& {
            make_in(type, memory, slot(--own));
            return slot(own);
        };
        Capability& thread_cap = slot(static_cast<u32>(RootSlot::Thread));
        Capability& space_cap = slot(static_cast<u32>(RootSlot::Space));
        make_in(ObjectType::Thread, memory, thread_cap);
        make_in(ObjectType::AddressSpace, memory, space_cap);
        const auto fill_numbers = [&]<ObjectType kType>(RootSlot which, u32 count) {
            Capability& cap = slot(static_cast<u32>(which));
            cap.fill(kType, PhysAddr(), kAllRights, core.kernel.ancestor);
            cap.payload<kType>().range = {0, count};
        };
        fill_numbers.operator()<ObjectType::Irq>(RootSlot::Irqs, kIrqs);
        fill_numbers.operator()<ObjectType::IoPorts>(RootSlot::Ports, 0x10000);
        for (unsigned i = 0; i < 12; ++i)
            if (space_cap.as<kernel::AddressSpace>().donate(kernel::PageTableCap(make(ObjectType::PageTable))) != Error::None) throw std::logic_error("root's page tables");
        // The test's thread uses libos, too: a configuration and a persistent page, both empty.
        for (const u64 address : {layout::kConfigAddress, layout::kPersistentAddress}) {
            Capability& frame = make(ObjectType::Frame);
            if (space_cap.as<kernel::AddressSpace>().map(kernel::FrameCap(frame), address, FrameRight::Read | FrameRight::Write, 0) != Error::None)
                throw std::logic_error("root's pages");
        }
        Capability& page = make(ObjectType::Frame);
        Capability& context = make(ObjectType::SchedContext);
        Thread& thread = thread_cap.as<Thread>();
        thread.set_inner(core, thread.table, &slot(static_cast<u32>(RootSlot::Table)));
        thread.set_inner(core, thread.space, &space_cap);
        thread.set_inner(core, thread.utcb_frame, &page);
        context.as<kernel::SchedContext>().configure(0, 0, kPriorities - 1, 0);
        thread.set_inner(core, thread.context, &context);
        context.as<kernel::SchedContext>().owner = &thread;
        make_in(ObjectType::Reply, memory, thread.reply);
        thread.reply.holder() = &thread;
        thread.review();
        thread.registers.set_message_page(kRootUtcbAddress);
        thread.set_priority(kPriorities - 1);

        const auto add_untyped = [&](u64 address, unsigned bits, bool device, bool archive = false) {
            const u32 index = info.untyped_count++;
            info.untyped[index] = {address, static_cast<u8>(bits), device, archive, {}};
            kernel::install_untyped(slot(static_cast<u32>(RootSlot::FirstUntyped) + index), PhysAddr(address), bits, device, core.kernel.ancestor);
        };
        info = {};
        info.magic = kBootInfoMagic;
        info.archive_size = archive_bytes;
        info.archive_address = kMemoryStart + (u64{1} << kRootBits);
        info.entry_time = record().time;
        info.ticks_per_ms = Machine::kTicksPerMs;
        info.memory_bytes = kMemoryBytes;
        info.untyped[info.untyped_count++] = {kMemoryStart, kRootBits, 0, 0, {}};
        add_untyped(info.archive_address, kArchiveBits, true, true);
        static_assert(Machine::kFirmwareAddress == kMemoryStart + (u64{1} << kRootBits) + (u64{1} << kArchiveBits));
        add_untyped(Machine::kFirmwareAddress, kArchiveBits, true);
        for (unsigned bits = kRootBits + 1; bits < kMemoryBits; ++bits) add_untyped(kMemoryStart + (u64{1} << bits), bits, false);
        static_assert(Machine::kDevicesStart == 0xb000'0000 && Machine::kDevicesEnd == 0x1'0000'0000);
        add_untyped(0xb000'0000, 28, true);
        add_untyped(0xc000'0000, 30, true);
        info.first_free_slot = kFirstOwnSlot;
        core.scheduler.wake(thread);
        kernel::choose_next(core);
    return table;
}

}  // namespace eft::host
