// What clients have attached to their sessions, as this incarnation has it mapped: areas, and rings with their consumers.
//
// The capabilities lie in persistent slots, and the state region says which of them count (ipc/attachment.h); the server
// of the sessions, StatefulServer, keeps both in step. Here is what dies with the incarnation.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/attachment.h>
#include <eft/ring/layout.h>
#include <eft/session_slots.h>
#include <eft/shared_memory.h>

namespace eft {

// One attachment of a session of this service. Nothing of it is in progress when it is mapped or unmapped.
template <class Service>
struct MappedAttachment {
    // No memory: there is nothing to map.
    static constexpr bool kMaps = false;
};

template <class Service>
requires(!Service::Attachment::kHasRing && Service::Attachment::kHasArea)
struct MappedAttachment<Service> {
    static constexpr bool kMaps = true;
    SharedMemory area;

    Status map(SessionSlots& slots, u32 first_slot, u64 area_bytes, bool, bool) {
        EFT_TRY(area, SharedMemory::borrow(slots.at(first_slot + Service::Attachment::kArea), area_bytes));
        return {};
    }
    void unmap() { area.reset(); }
};

template <class Service>
requires Service::Attachment::kHasRing
struct MappedAttachment<Service> {
    static constexpr bool kMaps = true;
    SharedMemory area;  // none, where the service's rings have none
    SharedMemory ring;
    typename Service::RingConsumer consumer;

    // What lies in the slots from `first_slot` on. `not_at_fault`: the incarnation before this one ended by order, so that
    // what it took from a ring is no attempt. BadFormat: there is no ring in it. OutOfRange: the area is smaller.
    // `reserves_area`: it has its addresses only.
    Status map(SessionSlots& slots, u32 first_slot, u64 area_bytes, bool not_at_fault, bool reserves_area) {
        using Attachment = typename Service::Attachment;
        if constexpr (Attachment::kHasArea) {
            const Slot object = slots.at(first_slot + Attachment::kArea);
            EFT_TRY(area, reserves_area ? SharedMemory::reserve(area_bytes) : SharedMemory::borrow(object, area_bytes));
        }
        auto memory = SharedMemory::borrow(slots.at(first_slot + Attachment::kRing), kRingBytes);
        if (!memory.ok()) return memory.error() == Error::OutOfRange ? Error::BadFormat : memory.error();
        auto opened = Service::RingConsumer::open(memory->bytes(), area.bytes(), Service::kInflight, not_at_fault);
        if (!opened.ok()) return Error::BadFormat;
        ring = std::move(*memory);
        consumer = *opened;
        return {};
    }
    // Its client is to be signalled then.
    void unmap() {
        if (ring) consumer.leave();
        *this = {};
    }

private:
    static constexpr u64 kRingBytes =
        page_up(ring::Geometry::of(Service::kRingEntries, Service::kRingRequestWords, Service::kRingResponseWords, 0).memory_bytes());
};

}  // namespace eft
