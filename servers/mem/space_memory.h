// Taking memory for a space: page by page out of blocks that are the space's alone, and charged to its quota block by
// block. Revoking these blocks is the end of everything that the space had.
#pragma once

#include "records.h"

namespace eft::memory {

template <class Kernel>
class SpaceMemory {
public:
    explicit SpaceMemory(Store<Kernel>& store) : store_(store) {}

    Status charge(Space& space, u32 pages) const {
        if (pages > space.quota - space.used) return Error::OutOfMemory;
        space.used += pages;
        return {};
    }

    // A page-sized object (frame or page table) in a slot that belongs to its block.
    Result<Slot> take_page(Space& space, ObjectType type) {
        Extent* extent = store_.last(space.pages);
        if (!extent || extent->used == store_.pages(*extent)) {
            EFT_CHECK(grow(space));
            extent = store_.last(space.pages);
        }
        const Slot slot = static_cast<Slot>(raw(extent->first) + extent->used);
        EFT_CHECK(store_.kernel.retype(store_.buddy.slot(extent->block), type, slot));
        ++extent->used;
        return slot;
    }

    // The AddressSpace takes the first two pages of the first block.
    Result<Slot> take_address_space(Space& space) {
        EFT_CHECK(grow(space));
        Extent& extent = *store_.last(space.pages);
        if (store_.pages(extent) < kAddressSpacePages) return Error::OutOfMemory;
        EFT_CHECK(store_.kernel.retype(store_.buddy.slot(extent.block), ObjectType::AddressSpace, extent.first));
        extent.used = kAddressSpacePages;
        return extent.first;
    }

    // Kernel objects that are no pages, into `count` consecutive empty slots.
    Status make_small(Space& space, ObjectType type, Slot slot, u32 count = 1, unsigned size_bits = 0) {
        Extent* extent = store_.last(space.small);
        const Status made = extent
                                ? store_.kernel.retype(store_.buddy.slot(extent->block), type, slot, count, size_bits)
                                : Status(Error::NeedMemory);
        if (made.error() != Error::NeedMemory) return made;
        const unsigned table_bits = size_bits + kCapabilityBits;
        const unsigned bits = type == ObjectType::CapTable && table_bits > kPageBits ? table_bits : kPageBits;
        EFT_CHECK(charge(space, 1u << (bits - kPageBits)));
        if (Status extended = store_.extend(space.small, bits, 0); !extended.ok()) {
            space.used -= 1u << (bits - kPageBits);
            return extended;
        }
        return store_.kernel.retype(store_.buddy.slot(store_.last(space.small)->block), type, slot, count, size_bits);
    }

    // Maps a frame, giving the address space page tables as it needs them.
    Status map(Space& space, Slot frame, u64 address, Rights rights, bool uncached = false) {
        const u8 flags = uncached ? static_cast<u8>(MapFlag::Uncached) : 0;
        for (;;) {
            const Status mapped = store_.kernel.map(space.space, frame, address, rights, flags);
            if (mapped.error() != Error::NeedMemory) return mapped;
            EFT_TRY(const Slot table, take_page(space, ObjectType::PageTable));
            EFT_CHECK(store_.kernel.donate(space.space, table));
        }
    }

    // Ends everything that was made for the space.
    void release(Space& space) {
        store_.release(space.small);
        store_.release(space.pages);
    }

private:
    static constexpr u32 kAddressSpacePages = 1u << (kAddressSpaceBits - kPageBits);
    static constexpr u32 kFirstBlock = 16;
    static constexpr u32 kLargestBlock = 256;

    // Blocks grow with the space, so that a large one has few of them; towards the quota's end, or where memory is
    // scarce, they get smaller.
    Status grow(Space& space) {
        const u32 left = space.quota - space.used;
        if (left == 0) return Error::OutOfMemory;
        const u32 wish = std::clamp(std::bit_floor(space.used / 2), kFirstBlock, kLargestBlock);
        for (u32 pages = std::min(wish, std::bit_floor(left));; pages /= 2) {
            const unsigned bits = kPageBits + static_cast<unsigned>(std::countr_zero(pages));
            const Status extended = store_.extend(space.pages, bits, pages);
            if (extended.ok()) space.used += pages;
            if (extended.ok() || pages == 1) return extended;
        }
    }

    Store<Kernel>& store_;
};

}  // namespace eft::memory
