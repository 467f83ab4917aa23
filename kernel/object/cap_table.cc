#include <object/cap_table.h>

#include <object/derivation.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

constexpr int kPageWork = 300;  // instructions to look through the slots of a page

// Each pause comes after a deletion.
bool empty(Core& core, Capability* slots) {
    for (u64 i = 0; i < kPageSlots; ++i) {
        if (slots[i].empty()) continue;
        if (!remove_capability(core, slots[i]) || core.must_pause(kDeletionWork)) return false;
    }
    return true;
}

}  // namespace

Capability* CapTable::lookup_more(u64 index) { return index != 0 ? peek(index) : nullptr; }

bool CapTable::count_used(Core& core, u64& index, u64& used) {
    while (index < size()) {
        if (const Capability* cap = lookup(index)) {
            used += !cap->empty();
            ++index;
        } else {
            index += index == 0 ? 1 : kPageSlots;  // a page that is not there
        }
        if (core.must_pause(kSlotWork)) return false;
    }
    return true;
}

Error CapTable::donate(CapPageCap donated, u64 index) {
    if (index >= size()) return Error::InvalidCapability;
    if (index <= last_ || donated->table) return Error::AlreadyMapped;
    const u64 number = (index - last_ - 1) / kPageSlots;
    Page& page = directory()[number];
    if (page.slots) return Error::AlreadyMapped;
    page = {to_pointer<Capability>(donated.slot().address()), &donated.slot()};
    donated->first = last_ + 1 + number * kPageSlots;
    donated->table = this;
    ++page_count_;
    return Error::None;
}

void CapTable::lose_page(CapPageCap lost) {
    Page& page = page_of(lost);
    page = {nullptr, page.slots};
    const auto number = static_cast<u32>(&page - directory());
    if (number < going_) going_ = number;
    --page_count_;
}

// What is deleted may be the CapPage of another page, also of one before this one.
bool CapTable::empty_pages(Core& core) {
    while (going_ < more_ / kPageSlots) {
        const u32 number = going_;
        Page& page = directory()[number];
        if (!page.slots && page.link) {
            if (!empty(core, page.link)) return false;
            page.link = nullptr;
        }
        if (going_ == number) ++going_;
        if (core.must_pause(kPageWork)) return false;
    }
    going_ = kNoPage;
    return true;
}

bool CapTable::reap(Core& core) {
    if (!empty_pages(core)) return false;
    if (capabilities != 0) return true;
    while (more_ != 0) {
        Page& page = directory()[more_ / kPageSlots - 1];
        if (page.link && !empty(core, page.slots ? page.slots : page.link)) return false;
        if (page.slots) page.link->payload<ObjectType::CapPage>() = {};  // it can be donated again
        more_ -= kPageSlots;
        if (core.must_pause(kPageWork)) return false;
    }
    while (last_ != 0) {
        Capability& cap = slots()[last_];
        const int work = cap.empty() ? kSlotWork : kDeletionWork;
        if (!cap.empty() && !remove_capability(core, cap)) return false;
        --last_;
        if (core.must_pause(work)) return false;
    }
    return true;
}

}  // namespace eft::kernel
