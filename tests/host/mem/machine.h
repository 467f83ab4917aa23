// A manager over the model of the kernel, with 16 MiB of memory, a boot archive, and a device at 0xf000'0000.
#pragma once

#include "fake_kernel.h"

#include <mem/manager.h>

#include <memory>

namespace eft::memory::test {

struct Machine {
    static constexpr u64 kMemory = 0x100'0000, kMemoryBits = 24;
    static constexpr u64 kArchive = 0x3fe'0000, kArchivePages = 8;
    static constexpr u64 kDevice = 0xf000'0000, kDeviceBits = 24;
    static constexpr Slot kEndpoint{3};
    static constexpr u64 kEndpointId = 0xe17d;
    static constexpr Slot kTable{40}, kExceptions{41}, kForeign{42};
    static constexpr u32 kTableId = 7;

    // `pages` of slots of mem's table exist at the start.
    explicit Machine(u32 pages = 512) : manager(std::make_unique<Manager<FakeKernel>>(kernel, kEndpoint)) {
        kernel.set_table_pages(pages);
        manager->store().slots.set_end(pages * static_cast<u32>(kPageSlots));
        kernel.put(ObjectType::Endpoint, raw(kEndpoint), kEndpointId);
        kernel.put(ObjectType::AddressSpace, 33, FakeKernel::kOwnSpaceId);
        kernel.put(ObjectType::CapTable, raw(kTable), kTableId);
        kernel.put(ObjectType::Endpoint, raw(kExceptions), 0xe8c);
        kernel.put(ObjectType::Endpoint, raw(kForeign), 0xbad);
        std::vector<std::byte> archive(kArchivePages * kPageSize);
        for (std::size_t i = 0; i < archive.size(); ++i) archive[i] = static_cast<std::byte>(i * 7 + i / 256);
        kernel.set_archive(kArchive, archive, Manager<FakeKernel>::kArchiveWindow);
        for (const Slot untyped :
             {kernel.put_untyped(50, kMemory, kMemoryBits, false), kernel.put_untyped(51, kArchive, 15, true),
              kernel.put_untyped(52, kDevice, kDeviceBits, true)}) {
            started = started.ok() ? manager->store().buddy.add(untyped) : started;
        }
        if (started.ok()) started = manager->start(Slot{33}, kArchive, kArchivePages * kPageSize);
    }

    // What must be the same before and after.
    struct State {
        u64 free_pages;
        u32 slots, spaces, objects, sending;
        std::size_t capabilities;
        bool operator==(const State&) const = default;
    };
    State state() {
        return {manager->store().buddy.free_pages(), manager->store().slots.used(), manager->spaces().used(),
                manager->objects().used(),           kernel.slots_for_sending(),    kernel.capabilities()};
    }

    // A space as proc makes it: image, thread with Replies, a few pages touched.
    Result<Space*> process(u32 quota) {
        EFT_TRY(Space * space, manager->create_space(quota));
        if (Status filled = fill(*space); !filled.ok()) {
            manager->destroy_space(*space);
            return filled.error();
        }
        return space;
    }
    Status fill(Space& space) {
        EFT_CHECK(
            manager->load_image(space, {0x40'0000, 0x1000, 0x2345, 0x3000, FrameRight::Read | FrameRight::Execute}));
        EFT_CHECK(manager->load_image(space, {0x40'3000, 0x3345, 0x10, 0x5000, FrameRight::Read | FrameRight::Write}));
        EFT_TRY(const Slot thread, manager->make_thread(space, {kTable, kExceptions, 10, 20, 0, 0, 40}));
        kernel.drop(thread);
        for (const u64 address : {u64{0x0fff'eff8}, u64{0x4000'0000}, u64{0x4000'2008}}) {
            if (const Error error = manager->resolve_fault(space.id, address, 6); error != Error::None) return error;
        }
        return {};
    }

    FakeKernel kernel;
    std::unique_ptr<Manager<FakeKernel>> manager;
    Status started;
};

}  // namespace eft::memory::test
