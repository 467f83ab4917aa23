// Invariant: no page is mapped writable and executable, counting all mappings of the kernel itself;
// the image's text and constants are read-only in the direct map, too.
#include "paging.h"

#include <arch/direct_map.h>
#include <arch/memory_map.h>
#include <arch/page_table.h>

#include "cpu.h"
#include "local.h"
#include "panic.h"

#include <iterator>

extern "C" const char image_text[], image_rodata[], image_data[], image_end[];

namespace eft::kernel::arch {
namespace {

constinit PhysAddr kernel_root;
PageEntry* direct_entries;  // one per page of memory up to the highest, in the direct map's tables
u64 direct_pages;
u16 kernel_entries[8];  // those of the root that are present: they never change
unsigned kernel_entry_count;

// While the boot tables are active, low memory is mapped at its own address.
PageEntry* boot_table(u64 physical) { return reinterpret_cast<PageEntry*>(physical); }
u64 image_physical(const char* symbol) { return reinterpret_cast<u64>(symbol) - kImageBase; }

PageEntry& entry_for(u64 address, BootMemory& memory) {
    PageEntry* table = boot_table(kernel_root.value());
    for (unsigned level = kRootLevel; level > 1; --level) {
        PageEntry& entry = table[table_index(address, level)];
        if (!entry.present()) entry = PageEntry(PhysAddr(memory.take(1)), PageEntry::Present | PageEntry::Writable);
        table = boot_table(entry.address().value());
    }
    return table[table_index(address, 1)];
}

void map_range(u64 address, u64 physical, u64 end_physical, u64 bits, BootMemory& memory) {
    for (; physical < end_physical; physical += kPageSize, address += kPageSize) {
        entry_for(address, memory) = PageEntry(PhysAddr(physical), bits | PageEntry::Present | PageEntry::Accessed | PageEntry::Dirty);
    }
}

void map_direct(const LoaderInfo& info, BootMemory& memory) {
    direct_pages = info.memory.highest() / kPageSize;
    const u64 tables = (direct_pages + kTableEntries - 1) / kTableEntries;
    const u64 first = memory.take(tables);
    PageEntry* entries = boot_table(first);
    constexpr u64 kBits = PageEntry::Present | PageEntry::Writable | PageEntry::NoExecute | PageEntry::Accessed | PageEntry::Dirty;
    for (const MemoryRange& range : info.memory) {
        for (u64 page = range.start / kPageSize; page < range.end / kPageSize; ++page) {
            entries[page] = PageEntry(PhysAddr(page * kPageSize), kBits);
        }
    }
    for (u64 page = image_physical(image_text) / kPageSize; page < image_physical(image_data) / kPageSize; ++page) {
        entries[page].clear(PageEntry::Writable);
    }
    constexpr u64 kTableSpan = kPageSize * kTableEntries;
    for (u64 i = 0; i < tables; ++i) {
        PageEntry* level = boot_table(kernel_root.value());
        const u64 address = kDirectMapBase + i * kTableSpan;
        for (unsigned at = kRootLevel; at > 2; --at) {
            PageEntry& entry = level[table_index(address, at)];
            if (!entry.present()) entry = PageEntry(PhysAddr(memory.take(1)), PageEntry::Present | PageEntry::Writable);
            level = boot_table(entry.address().value());
        }
        level[table_index(address, 2)] = PageEntry(PhysAddr(first + i * kPageSize), PageEntry::Present | PageEntry::Writable);
    }
    direct_entries = to_pointer<PageEntry>(PhysAddr(first));
}

}  // namespace

u64 BootMemory::take(u64 pages) {
    const u64 address = range_.start;
    if (pages * kPageSize > range_.size()) panic("too little memory for the kernel's page tables");
    range_.start += pages * kPageSize;
    clear_words(reinterpret_cast<void*>(address), pages * kPageSize);
    return address;
}

void build_kernel_tables(const LoaderInfo& info, BootMemory& memory) {
    kernel_root = PhysAddr(memory.take(1));
    map_direct(info, memory);
    map_range(kImageBase + image_physical(image_text), image_physical(image_text), image_physical(image_rodata), 0, memory);
    map_range(kImageBase + image_physical(image_rodata), image_physical(image_rodata), image_physical(image_data), PageEntry::NoExecute, memory);
    map_range(kImageBase + image_physical(image_data), image_physical(image_data), image_physical(image_end),
              PageEntry::NoExecute | PageEntry::Writable, memory);
    constexpr u64 kDevice = PageEntry::NoExecute | PageEntry::Writable | PageEntry::CacheDisable | PageEntry::WriteThrough;
    map_range(kLocalApicBase, 0xfee00000, 0xfee01000, kDevice, memory);
    map_range(kIoApicBase, 0xfec00000, 0xfec01000, kDevice, memory);
    for (unsigned i = kUserRootEntries; i < kTableEntries; ++i) {
        if (!boot_table(kernel_root.value())[i].present()) continue;
        if (kernel_entry_count == std::size(kernel_entries)) panic("the kernel's half of the root table is too full");
        kernel_entries[kernel_entry_count++] = static_cast<u16>(i);
    }
    core_local.active_root = kernel_root;
    write_root(kernel_root);
}

void install_kernel_entries(PageEntry* root) {
    const PageEntry* kernel = to_pointer<PageEntry>(kernel_root);
    for (unsigned i = 0; i < kernel_entry_count; ++i) root[kernel_entries[i]] = kernel[kernel_entries[i]];
}

void leave_space(PhysAddr root) {
    if (core_local.active_root != root) return;
    core_local.active_root = kernel_root;
    write_root(kernel_root);
}

void protect_direct_map(PhysAddr page) {
    direct_entries[page.value() / kPageSize].clear(PageEntry::Writable);
    flush_address(kDirectMapBase + page.value());
}

void unprotect_direct_map(PhysAddr page) {
    PageEntry& entry = direct_entries[page.value() / kPageSize];
    if (entry.writable()) return;
    entry.set(PageEntry::Writable);
    flush_address(kDirectMapBase + page.value());
}

}  // namespace eft::kernel::arch
