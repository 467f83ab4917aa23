// mem's state over the model of the kernel, with 16 MiB of memory, a boot archive, and a device at 0xf000'0000.
#pragma once

#include "fake_kernel.h"

#include <mem/contents.h>
#include <mem/mappings.h>
#include <mem/objects.h>
#include <mem/spaces.h>
#include <mem/threads.h>

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
    explicit Machine(u32 pages = 512) {
        state.endpoint_id = kEndpointId;
        kernel.set_table_pages(pages);
        state.slots.set_end(pages * static_cast<u32>(kPageSlots));
        kernel.put(ObjectType::Endpoint, raw(kEndpoint), kEndpointId);
        kernel.put(ObjectType::AddressSpace, 33, FakeKernel::kOwnSpaceId);
        kernel.put(ObjectType::CapTable, raw(kTable), kTableId);
        kernel.put(ObjectType::Endpoint, raw(kExceptions), 0xe8c);
        kernel.put(ObjectType::Endpoint, raw(kForeign), 0xbad);
        std::vector<std::byte> archive(kArchivePages * kPageSize);
        for (std::size_t i = 0; i < archive.size(); ++i) archive[i] = static_cast<std::byte>(i * 7 + i / 256);
        kernel.set_archive(kArchive, archive, kArchiveWindow);
        for (const Slot untyped :
             {kernel.put_untyped(50, kMemory, kMemoryBits, false), kernel.put_untyped(51, kArchive, 15, true),
              kernel.put_untyped(52, kDevice, kDeviceBits, true)}) {
            started = started.ok() ? add_memory(state, untyped) : started;
        }
        if (started.ok()) started = open_own_space(state, Slot{33}, kArchive, kArchivePages * kPageSize);
    }

    // What must be the same before and after.
    struct Totals {
        u64 free_pages;
        u32 slots, spaces, objects, sending;
        std::size_t capabilities;
        bool operator==(const Totals&) const = default;
    };
    Totals totals() const {
        return {state.blocks.free_pages, state.slots.used(),          state.spaces.used(),
                state.objects.used(),    kernel.slots_for_sending(), kernel.capabilities()};
    }

    // A space as proc makes it: image, thread with Replies, a few pages touched.
    Result<Space*> process(u32 quota) {
        EFT_TRY(Space * space, create_space(state, quota));
        if (Status filled = fill(*space); !filled.ok()) {
            destroy_space(state, *space);
            return filled.error();
        }
        return space;
    }
    Status fill(Space& space) {
        EFT_CHECK(
            load_image(state, space, {0x40'0000, 0x1000, 0x2345, 0x3000, FrameRight::Read | FrameRight::Execute}));
        EFT_CHECK(load_image(state, space, {0x40'3000, 0x3345, 0x10, 0x5000, FrameRight::Read | FrameRight::Write}));
        EFT_TRY(const Slot thread, make_thread(state, space, {kTable, kExceptions, 10, 20, 0, 0, 40}));
        kernel.drop(thread);
        for (const u64 address : {u64{0x0fff'eff8}, u64{0x4000'0000}, u64{0x4000'2008}}) {
            if (const Error error = resolve_fault(state, space.id, address, 6); error != Error::None) return error;
        }
        return {};
    }

    FakeKernel kernel;
    std::unique_ptr<State> memory_of_state = std::make_unique<State>();  // too much for a stack
    State& state = *memory_of_state;
    Status started;
};

}  // namespace eft::memory::test
