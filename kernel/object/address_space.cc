#include <object/address_space.h>

#include <object/frame.h>
#include <schedule/core.h>

#include <new>

namespace eft::kernel {
namespace {

using arch::PageEntry;

constexpr int kUnlinkWork = 40, kWalkWork = 100;  // instructions

// A donated page: `data` is 0 while it is spare, else the level at which it is in use (1 to 3: its
// entries map 4 KiB, 2 MiB, 1 GiB each) in the low bits and the first address that it translates.
struct TableData {
    static u64 used_at(unsigned level, u64 address) { return page_down(address) | level; }
    static unsigned level(const Capability& table) { return table.data & 7; }
    static u64 address(const Capability& table) { return page_down(table.data); }
};

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
    list_.space_next = list_.space_prev = &list_;
}

AddressSpace* AddressSpace::create(void* memory) {
    arch::install_kernel_entries(static_cast<PageEntry*>(memory));
    return new (static_cast<std::byte*>(memory) + kPageSize) AddressSpace(to_physical(memory));
}

void AddressSpace::attach(Capability& cap) {
    cap.space = this;
    cap.space_next = list_.space_next;
    cap.space_prev = &list_;
    list_.space_next->space_prev = &cap;
    list_.space_next = &cap;
    ++attached_;
}

void AddressSpace::unlink(Capability& cap) {
    cap.space_prev->space_next = cap.space_next;
    cap.space_next->space_prev = cap.space_prev;
    cap.space = nullptr;
    cap.space_next = cap.space_prev = nullptr;
    --attached_;
}

// Spare tables are kept at the end of the ring.
Capability* AddressSpace::spare_table() const { return list_.space_prev; }

Error AddressSpace::donate(Capability& table) {
    if (table.space) return Error::AlreadyMapped;
    clear_words(to_pointer<void>(table.address()), kPageSize);
    table.data = 0;
    table.space = this;
    table.space_prev = list_.space_prev;
    table.space_next = &list_;
    list_.space_prev->space_next = &table;
    list_.space_prev = &table;
    ++spare_tables_;
    ++attached_;
    return Error::None;
}

Error AddressSpace::map(FrameCap frame, u64 address, FrameRights rights, u8 flags) {
    if (frame->space) return Error::AlreadyMapped;
    const FrameData data = FrameData::of(frame);
    const u64 within = data.bytes() - 1;
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
    if (level == 2 && !data.large()) {
        const PageEntry entry = table[arch::table_index(address, 2)];
        if (entry.leads_on()) table = table_at(entry.address()), level = 1;
    }
    // Another page, a larger one, or the table for smaller ones, even if it is empty.
    if (table[arch::table_index(address, level)].present()) return Error::AlreadyMapped;
    const unsigned missing = level - data.level();
    if (missing > spare_tables_) return Error::NeedMemory;

    for (; level > data.level(); --level) {
        Capability* donated = spare_table();
        table[arch::table_index(address, level)] = PageEntry::table(donated->address());
        table = table_at(donated->address());
        unlink(*donated);
        attach(*donated);
        donated->data = TableData::used_at(level - 1, address);
        --spare_tables_;
        ++used_tables_;
    }
    table[arch::table_index(address, level)] = PageEntry::page(frame->address(), rights, flags, data.large());
    frame->data = data.mapped_at(address);
    attach(frame);
    return Error::None;
}

void AddressSpace::remove_mapping(const Capability& frame) {
    const u64 address = FrameData::of(frame).mapped_address();
    PageEntry* entry = FrameData::of(frame).large() ? find_entry(root_, address, 2) : find_entry(root_, address, 1);
    if (!entry || !entry->leads_to(frame.address())) return;
    *entry = PageEntry();
    arch::flush_page(root_, address);
}

void AddressSpace::remove_table(const Capability& table) {
    const unsigned level = TableData::level(table);
    if (level == 0) {
        --spare_tables_;
        return;
    }
    --used_tables_;
    PageEntry* entry = find_entry(root_, TableData::address(table), level + 1);
    if (!entry || !entry->leads_to(table.address())) return;
    *entry = PageEntry();
    arch::flush_all(root_);
}

Error AddressSpace::unmap(Capability& frame) {
    remove_mapping(frame);
    frame.data = FrameData::of(frame).unmapped();
    unlink(frame);
    return Error::None;
}

void AddressSpace::detach(Capability& cap) {
    if (cap.is(ObjectType::Frame)) {
        remove_mapping(cap);
    } else {
        remove_table(cap);
    }
    unlink(cap);
}

bool AddressSpace::destroy(Core& core) {
    arch::leave_space(root_);
    while (list_.space_next != &list_) {
        Capability& cap = *list_.space_next;
        cap.data = cap.is(ObjectType::Frame) ? FrameData::of(cap).unmapped() : 0;
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
