// All that mem knows. Fixed tables, because mem's own memory cannot grow; plain data without pointers, in which zeros
// say that there is nothing; the capabilities that it speaks of are in mem's own slots. It lies in mem's state region:
// changes go through the journal (journal.h), and server.h says what becomes of a request in progress when mem dies.
#pragma once

#include "blocks.h"
#include "chains.h"
#include "pool.h"
#include "records.h"
#include "slot_runs.h"

#include <eft/core_processes.h>
#include <eft/idl/mem.h>
#include <eft/layout.h>
#include <eft/state/region.h>

#include <type_traits>

namespace eft::memory {

// The badges of capabilities to mem's endpoint have the id of a space or of an object, so one to something that has ended
// finds nothing. Those of the sessions that root mints for the other core servers have their process's.
using Kind = mem::Mem::SessionKind;

constexpr u64 kStackBottom = layout::kStackTop - layout::kStackBytes;
constexpr u32 kStackPages = layout::kStackBytes / kPageSize;

// One process cannot use up the tables for all. The supervisor has more: five objects for each of 48 services (servers/rs/persistent_part.h),
// and views of three of them.
constexpr u32 kMaxMappingsOfSpace = 128, kMaxMappingsOfCore = 256;
constexpr u32 kMaxObjectsOfSpace = 96, kMaxObjectsOfCore = 256;
constexpr u32 kMaxQuota = 65536;  // pages

struct Space {
    u32 id = 0;  // 0: the record is not in use
    u32 quota = 0;
    u32 used = 0;    // pages of its blocks and of its objects
    u32 mapped = 0;  // pages of objects that it maps; bounded by the quota, too, because they take slots
    u32 mappings = 0;
    u32 objects = 0;
    // What a death in the middle of is finished by the next incarnation: no memory any more and nothing mapped, and
    // for Ending no record either.
    enum class Phase : u8 { Living, Emptying, Ending };
    Phase phase = Phase::Living;
    bool adopted = false;       // root made the address space
    u32 key = 0;                // its maker's number for it; 0: none
    u32 adopter = 0;            // id of the session whose own space it is; 0: nobody's
    u32 lasts_for = 0;          // id of the session for whose kernel objects it is only, over all of its spaces; 0: a space
    bool has_further_threads = false;
    bool exhausted = false;     // there was no memory for a page fault
    Slot space = Slot::None;    // the AddressSpace
    Slot session = Slot::None;  // the capabilities that others' are derived from, so that a revoke ends them
    Slot pager = Slot::None;
    Slot thread = Slot::None;
    Slot context = Slot::None;  // the thread's share of the processor
    Chain pages;                // blocks of page-sized things, in slots of their own
    Slot small = Slot::None;    // the one of these pages, an Untyped, that small kernel objects are made of
    Chain tables;               // blocks of one CapTable each, where it is larger than a page
    u16 first_mapping = 0;
    std::array<Slot, kStackPages> stack{};  // frames of the stack, for crash records
    // The LoadImage under way, which goes on from here when it is asked for again: 0, or its address and pages.
    u64 image = 0;
    u64 image_done = 0;

    u32 most_mappings() const { return adopted ? kMaxMappingsOfCore : kMaxMappingsOfSpace; }
    u32 most_objects() const { return adopted ? kMaxObjectsOfCore : kMaxObjectsOfSpace; }
};

struct Object {
    u64 id = 0;              // 0: the record is not in use
    u32 owner = 0;           // id of the space that it is charged to; 0: mem's own, a device's, or its owner has ended
    bool held = false;       // by its owner, who has not released it; not before it has all of its frames
    bool ending = false;     // in the list of those whose memory is to be given back
    bool device = false;
    bool permanent = false;  // mem's own for good, and read-only: the boot archive, the logs of the core processes
    u32 pages = 0;
    u32 charged = 0;  // pages
    u32 mappings = 0;
    bool pinned = false;
    u64 device_address = 0;
    u16 next_ending = 0;       // index, as in State::first_ending
    Slot master = Slot::None;  // what object capabilities are derived from
    Chain frames;

    bool wanted() const { return held || mappings != 0 || pinned; }
};

struct Mapping {
    u64 object = 0;  // id
    u64 address = 0;
    u32 pages = 0;
    Slot first = Slot::None;  // of the run of derived frame capabilities
    u16 next = 0;             // of the same space

    u64 bytes() const { return u64{pages} * kPageSize; }
    bool contains(u64 where) const { return where >= address && where - address < bytes(); }
};

// A page fault at which mem has ended (suspects.h).
struct Suspect {
    u64 space = 0;  // id; 0: there is none
    u64 page = 0;
    u64 deaths = 0;
};

struct State {
    SlotRuns slots;
    Blocks blocks;
    Extents extents;
    Records<Space, 6, 0xffff'ffff> spaces;
    Records<Object, 9, (u64{1} << 48)> objects;
    Pool<Mapping, 2048> mappings;

    // Nobody wants these objects, and the next request or incarnation ends them first. Index and 1; 0: there is none.
    u16 first_ending = 0;
    bool undone = false;         // something was taken back, and what it leaves has not been looked for

    // The page fault that is being served; 0: none.
    u64 served_space = 0;
    u64 served_page = 0;
    bool has_suspects = false;
    std::array<Suspect, 4> suspects{};

    u32 untyped_taken = 0;       // of those that root gave
    u32 table_pages = 0;         // of mem's own table, in slots of it
    u64 endpoint_id = 0;         // the kernel's, of mem's own endpoint
    u32 own_space = 0;           // id
    bool archive_shown = false;  // in the present own address space
    u64 archive = 0;      // id of the object
    u64 archive_bytes = 0;
    std::array<u64, kCoreProcesses.size()> core_logs{};  // ids of objects, by process id from 1
};
static_assert(std::is_trivially_copyable_v<State>);

// The journal takes the longest step: the run of slots for the largest mapping is noted when it is taken and, should that fail,
// given back.
constexpr u32 kStateVersion = 1;
using Region = StateRegion<State, kJournalBytes>;

}  // namespace eft::memory
