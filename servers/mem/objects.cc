#include "objects.h"

#include "effects.h"

#include <algorithm>
#include <bit>

namespace eft::memory {
namespace {

constexpr u32 kMaxDevicePages = 8192;
constexpr u32 kLargestBlock = 256;
constexpr u32 kFramesAtOnce = 256;  // the kernel's limit for one retype

// Nobody holds it until finish(): it ends if that does not come.
Result<const Object*> begin(State& state, u32 pages) {
    EFT_TRY(const Slot master, take_slots(state));
    const Result<Object*> object = state.objects.take();
    const Status minted = object.ok() ? effects::mint(master, mem::Mem::badge_of(Kind::Object, (*object)->id)) : Status(object.error());
    if (!minted.ok()) {
        if (object.ok()) state.objects.give(**object);
        state.slots.give(master);
        return minted.error();
    }
    (*object)->pages = pages;
    (*object)->master = master;
    return *object;
}

// The object is not in the list any more when its record is given back, and its frames are the longest part.
void end(State& state, const Object& object) {
    release(state, object.frames);
    effects::end_descendants(object.master);
    effects::remove(object.master);
    state.slots.give(object.master);
    set(state.first_ending, object.next_ending);
    state.objects.give(object);
    step();
}

// The object itself if it got its frames.
Result<const Object*> finish(State& state, const Object* object, Status filled) {
    if (filled.ok()) set(object->held, true);
    else end_if_unwanted(state, *object);
    return filled.ok() ? Result<const Object*>(object) : filled.error();
}

Status make_frames(State& state, const Extent& extent, u32 pages) {
    while (extent.used < pages) {
        const u32 count = std::min(pages - extent.used, kFramesAtOnce);
        EFT_CHECK(effects::make(state.blocks[extent.block].slot, ObjectType::Frame, slot_at(extent.first, extent.used), count));
        set(extent.used, extent.used + count);
    }
    return {};
}

Status add_block(State& state, const Object& object, unsigned page_bits, u32 pages) {
    EFT_TRY(const Extent* extent, extend(state, object.frames, kPageBits + page_bits, pages));
    return make_frames(state, *extent, pages);
}

// Blocks whose sizes add up to exactly the object's.
Status add_blocks(State& state, const Object& object, u32 pages) {
    u32 most = kLargestBlock;
    while (pages != 0) {
        const u32 block = std::min(most, std::bit_floor(pages));
        const Status added = add_block(state, object, static_cast<unsigned>(std::countr_zero(block)), block);
        if (added.ok()) {
            pages -= block;
            step();
        } else if (added.error() == Error::OutOfMemory && block > 1) {
            most = block / 2;
        } else {
            return added;
        }
    }
    return {};
}

// Naturally aligned pieces.
Status add_device_blocks(State& state, const Object& object, u64 address, u32 pages) {
    while (pages != 0) {
        const auto aligned = static_cast<unsigned>(address == 0 ? kMaxUntypedBits : std::countr_zero(address));
        const unsigned fits = kPageBits + static_cast<unsigned>(std::bit_width(pages)) - 1;
        EFT_TRY(const Extent* extent, extend_at(state, object.frames, address, std::min(aligned, fits)));
        EFT_CHECK(make_frames(state, *extent, extent->slots));
        address += u64{extent->slots} << kPageBits;
        pages -= extent->slots;
        step();
    }
    return {};
}

}  // namespace

Result<const Object*> create_object(State& state, const Space& owner, u64 bytes, bool contiguous) {
    if (bytes == 0 || bytes > u64{kMaxQuota} * kPageSize) return Error::OutOfRange;
    if (owner.objects == owner.most_objects()) return Error::LimitReached;
    const u32 pages = static_cast<u32>(page_up(bytes) >> kPageBits);
    const u32 charged = contiguous ? std::bit_ceil(pages) : pages;
    if (charged > owner.quota - owner.used) return Error::OutOfMemory;
    EFT_TRY(const Object* object, begin(state, pages));
    EFT_CHECK(finish(state, object,
                     contiguous ? add_block(state, *object, std::bit_width(charged) - 1u, pages) : add_blocks(state, *object, pages)));
    set(object->owner, owner.id);
    set(object->charged, charged);
    set(owner.used, owner.used + charged);
    set(owner.objects, owner.objects + 1);
    return object;
}

Result<const Object*> device_object(State& state, u64 address, u64 bytes) {
    if (bytes == 0 || address != page_down(address)) return Error::InvalidArgument;
    if (bytes > u64{kMaxDevicePages} * kPageSize || address + bytes < address) return Error::OutOfRange;
    const u32 pages = static_cast<u32>(page_up(bytes) >> kPageBits);
    for (const Object& object : state.objects) {
        if (object.id != 0 && object.wanted() && object.device && object.device_address == address && object.pages == pages) {
            set(object.held, true);
            return &object;
        }
    }
    EFT_TRY(const Object* object, begin(state, pages));
    set(object->device, true);
    set(object->device_address, address);
    return finish(state, object, add_device_blocks(state, *object, address, pages));
}

Result<const Object*> shown_object(State& state, Slot first, u32 pages) {
    EFT_TRY(const Object* object, begin(state, pages));
    set(object->permanent, true);
    return finish(state, object, extend_with_foreign(state, object->frames, first, pages));
}

void end_if_unwanted(State& state, const Object& object) {
    if (object.wanted() || object.ending) return;
    if (const Space* owner = state.spaces.find(object.owner)) {
        set(owner->used, owner->used - object.charged);
        set(owner->objects, owner->objects - 1);
        set(object.owner, 0);
    }
    set(object.next_ending, state.first_ending);
    set(object.ending, true);
    set(state.first_ending, static_cast<u16>(1 + (&object - state.objects.begin())));
}

void end_objects(State& state) {
    while (state.first_ending != 0) end(state, state.objects.begin()[state.first_ending - 1]);
    checkpoint();
}

void release_object(State& state, const Object& object) {
    set(object.held, false);
    end_if_unwanted(state, object);
}

void release_objects_of(State& state, const Space& owner) {
    for (const Object* object = state.objects.begin(); owner.objects != 0; ++object) {
        if (object->id == 0 || object->owner != owner.id) continue;
        set(object->owner, 0);
        set(owner.objects, owner.objects - 1);
        release_object(state, *object);
        step();
    }
}

PageWalk::PageWalk(const State& state, const Object& object, u32 first) : state_(state), extent_(object.frames.head), page_(first) {
    while (extent_ != 0 && page_ >= state_.extents[extent_].used) {
        page_ -= state_.extents[extent_].used;
        extent_ = state_.extents[extent_].next;
    }
}

PageWalk::Page PageWalk::next() {
    const Extent& extent = state_.extents[extent_];
    const u64 base = extent.block == Block::None ? 0 : state_.blocks[extent.block].address;
    const Page page{slot_at(extent.first, page_), base == 0 ? 0 : base + u64{page_} * kPageSize};
    if (++page_ == extent.used) {
        page_ = 0;
        extent_ = extent.next;
    }
    return page;
}

}  // namespace eft::memory
