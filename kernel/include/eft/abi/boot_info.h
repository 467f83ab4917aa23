// What the kernel tells root, in one read-only page at kBootInfoAddress in root's address space.
#pragma once

#include <eft/abi/types.h>

namespace eft {

constexpr u64 kBootInfoAddress = 0x1000'0000;
constexpr u64 kRootUtcbAddress = 0x1000'1000;
constexpr u32 kBootInfoMagic = 0x65667431;  // "eft1"

// The slots of root's CapTable that are filled at the start.
enum class RootSlot : u32 {
    Table = 1,
    Thread = 2,
    Space = 3,
    Irqs = 4,
    Ports = 5,
    Reply = 6,  // a free Reply object; it is root's current Reply already
    FirstUntyped = 16,
};
constexpr unsigned kRootTableBits = 14;

struct BootUntyped {
    u64 address;
    u8 size_bits;
    u8 device;   // not ordinary memory: never cleared, only frames can be made of it
    u8 archive;  // holds (a part of) the boot archive
    u8 reserved[5];
};

struct BootInfo {
    u32 magic;
    u32 untyped_count;    // in slots FirstUntyped + i
    u64 archive_address;  // physical, page-aligned
    u64 archive_size;     // bytes
    u64 acpi_rsdp;        // physical address of the ACPI RSDP, 0 if the loader gave none
    u64 entry_time;       // time-stamp counter at the kernel's entry
    u64 memory_bytes;     // ordinary memory found
    u64 ticks_per_ms;     // of the time-stamp counter, measured at boot to about one in a thousand
    u32 first_free_slot;
    u32 lost_pieces;      // of memory that nobody gets, because there was no room in `untyped` or in the kernel's map
    BootUntyped untyped[160];
    u64 lost_bytes;       // ordinary memory in them
};
static_assert(sizeof(BootInfo) <= kPageSize);

}  // namespace eft
