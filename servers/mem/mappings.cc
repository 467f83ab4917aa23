#include "mappings.h"

#include "effects.h"
#include "objects.h"
#include "space_memory.h"

#include <algorithm>

namespace eft::memory {
namespace {

Status check(const Object& object, const MapRequest& request) {
    const u64 size = u64{object.pages} * kPageSize;
    if (request.bytes == 0 || ((request.offset | request.bytes | request.address) & (kPageSize - 1))) return Error::InvalidArgument;
    if (request.bytes > size || request.offset > size - request.bytes) return Error::OutOfRange;
    if (request.address == 0 || request.address >= kUserTop || request.bytes > kUserTop - request.address) return Error::OutOfRange;
    if (request.rights != kReadOnly && request.rights != kReadWrite) return Error::InvalidArgument;
    if (object.permanent && request.rights != kReadOnly) return Error::PermissionDenied;
    return {};
}

bool overlaps(const State& state, const Space& space, const MapRequest& request) {
    for (u16 index = space.first_mapping; index != 0; index = state.mappings[index].next) {
        const Mapping& mapping = state.mappings[index];
        if (request.address < mapping.address + mapping.bytes() && mapping.address < request.address + request.bytes) return true;
    }
    return false;
}

Status map_pages(State& state, const Space& space, const Object& object, const Mapping& mapping, const MapRequest& request) {
    PageWalk pages(state, object, static_cast<u32>(request.offset >> kPageBits));
    const u8 flags = object.device && !object.permanent ? bits(MapFlag::Uncached) : 0;
    for (u32 i = 0; i < mapping.pages; ++i) {
        const Slot copy = slot_at(mapping.first, i);
        EFT_CHECK(effects::copy_frame(copy, pages.next().frame, request.rights));
        EFT_CHECK(map_frame(state, space, copy, mapping.address + i * kPageSize, request.rights, flags));
    }
    return {};
}

// `link` is what names the mapping: the space's first, or the next of the one before.
void drop(State& state, const Space& space, const u16& link) {
    const u16 index = link;
    const Mapping mapping = state.mappings[index];
    effects::remove(mapping.first, mapping.pages);
    state.slots.give(mapping.first, mapping.pages);
    set(link, mapping.next);
    set(space.mappings, space.mappings - 1);
    set(space.mapped, space.mapped - mapping.pages);
    state.mappings.give(index);
    const Object& object = *state.objects.find(mapping.object);  // the mapping kept it
    set(object.mappings, object.mappings - 1);
    end_if_unwanted(state, object);
}

}  // namespace

Status map_object(State& state, const Space& space, const Object& object, const MapRequest& request) {
    EFT_CHECK(check(object, request));
    const u32 pages = static_cast<u32>(request.bytes >> kPageBits);
    if (space.mappings == space.most_mappings()) return Error::LimitReached;
    if (pages > space.quota - std::min(space.quota, space.mapped)) return Error::OutOfMemory;
    if (overlaps(state, space, request)) return Error::AlreadyMapped;
    EFT_CHECK(grow_for_run(state, pages));
    EFT_TRY(const u16 index, state.mappings.take());
    const Result<Slot> run = take_slots(state, pages);
    if (!run.ok()) {
        state.mappings.give(index);
        return run.error();
    }
    const Mapping& mapping = state.mappings[index];
    edit(mapping) = {.object = object.id, .address = request.address, .pages = pages, .first = *run, .next = space.first_mapping};
    set(space.first_mapping, index);
    set(space.mappings, space.mappings + 1);
    set(space.mapped, space.mapped + pages);
    set(object.mappings, object.mappings + 1);
    const Status mapped = map_pages(state, space, object, mapping, request);
    if (!mapped.ok()) drop(state, space, space.first_mapping);
    return mapped;
}

Status unmap(State& state, const Space& space, u64 address, u64 bytes) {
    for (const u16* link = &space.first_mapping; *link != 0; link = &state.mappings[*link].next) {
        const Mapping& mapping = state.mappings[*link];
        if (mapping.address != address || mapping.bytes() != bytes) continue;
        drop(state, space, *link);
        return {};
    }
    return Error::NotMapped;
}

void unmap_all(State& state, const Space& space) {
    while (space.first_mapping != 0) {
        drop(state, space, space.first_mapping);
        step();
    }
}

Status map_again(State& state, const Space& space, u64 address, Rights rights) {
    for (u16 index = space.first_mapping; index != 0; index = state.mappings[index].next) {
        const Mapping& mapping = state.mappings[index];
        if (mapping.address != address) continue;
        for (u32 i = 0; i < mapping.pages; ++i) {
            const Status mapped = map_frame(state, space, slot_at(mapping.first, i), address + i * kPageSize, rights);
            if (mapped.error() != Error::AlreadyMapped) EFT_CHECK(mapped);
        }
        return {};
    }
    return Error::NotMapped;
}

Result<Slot> mapped_frame(State& state, const Space& space, u64 address) {
    for (u16 index = space.first_mapping; index != 0; index = state.mappings[index].next) {
        const Mapping& mapping = state.mappings[index];
        if (!mapping.contains(address)) continue;
        if (state.objects.find(mapping.object)->device) return Error::PermissionDenied;
        return slot_at(mapping.first, static_cast<u32>((address - mapping.address) >> kPageBits));
    }
    return Error::NotMapped;
}

}  // namespace eft::memory
