// Memory objects: frames in blocks of their own, so that an object can outlive its owner while others map it.
//
// An object ends when its owner has let go or ended, no mapping of it is left, and nobody has pinned it. It is charged
// to its owner until then. Capabilities to it are badged copies of mem's endpoint; when it ends they are revoked.
#pragma once

#include "records.h"

namespace eft::memory {

template <class Kernel>
class MemoryObjects {
public:
    static constexpr u32 kMaxDevicePages = 8192;

    MemoryObjects(Store<Kernel>& store, Spaces& spaces, Slot endpoint)
        : store_(store), spaces_(spaces), endpoint_(endpoint) {}

    Result<Object*> create(Space& owner, u64 bytes, bool contiguous) {
        if (bytes == 0 || bytes > u64{kMaxQuota} * kPageSize) return Error::OutOfRange;
        if (owner.objects == kMaxObjectsOfSpace) return Error::LimitReached;
        const u32 pages = static_cast<u32>(page_up(bytes) >> kPageBits);
        const u32 charged = contiguous ? std::bit_ceil(pages) : pages;
        if (charged > owner.quota - owner.used) return Error::OutOfMemory;
        EFT_TRY(Object * object, begin(pages));
        const Status filled =
            contiguous ? add_block(*object, std::bit_width(charged) - 1u, pages) : add_blocks(*object, pages);
        if (!filled.ok()) {
            end(*object);
            return filled.error();
        }
        object->owner = owner.id;
        object->charged = charged;
        owner.used += charged;
        ++owner.objects;
        return object;
    }

    // Physical memory that is a device's, or (archive) the boot archive. The same range again is the same object.
    Result<Object*> device(u64 address, u64 bytes, bool archive) {
        if (bytes == 0 || address != page_down(address)) return Error::InvalidArgument;
        if (bytes > u64{kMaxDevicePages} * kPageSize || address + bytes < address) return Error::OutOfRange;
        const u32 pages = static_cast<u32>(page_up(bytes) >> kPageBits);
        for (Object& object : objects_) {
            if (object.id != 0 && object.device && object.device_address == address && object.pages == pages) {
                object.held = true;
                return &object;
            }
        }
        EFT_TRY(Object * object, begin(pages));
        object->device = true;
        object->permanent = archive;
        object->device_address = address;
        if (Status filled = add_device_blocks(*object, address, pages); !filled.ok()) {
            end(*object);
            return filled.error();
        }
        return object;
    }

    // Frames that root has shown, in consecutive slots that stay theirs.
    Result<Object*> shown(Slot first, u32 pages) {
        EFT_TRY(Object * object, begin(pages));
        object->permanent = true;
        if (Status added = store_.add_foreign(object->frames, first, pages); !added.ok()) {
            end(*object);
            return added.error();
        }
        return object;
    }

    // Another capability to it, in a slot of libos', to be sent away.
    Result<Slot> capability(const Object& object) { return store_.kernel.copy_for_sending(object.master); }

    // To be called whenever a reason to keep it is gone.
    void end_if_unwanted(Object& object) {
        if (object.wanted()) return;
        if (Space* owner = spaces_.find(object.owner)) {
            owner->used -= object.charged;
            --owner->objects;
        }
        end(object);
    }

    // The space has ended: nobody is charged any more, and what nobody else uses is gone.
    void owner_ended(u32 space) {
        for (Object& object : objects_) {
            if (object.id == 0 || object.owner != space) continue;
            object.owner = 0;
            object.held = false;
            end_if_unwanted(object);
        }
    }

    // Calls visit(frame slot, physical address) for pages [first, first + count), which the object has. The address is 0
    // where mem does not know it.
    template <class Visit>
    Status for_pages(const Object& object, u32 first, u32 count, Visit visit) {
        for (ExtentIndex at = object.frames.head; at != kNoExtent && count != 0; at = store_[at].next) {
            const Extent extent = store_[at];
            const u64 base = extent.block == Block::None ? 0 : store_.buddy.address(extent.block);
            for (; first < extent.used && count != 0; ++first, --count) {
                EFT_CHECK(visit(static_cast<Slot>(raw(extent.first) + first),
                                base == 0 ? 0 : base + u64{first} * kPageSize));
            }
            first -= std::min(first, extent.used);
        }
        return {};
    }

    Object* find(u64 id) { return objects_.find(id); }
    Object& operator[](u32 index) { return objects_[index]; }
    u32 index_of(const Object& object) const { return objects_.index_of(object); }
    u32 used() const { return objects_.used(); }

private:
    static constexpr u32 kLargestBlock = 256;
    static constexpr u32 kFramesAtOnce = 256;  // the kernel's limit for one retype

    Result<Object*> begin(u32 pages) {
        EFT_TRY(const Slot master, store_.take_slots());
        Result<Object*> object = objects_.take();
        Status derived = object.ok() ? store_.kernel.derive(master, endpoint_, bits(EndpointRight::Send),
                                                            badge_of(Kind::Object, (*object)->id))
                                     : Status(object.error());
        if (!derived.ok()) {
            if (object.ok()) objects_.give(**object);
            store_.slots.give(master);
            return derived.error();
        }
        (*object)->pages = pages;
        (*object)->master = master;
        (*object)->held = true;
        return object;
    }

    void end(Object& object) {
        static_cast<void>(store_.kernel.revoke(object.master));
        static_cast<void>(store_.kernel.remove(object.master));
        store_.slots.give(object.master);
        store_.release(object.frames);
        objects_.give(object);
    }

    Status make_frames(Extent& extent, u32 pages) {
        while (extent.used < pages) {
            const u32 count = std::min(pages - extent.used, kFramesAtOnce);
            EFT_CHECK(store_.kernel.retype(store_.buddy.slot(extent.block), ObjectType::Frame,
                                           static_cast<Slot>(raw(extent.first) + extent.used), count));
            extent.used += count;
        }
        return {};
    }

    Status add_block(Object& object, unsigned page_bits, u32 pages) {
        EFT_CHECK(store_.extend(object.frames, kPageBits + page_bits, pages));
        return make_frames(*store_.last(object.frames), pages);
    }

    // Blocks whose sizes add up to exactly the object's.
    Status add_blocks(Object& object, u32 pages) {
        u32 most = kLargestBlock;
        while (pages != 0) {
            const u32 block = std::min(most, std::bit_floor(pages));
            const Status added = add_block(object, static_cast<unsigned>(std::countr_zero(block)), block);
            if (added.ok()) {
                pages -= block;
            } else if (added.error() == Error::OutOfMemory && block > 1) {
                most = block / 2;
            } else {
                return added;
            }
        }
        return {};
    }

    // Naturally aligned pieces.
    Status add_device_blocks(Object& object, u64 address, u32 pages) {
        while (pages != 0) {
            const auto aligned = static_cast<unsigned>(address == 0 ? kMaxUntypedBits : std::countr_zero(address));
            const unsigned fits = kPageBits + static_cast<unsigned>(std::bit_width(pages)) - 1;
            EFT_CHECK(store_.extend_at(object.frames, address, std::min(aligned, fits)));
            Extent& extent = *store_.last(object.frames);
            const u32 taken = store_.pages(extent);
            EFT_CHECK(make_frames(extent, taken));
            address += u64{taken} << kPageBits;
            pages -= taken;
        }
        return {};
    }

    Store<Kernel>& store_;
    Spaces& spaces_;
    Slot endpoint_;
    Objects objects_;
};

}  // namespace eft::memory
