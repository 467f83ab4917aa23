#include <object/address_space.h>

#include <object/frame.h>
#include <schedule/core.h>

#include <new>

namespace eft::kernel {
namespace {

using arch::PageEntry;

constexpr int kUnlinkWork = 40, kWalkWork = 100;  // instructions

PageEntry* table_at(PhysAddr address) { return to_pointer<PageEntry>(address); }

// The entry that translates `address` in the table of this level (root: arch::kRootLevel), or null
// where a table on the way is missing, or a larger page in its place.
PageEntry* find_entry(PhysAddr root, u64 address, unsigned level) {
    PageEntry* table = table_at(root);
    for (unsigned at = arch::kRootLevel; at > level; --at) {
        const PageEntry entry = table[arch::table_index(address, at)];
        if (!entry.leads_on()) return nullptr;
        table = table_at(entry.address());
    }
    return &table[arch::table_index(address, level)];
}

}  // namespace

AddressSpace::AddressSpace(PhysAddr root) : Object(kType), root_(root) {
    list_.link().next = list_.link().previous = &list_;
}

AddressSpace* AddressSpace::create(void* memory) {
    arch::install_kernel_entries(static_cast<PageEntry*>(memory));
    return new (static_cast<std::byte*>(memory) + kPageSize) AddressSpace(to_physical(memory));
}

void AddressSpace::attach(Capability& cap) {
    Capability& first = *list_.link().next;
    cap.link() = {this, {&first}, &list_};
    first.link().previous = &cap;
    list_.link().next = &cap;
    ++attached_;
}

void AddressSpace::unlink(Capability& cap) {
    SpaceLink& link = cap.link();
    link.previous->link().next = link.next;
    link.next->link().previous = link.previous;
    link = {};
    --attached_;
}

// Spare tables are kept at the end of the ring.
PageTableCap AddressSpace::spare_table() const { return PageTableCap(*list_.link().previous); }

Error AddressSpace::donate(PageTableCap table) {
    if (table->link.space) return Error::AlreadyMapped;
    clear_words(to_pointer<void>(table.slot().address()), kPageSize);
    table->use = TableUse::spare();
    Capability& last = *list_.link().previous;
    table->link = {this, {&list_}, &last};
    last.link().next = &table.slot();
    list_.link().previous = &table.slot();
    ++spare_tables_;
    ++attached_;
    return Error::None;
}

Error AddressSpace::map(FrameCap frame, u64 address, FrameRights rights, u8 flags) {
    if (frame->link.space) return Error::AlreadyMapped;
    const FrameState state = frame->state;
    const u64 within = state.bytes() - 1;
    if ((address & within) != 0 || address == 0 || address > kUserTop - 1 - within) return Error::InvalidArgument;
    if (rights.has(FrameRight::Write) && rights.has(FrameRight::Execute)) return Error::InvalidArgument;
    if (rights.empty() || !rights.within(frame.rights())) return Error::MissingRight;

    // How many tables are missing on the way?
    PageEntry* table = table_at(root_);
    unsigned level = arch::kRootLevel;
    for (; level > 2; --level) {
        const PageEntry entry = table[arch::table_index(address, level)];
        if (!entry.present()) break;
        table = table_at(entry.address());
    }
    if (level == 2 && !state.large()) {
        const PageEntry entry = table[arch::table_index(address, 2)];
        if (entry.leads_on()) table = table_at(entry.address()), level = 1;
    }
    // Another page, a larger one, or the table for smaller ones, even if it is empty.
    if (table[arch::table_index(address, level)].present()) return Error::AlreadyMapped;
    const unsigned missing = level - state.level();
    if (missing > spare_tables_) return Error::NeedMemory;

    for (; level > state.level(); --level) {
        const PageTableCap donated = spare_table();
        table[arch::table_index(address, level)] = PageEntry::table(donated.slot().address());
        table = table_at(donated.slot().address());
        unlink(donated);
        attach(donated);
        donated->use = TableUse::at(level - 1, address);
        --spare_tables_;
        ++used_tables_;
    }
    table[arch::table_index(address, level)] = PageEntry::page(frame.slot().address(), rights, flags, state.large());
    frame->state = state.mapped_at(address);
    attach(frame);
    return Error::None;
}

void AddressSpace::remove_mapping(FrameCap frame) {
    const u64 address = frame->state.mapped_address();
    PageEntry* entry = frame->state.large() ? find_entry(root_, address, 2) : find_entry(root_, address, 1);
    if (!entry || !entry->leads_to(frame.slot().address())) return;
    *entry = PageEntry();
    arch::flush_page(root_, address);
}

void AddressSpace::remove_table(PageTableCap table) {
    if (table->use.is_spare()) {
        --spare_tables_;
        return;
    }
    --used_tables_;
    PageEntry* entry = find_entry(root_, table->use.address(), table->use.level() + 1);
    if (!entry || !entry->leads_to(table.slot().address())) return;
    *entry = PageEntry();
    arch::flush_all(root_);
}

Error AddressSpace::unmap(FrameCap frame) {
    remove_mapping(frame);
    frame->state = frame->state.unmapped();
    unlink(frame);
    return Error::None;
}

void AddressSpace::detach(Capability& cap) {
    if (cap.is(ObjectType::Frame)) {
        remove_mapping(FrameCap(cap));
    } else {
        remove_table(PageTableCap(cap));
    }
    unlink(cap);
}

bool AddressSpace::destroy(Core& core) {
    arch::leave_space(root_);
    while (list_.link().next != &list_) {
        Capability& cap = *list_.link().next;
        if (cap.is(ObjectType::Frame)) {
            FrameCap(cap)->state = FrameCap(cap)->state.unmapped();
        } else {
            PageTableCap(cap)->use = TableUse::spare();
        }
        unlink(cap);
        if (core.must_pause(kUnlinkWork)) return false;
    }
    return true;
}

bool AddressSpace::count_mapped(Core& core, u64& address, u64& pages) const {
    while (address < kUserTop) {
        unsigned level = arch::kRootLevel;
        const PageEntry* entry = find_entry(root_, address, level);
        while (level > 1 && entry->leads_on()) entry = &table_at(entry->address())[arch::table_index(address, --level)];
        const u64 span = u64{kPageSize} << 9 * (level - 1);
        if (entry->present()) pages += span / kPageSize;
        address = (address & ~(span - 1)) + span;
        if (core.must_pause(kWalkWork)) return false;
    }
    return true;
}

}  // namespace eft::kernel
