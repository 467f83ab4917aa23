// Mappings of memory objects into spaces. Each page of a mapping is a frame capability of its own, derived from the
// object's: deleting it is the unmapping.
#pragma once

#include "memory_objects.h"
#include "space_memory.h"

namespace eft::memory {

struct MapRequest {
    u64 offset;
    u64 bytes;
    u64 address;
    Rights rights;
};

template <class Kernel>
class Mappings {
public:
    static constexpr u32 kMaxMappings = 2048;

    Mappings(Store<Kernel>& store, Spaces& spaces, MemoryObjects<Kernel>& objects, SpaceMemory<Kernel>& memory)
        : store_(store), spaces_(spaces), objects_(objects), memory_(memory) {}

    Status map(Space& space, Object& object, const MapRequest& request) {
        EFT_CHECK(check(object, request));
        const u32 pages = static_cast<u32>(request.bytes >> kPageBits);
        if (space.mappings == kMaxMappingsOfSpace) return Error::LimitReached;
        if (pages > space.quota - std::min(space.quota, space.mapped)) return Error::OutOfMemory;
        if (overlaps(space, request)) return Error::AlreadyMapped;
        EFT_TRY(const MappingIndex index, take());
        const Result<Slot> run = store_.take_slots(pages);
        if (!run.ok()) {
            give(index);
            return run.error();
        }
        Mapping& mapping = mappings_[index];
        mapping = {spaces_.index_of(space), objects_.index_of(object), request.address, pages, *run,
                   space.first_mapping};
        space.first_mapping = index;
        ++space.mappings;
        space.mapped += pages;
        ++object.mappings;
        const Status mapped = map_pages(space, object, mapping, request);
        if (!mapped.ok()) drop(space, index, kNoMapping);
        return mapped;
    }

    // Exactly what map() mapped there.
    Status unmap(Space& space, u64 address, u64 bytes) {
        MappingIndex previous = kNoMapping;
        for (MappingIndex index = space.first_mapping; index != kNoMapping;
             previous = index, index = mappings_[index].next) {
            const Mapping& mapping = mappings_[index];
            if (mapping.address != address || u64{mapping.pages} * kPageSize != bytes) continue;
            drop(space, index, previous);
            return {};
        }
        return Error::NotMapped;
    }

    // The capability through which the page at `address` is mapped. PermissionDenied: it is a device's.
    Result<Slot> frame_at(const Space& space, u64 address) const {
        for (MappingIndex index = space.first_mapping; index != kNoMapping; index = mappings_[index].next) {
            const Mapping& mapping = mappings_[index];
            if (address < mapping.address || address - mapping.address >= u64{mapping.pages} * kPageSize) continue;
            if (objects_[mapping.object].device) return Error::PermissionDenied;
            return static_cast<Slot>(raw(mapping.first) + ((address - mapping.address) >> kPageBits));
        }
        return Error::NotMapped;
    }

    void unmap_all(Space& space) {
        while (space.first_mapping != kNoMapping) drop(space, space.first_mapping, kNoMapping);
    }

private:
    static Status check(const Object& object, const MapRequest& request) {
        const u64 size = u64{object.pages} * kPageSize;
        if (request.bytes == 0 || ((request.offset | request.bytes | request.address) & (kPageSize - 1)))
            return Error::InvalidArgument;
        if (request.bytes > size || request.offset > size - request.bytes) return Error::OutOfRange;
        if (request.address == 0 || request.address >= kUserTop || request.bytes > kUserTop - request.address)
            return Error::OutOfRange;
        constexpr Rights kRead = bits(FrameRight::Read), kReadWrite = FrameRight::Read | FrameRight::Write;
        if (request.rights != kRead && request.rights != kReadWrite) return Error::InvalidArgument;
        if (object.permanent && request.rights != kRead) return Error::PermissionDenied;
        return {};
    }

    bool overlaps(const Space& space, const MapRequest& request) const {
        for (MappingIndex index = space.first_mapping; index != kNoMapping; index = mappings_[index].next) {
            const Mapping& mapping = mappings_[index];
            if (request.address < mapping.address + u64{mapping.pages} * kPageSize &&
                mapping.address < request.address + request.bytes)
                return true;
        }
        return false;
    }

    Status map_pages(Space& space, const Object& object, const Mapping& mapping, const MapRequest& request) {
        Slot copy = mapping.first;
        u64 address = mapping.address;
        return objects_.for_pages(
            object, static_cast<u32>(request.offset >> kPageBits), mapping.pages, [&](Slot frame, u64) -> Status {
                EFT_CHECK(store_.kernel.derive(copy, frame, request.rights));
                EFT_CHECK(memory_.map(space, copy, address, request.rights, object.device && !object.permanent));
                copy = static_cast<Slot>(raw(copy) + 1);
                address += kPageSize;
                return {};
            });
    }

    // `previous` is the one before it in the space's list.
    void drop(Space& space, MappingIndex index, MappingIndex previous) {
        const Mapping mapping = mappings_[index];
        static_cast<void>(store_.kernel.remove(mapping.first, mapping.pages));
        store_.slots.give(mapping.first, mapping.pages);
        (previous == kNoMapping ? space.first_mapping : mappings_[previous].next) = mapping.next;
        --space.mappings;
        space.mapped -= mapping.pages;
        give(index);
        Object& object = objects_[mapping.object];
        --object.mappings;
        objects_.end_if_unwanted(object);
    }

    Result<MappingIndex> take() {
        if (unused_ != kNoMapping) {
            const MappingIndex index = unused_;
            unused_ = mappings_[index].next;
            return index;
        }
        if (fresh_ == kMaxMappings) return Error::LimitReached;
        return fresh_++;
    }
    void give(MappingIndex index) {
        mappings_[index].next = unused_;
        unused_ = index;
    }

    Store<Kernel>& store_;
    Spaces& spaces_;
    MemoryObjects<Kernel>& objects_;
    SpaceMemory<Kernel>& memory_;
    std::array<Mapping, kMaxMappings> mappings_{};
    MappingIndex unused_ = kNoMapping;
    MappingIndex fresh_ = 0;
};

}  // namespace eft::memory
