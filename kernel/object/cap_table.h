// CapTable: a table of capability slots. It has some of its own, and grows by pages that user space donates
// (CapPage), 64 slots each, up to the size chosen when it was made.
//
//   | head | own slots 1 to last | Page | Page | Page | ...     a Page for each 64 slots behind the own ones
//                                   |
//                                   +--> slots last + 1 to last + 64, where a page was donated
//
// So a small table is one array, and where no page is there are no slots. Slot 0 stays empty.
//
// When a CapPage is deleted its slots are out of reach at once. What they hold is deleted as if they were a table
// that dies: theirs is in the list of dying objects until that is done (derivation.h).
#pragma once

#include <object/capability.h>
#include <object/object.h>

namespace eft::kernel {

constexpr int kSlotWork = 20;  // instructions to look at a slot, for Core::must_pause

class CapTable : public Object {
public:
    static constexpr ObjectType kType = ObjectType::CapTable;

    // In cleared memory of cap_table_bytes().
    CapTable(unsigned size_bits, unsigned limit_bits)
        : Object(kType), last_((u64{1} << size_bits) - 1), more_(limit_bits == 0 ? 0 : (u64{1} << limit_bits) - last_ - 1) {}

    u64 size() const { return last_ + 1 + more_; }
    u64 bytes() const { return ((last_ + 1) << kCapabilityBits) + more_ / kPageSlots * sizeof(Page); }
    // Null if there is none, or the null slot. The first slot's memory holds the table's own head.
    Capability* lookup(u64 index) { return index - 1 < last_ ? slots() + index : lookup_more(index); }
    // The same for who only wants what is there: the null slot reads as an empty one. peek_own knows only own slots.
    Capability* peek_own(u64 index) { return index <= last_ ? slots() + index : nullptr; }
    Capability* peek(u64 index) {
        if (index <= last_) [[likely]] return slots() + index;
        const u64 beyond = index - last_ - 1;
        if (beyond >= more_) return nullptr;
        Capability* page = directory()[beyond / kPageSlots].slots;
        return page ? page + beyond % kPageSlots : nullptr;
    }
    // How many slots from `index` on, at most so many, are seen to be empty at once.
    u64 count_empty(u64 index, u64 most) {
        if (index > last_) return 0;
        const Capability* const first = slots() + index;
        const Capability* const end = first + (most < last_ + 1 - index ? most : last_ + 1 - index);
        const Capability* at = first;
        while (at != end && at->empty()) ++at;
        return static_cast<u64>(at - first);
    }
    // Counts the slots in use from `index` on, adding to `used`. False: it paused and goes on from `index`.
    bool count_used(Core& core, u64& index, u64& used);
    u64 pages() const { return page_count_; }

    // `cap`, a CapPage, gives the slots around `index`. What is dying is reaped.
    Error donate(CapPageCap donated, u64 index);
    // The capability of a page in use moves, or is being deleted.
    void rename_page(CapPageCap page, Capability& destination) { page_of(page).link = &destination; }
    void lose_page(CapPageCap lost);
    // Deletes what is in the pages that go and, if no capability names the table any more, in all of it, from the
    // end. False: it paused; what is gone is out of range.
    bool reap(Core& core);

private:
    static constexpr u32 kNoPage = ~u32{0};

    struct Page {
        Capability* slots;  // for look-ups
        Capability* link;   // its CapPage; if that was deleted, the slots that have to be emptied
    };
    Page* directory() { return reinterpret_cast<Page*>(slots() + last_ + 1); }
    Page& page_of(CapPageCap page) { return directory()[(page->first - last_ - 1) / kPageSlots]; }
    Capability* slots() { return reinterpret_cast<Capability*>(this); }
    Capability* lookup_more(u64 index);
    bool empty_pages(Core& core);

    u64 last_;           // own slot
    u64 more_;           // slots behind it that there can be
    u64 null_type_ = 0;  // where the null slot has its type
    u32 page_count_ = 0;
    u32 going_ = kNoPage;  // no page before this one has to be emptied
};
static_assert(sizeof(CapTable) <= 1u << kCapabilityBits);

}  // namespace eft::kernel
