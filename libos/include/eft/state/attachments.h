// What clients have attached to their sessions, as this incarnation has it mapped: areas, and rings with their consumers.
//
// The capabilities lie in persistent slots, and the state region says which of them count (ipc/attachment.h); the server
// of the sessions, StatefulServer, keeps both in step. Here is what dies with the incarnation.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/attachment.h>
#include <eft/ring/layout.h>
#include <eft/shared_memory.h>

#include <array>
#include <span>

namespace eft {

// The slots in which capabilities of sessions outlive the incarnation, by number.
class SessionSlots {
public:
    // Moves a received capability there, in place of what lies there.
    virtual Status keep(u32 index, Slot received) = 0;
    virtual void remove(u32 index) = 0;
    virtual void signal(u32 index) = 0;
    virtual Slot at(u32 index) = 0;

protected:
    ~SessionSlots() = default;
};

// One attachment, mapped.
template <class Service>
struct Mapped {
    SharedMemory area;
};
template <class Service>
requires Service::Attachment::kHasRing
struct Mapped<Service> {
    SharedMemory area;
    SharedMemory ring;
    typename Service::RingConsumer consumer;
};

template <class Service, u32 SessionCount>
class Attachments {
    using Attachment = typename Service::Attachment;

public:
    // Maps what lies in the slots from `first_slot` on. `not_at_fault`: the incarnation before this one ended by order, so
    // that what it took from a ring is no attempt. BadFormat: there is no ring in it. OutOfRange: the area is smaller.
    Status open(SessionSlots& slots, u32 first_slot, u32 place, u32 index, u64 area_bytes, bool not_at_fault) {
        Mapped<Service>& opened = mapped_[place][index];
        if constexpr (Attachment::kHasArea) {
            EFT_TRY(opened.area, SharedMemory::borrow(slots.at(first_slot + Attachment::kArea), area_bytes));
        }
        if constexpr (Attachment::kHasRing) {
            auto ring = SharedMemory::borrow(slots.at(first_slot + Attachment::kRing), ring_bytes());
            if (!ring.ok()) return ring.error() == Error::OutOfRange ? Error::BadFormat : ring.error();
            auto consumer = Service::RingConsumer::open(ring->bytes(), opened.area.bytes(), Service::kInflight, not_at_fault);
            if (!consumer.ok()) return Error::BadFormat;
            opened.ring = std::move(*ring);
            opened.consumer = *consumer;
        }
        open_[place][index] = true;
        return {};
    }
    // Nothing of it is in progress.
    void close(u32 place, u32 index) {
        mapped_[place][index] = {};
        open_[place][index] = false;
    }

    bool is_open(u32 place, u32 index) const { return open_[place][index]; }
    Mapped<Service>& at(u32 place, u32 index) { return mapped_[place][index]; }

    // Entries that were taken and not completed.
    u32 in_progress(u32 place, u32 index) const {
        if constexpr (Attachment::kHasRing) return open_[place][index] ? mapped_[place][index].consumer.in_progress() : 0;
        else return 0;
    }
    u32 in_progress(u32 place) const {
        u32 count = 0;
        for (u32 index = 0; index < Attachment::kCount; ++index) count += in_progress(place, index);
        return count;
    }

private:
    static constexpr u64 ring_bytes() {
        return page_up(ring::Geometry::of(Service::kRingEntries, Service::kRingRequestWords, Service::kRingResponseWords, 0).memory_bytes());
    }

    std::array<std::array<Mapped<Service>, Attachment::kCount>, SessionCount> mapped_;
    std::array<std::array<bool, Attachment::kCount>, SessionCount> open_{};
};

// Of services without attachments, or that keep nothing to be mapped.
template <class Service, u32 SessionCount>
requires(!Service::Attachment::kHasRing && !Service::Attachment::kHasArea)
class Attachments<Service, SessionCount> {
public:
    Status open(SessionSlots&, u32, u32, u32, u64, bool) { return {}; }
    void close(u32, u32) {}
    bool is_open(u32, u32) const { return false; }
    u32 in_progress(u32, u32) const { return 0; }
    u32 in_progress(u32) const { return 0; }
};

}  // namespace eft
