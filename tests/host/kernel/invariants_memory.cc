// Memory and page tables: nothing overlaps, all lies in the Untyped that it came from, every mapping belongs to a
// capability, and no physical page is writable and executable.
#include "invariants.h"

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/frame.h>
#include <object/untyped.h>

#include <arch/arena.h>

#include <algorithm>

namespace eft::kernel::test {
namespace {

using arch::PageEntry;

struct Range {
    u64 start, end;
    bool sealed = false;
};

// The memory that a capability stands for; empty if it has none of its own.
Range memory_of(const Capability& cap) {
    const u64 start = cap.id();
    if (has_object(cap.type())) {
        // An address space's head lies in the second page of its memory.
        const u64 first = cap.is(ObjectType::AddressSpace) ? start - kPageSize : start;
        return {first, first + object_bytes(*cap.object())};
    }
    switch (cap.type()) {
        case ObjectType::Frame: {
            const FrameState state = cap.payload<ObjectType::Frame>().state;
            return {start, start + state.bytes(), state.sealed()};
        }
        case ObjectType::CapPage:
        case ObjectType::PageTable: return {start, start + kPageSize};
        case ObjectType::Untyped: return {start, start + cap.payload<ObjectType::Untyped>().size()};
        default: return {0, 0};
    }
}

// Each piece of memory that is in use, once.
std::vector<Range> used_ranges(Survey& found) {
    std::map<u64, Range> ranges;
    for (Capability* cap : found.capabilities) {
        if (cap->is(ObjectType::Untyped)) continue;
        if (const Range range = memory_of(*cap); range.end != 0) ranges[range.start] = range;
    }
    for (auto& [object, count] : found.objects) {
        if (count != 0) continue;  // dying: its memory is still its own
        const u64 start = to_physical(object).value() - (object->type == ObjectType::AddressSpace ? kPageSize : 0);
        ranges[start] = {start, start + object_bytes(*object)};
    }
    found.each<CapTable>(ObjectType::CapTable, [&](CapTable& table) {
        for (u64 i = 0; i < table.more_ / kPageSlots; ++i) {
            const CapTable::Page& page = table.directory()[i];
            if (page.slots || !page.link) continue;
            const u64 start = to_physical(page.link).value();  // going: it has no capability any more
            ranges[start] = {start, start + kPageSize};
        }
    });
    std::vector<Range> result;
    for (auto& [start, range] : ranges) result.push_back(range);
    return result;
}

void check_ranges(Survey& found) {
    const std::vector<Range> ranges = used_ranges(found);
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        found.require(ranges[i - 1].end <= ranges[i].start, "two objects share memory");
    }
    for (const Range& range : ranges) {
        for (u64 page = page_down(range.start); page < range.end; page += kPageSize) {
            found.require(arch::record().is_protected(PhysAddr(page)) == range.sealed,
                          "the direct map's protection does not fit what a page is used for");
        }
    }
}

// `cap` lies in the used part of the nearest Untyped above it.
void check_origin(Survey& found, Capability& cap) {
    const Range range = memory_of(cap);
    if (range.end == 0) return;
    Capability* above = &cap;
    do {
        while (!above->last()) above = above->next_;
        above = Capability::untagged(above->next_);
    } while (!above->is(ObjectType::Untyped) && above->next_);
    if (!above->is(ObjectType::Untyped)) return;  // given to the first thread at the start
    const u64 start = above->address().value();
    found.require(range.start >= start && range.end <= start + UntypedCap(*above)->used,
                  "an object lies outside the memory that it was made of");
}

struct Permissions {
    bool write = false, execute = false;
};

class SpaceCheck {
public:
    SpaceCheck(Survey& found, AddressSpace& space, std::map<u64, Permissions>& permissions)
        : found_(found), space_(space), permissions_(permissions) {}

    void run() {
        if (!read_list()) return;
        check_table(space_.root_, arch::kRootLevel, 0);
        const PageEntry* root = to_pointer<const PageEntry>(space_.root_);
        for (unsigned i = arch::kUserRootEntries; i < arch::kTableEntries; ++i) {
            found_.require(root[i].value() == arch::kernel_entry(i).value(), "the kernel's half of a root changed");
        }
    }

private:
    bool read_list() {
        u64 spare = 0;
        Capability* previous = &space_.list_;
        for (Capability* cap = space_.list_.link().next; cap != &space_.list_; previous = cap, cap = cap->link().next) {
            if (!found_.capabilities.contains(cap) || cap->link().space != &space_ || cap->link().previous != previous) {
                found_.require(false, "an address space's list of capabilities is broken");
                return false;
            }
            if (cap->is(ObjectType::Frame)) {
                found_.require(spare == 0, "a spare page table is not at the end of the list");
                frames_[{cap->detail(), cap->address().value()}] = cap;
            } else if (PageTableCap(*cap)->use.is_spare()) {
                ++spare;
            } else {
                found_.require(spare == 0, "a spare page table is not at the end of the list");
                tables_[cap->address().value()] = cap;
            }
        }
        found_.require(space_.list_.link().previous == previous, "an address space's list has another end");
        found_.require(space_.spare_tables_ == spare, "an address space miscounts its spare tables");
        found_.require(space_.attached_ == frames_count() + tables_.size() + spare, "an address space miscounts its capabilities");
        found_.require(space_.used_tables_ == tables_.size(), "an address space miscounts its tables");
        for (Capability* cap : found_.capabilities) attached_ += cap->mappable() && cap->link().space == &space_;
        found_.require(attached_ == frames_count() + tables_.size() + spare, "a capability thinks that it is attached");
        return true;
    }

    u64 frames_count() const {
        u64 count = 0;
        for (Capability* cap = space_.list_.link().next; cap != &space_.list_; cap = cap->link().next) {
            count += cap->is(ObjectType::Frame);
        }
        return count;
    }

    void check_table(PhysAddr table, unsigned level, u64 base) {
        const PageEntry* entries = to_pointer<const PageEntry>(table);
        const unsigned count = level == arch::kRootLevel ? arch::kUserRootEntries : arch::kTableEntries;
        for (unsigned i = 0; i < count; ++i) {
            if (entries[i].value() == 0) continue;
            const u64 address = base | u64{i} << (kPageBits + 9 * (level - 1));
            if (level == 1 || !entries[i].leads_on()) {
                check_page(entries[i], address, level);
            } else {
                check_inner(entries[i], level - 1, address);
            }
        }
    }

    void check_inner(const PageEntry& entry, unsigned level, u64 address) {
        const auto table = tables_.find(entry.address().value());
        if (table == tables_.end()) return found_.require(false, "a page table is in use that nobody donated");
        const u64 span = u64{1} << (kPageBits + 9 * level);
        found_.require(PageTableCap(*table->second)->use.level() == level && (PageTableCap(*table->second)->use.address() & ~(span - 1)) == address,
                       "a donated table is in use at another place than its capability says");
        check_table(entry.address(), level, address);
    }

    void check_page(const PageEntry& entry, u64 address, unsigned level) {
        const auto frame = frames_.find({address, entry.address().value()});
        if (frame == frames_.end()) return found_.require(false, "a page is mapped that no capability stands for");
        const FrameCap cap(*frame->second);
        found_.require(level == cap->state.level() && entry.has(PageEntry::Large) == (level == 2),
                       "a page is mapped with another size than its frame has");
        found_.require(address % cap->state.bytes() == 0, "a page is mapped across its size");
        found_.require(!entry.has(PageEntry::Write) || cap.may(FrameRight::Write), "a page is writable without right");
        found_.require(!entry.has(PageEntry::Execute) || cap.may(FrameRight::Execute),
                       "a page is executable without right");
        Permissions& all = permissions_[entry.address().value()];
        all.write |= entry.has(PageEntry::Write);
        all.execute |= entry.has(PageEntry::Execute);
    }

    Survey& found_;
    AddressSpace& space_;
    std::map<u64, Permissions>& permissions_;
    std::map<std::pair<u64, u64>, Capability*> frames_;
    std::map<u64, Capability*> tables_;
    u64 attached_ = 0;
};

// Each page is where its capability says.
void check_pages(Survey& found, CapTable& table) {
    u64 pages = 0;
    for (u64 i = 0; i < table.more_ / kPageSlots; ++i) {
        const CapTable::Page& page = table.directory()[i];
        if (!page.slots) {
            found.require(!page.link || (table.dying && (table.going_ <= i || table.capabilities == 0)), "a page that goes is forgotten");
            continue;
        }
        ++pages;
        if (!found.capabilities.contains(page.link) || !page.link->is(ObjectType::CapPage) || CapPageCap(*page.link)->table != &table) {
            return found.require(false, "a table has a page that nobody donated");
        }
        found.require(CapPageCap(*page.link)->first == table.last_ + 1 + i * kPageSlots && to_pointer<Capability>(page.link->address()) == page.slots,
                      "a page is not where its capability says");
    }
    for (Capability* cap : found.capabilities) pages -= cap->is(ObjectType::CapPage) && CapPageCap(*cap)->table == &table;
    found.require(pages == 0, "a capability thinks that its page is in use");
}

}  // namespace

u64 object_bytes(const Object& object) {
    switch (object.type) {
        case ObjectType::CapTable: return static_cast<const CapTable&>(object).bytes();
        case ObjectType::Thread: return u64{1} << kThreadBits;
        case ObjectType::AddressSpace: return u64{1} << kAddressSpaceBits;
        case ObjectType::SchedContext: return u64{1} << kSchedContextBits;
        default: return u64{1} << kEndpointBits;
    }
}

// What an Untyped takes for cleared is.
void check_cleared(Survey& found, UntypedCap untyped) {
    const u64* memory = to_pointer<const u64>(untyped.slot().address());
    found.require(untyped->zero_start <= untyped->zero_end && untyped->zero_end <= untyped->size(),
                  "an Untyped's cleared part lies outside of it");
    for (u64 at = untyped->zero_start; at < untyped->zero_end; at += sizeof(u64)) {
        if (memory[at / sizeof(u64)] != 0) return found.require(false, "memory that is taken for cleared is not");
    }
}

void check_memory(Survey& found, Core&) {
    check_ranges(found);
    for (Capability* cap : found.capabilities) {
        if (cap->is(ObjectType::Untyped) && !UntypedCap(*cap)->device) check_cleared(found, UntypedCap(*cap));
    }
    for (Capability* cap : found.capabilities) check_origin(found, *cap);

    found.each<CapTable>(ObjectType::CapTable, [&](CapTable& table) { check_pages(found, table); });
    std::map<u64, Permissions> permissions;
    found.each<AddressSpace>(ObjectType::AddressSpace,
                             [&](AddressSpace& space) {
                                 if (!space.dying) SpaceCheck(found, space, permissions).run();
                             });
    found.each<Thread>(ObjectType::Thread, [&](Thread& thread) {
        if (!thread.utcb_frame.empty()) permissions[thread.utcb_frame.address().value()].write = true;
    });
    for (auto& [page, allowed] : permissions) {
        found.require(!allowed.write || !allowed.execute, "a physical page is writable and executable");
    }
    for (Capability* cap : found.capabilities) {
        if (!cap->is(ObjectType::Frame)) continue;
        const bool executable = FrameCap(*cap).may(FrameRight::Execute);
        found.require(!executable || !FrameCap(*cap).may(FrameRight::Write), "a capability allows to write and to execute");
        found.require(!executable || FrameCap(*cap)->state.sealed(), "an executable frame is not sealed");
        found.require(!FrameCap(*cap)->state.sealed() || !permissions[cap->address().value()].write,
                      "a sealed page can be written");
    }
}

void poison_unused(Core& core) {
    Survey found = survey(core);
    u64 end = arch::kArenaStart;
    std::vector<Range> kept = used_ranges(found);
    for (Capability* cap : found.capabilities) {  // what was cleared ahead
        if (!cap->is(ObjectType::Untyped)) continue;
        const UntypedCap untyped(*cap);
        if (untyped->zero_start == untyped->zero_end) continue;
        kept.push_back({cap->address().value() + untyped->zero_start, cap->address().value() + untyped->zero_end});
    }
    std::sort(kept.begin(), kept.end(), [](const Range& a, const Range& b) { return a.start < b.start; });
    for (const Range& range : kept) {
        if (!arch::in_arena(PhysAddr(range.start))) continue;
        if (range.start > end) arch::poison(PhysAddr(end), range.start - end);
        end = std::max(end, range.end);
    }
    const u64 arena_end = arch::kArenaStart + arch::kArenaSize;
    if (end < arena_end) arch::poison(PhysAddr(end), arena_end - end);
}

}  // namespace eft::kernel::test
