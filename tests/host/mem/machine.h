// mem's state over the real kernel, with 16 MiB of memory, a boot archive, and a device behind it.
#pragma once

#include "given.h"

#include <mem/contents.h>
#include <mem/mappings.h>
#include <mem/objects.h>
#include <mem/spaces.h>
#include <mem/threads.h>

#include <eft/process.h>

#include <memory>

namespace eft::memory_test {

struct Machine {
    static constexpr u32 kArchivePages = Given::kArchivePages;
    static constexpr unsigned kArchiveBits = 15, kDeviceBits = 20;

    explicit Machine(const Given& from) : given(from) {
        state.endpoint_id = effects::inspect(slot(WellKnown::Endpoint))->id;
        state.slots.set_end(*effects::table_end());
        memory = ko::inspect_untyped(given.memory)->address;
        const u64 archive = ko::inspect_untyped(given.archive)->address;
        const Slot of_archive = make(ObjectType::Untyped, kArchiveBits), of_device = make(ObjectType::Untyped, kDeviceBits);
        device = ko::inspect_untyped(of_device)->address;
        for (const Slot untyped : {given.memory, of_archive, of_device}) started = started.ok() ? add_memory(state, untyped) : started;
        if (started.ok()) started = open_own_space(state, *granted("space"), archive, kArchivePages * kPageSize);
    }

    // What must be the same before and after.
    struct Totals {
        u64 free_pages;
        u32 slots, spaces, objects, sending, capabilities;
        bool operator==(const Totals&) const = default;
    };
    Totals totals() const {
        end_objects(state);
        return {state.blocks.free_pages, state.slots.used(), state.spaces.used(), state.objects.used(), used_scratch_slots(), memory_test::capabilities()};
    }
    static auto page_of(const Space& space, u64 address) { return host::look_up(space.space, address); }
    static u64 mapped_pages(const Space& space) { return ko::inspect_space(space.space)->mapped_pages; }

    // A space as proc makes it: image, thread with Replies, a few pages touched.
    Result<const Space*> process(u32 quota) {
        EFT_TRY(const Space* space, create_space(state, quota));
        if (Status filled = fill(*space); !filled.ok()) {
            destroy_space(state, *space);
            return filled.error();
        }
        return space;
    }
    Status fill(const Space& space) {
        EFT_CHECK(
            load_image(state, space, {0x40'0000, 0x1000, 0x2345, 0x3000, FrameRight::Read | FrameRight::Execute}));
        EFT_CHECK(load_image(state, space, {0x40'3000, 0x3345, 0x10, 0x5000, FrameRight::Read | FrameRight::Write}));
        EFT_TRY(const Slot thread, make_thread(state, space, {table, exceptions, 10, 20, 0, 0, 40}));
        drop_slot(thread);
        for (const u64 address : {u64{0x0fff'eff8}, u64{0x4000'0000}, u64{0x4000'2008}}) {
            if (const Error error = resolve_fault(state, space.id, address, 6); error != Error::None) return error;
        }
        return {};
    }

    const Given& given;
    u64 memory = 0, device = 0;  // addresses
    Slot table = *granted("table"), exceptions = *granted("exceptions");
    std::unique_ptr<State> memory_of_state = std::make_unique<State>();  // too much for a stack
    State& state = *memory_of_state;
    Status started;

private:
    Slot make(ObjectType type, unsigned size_bits) {
        const Slot made = allocate_slot();
        const Status status = ko::retype(given.archive, type, made, 1, size_bits);
        if (!status.ok()) started = status;
        return made;
    }
};

}  // namespace eft::memory_test
