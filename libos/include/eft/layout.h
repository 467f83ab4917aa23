// Where things are in every user process, and in its CapTable. Fixed addresses and slots, so that the
// next incarnation finds what the last one left.
//
//   address space                                     lifetime
//   0x0040'0000  image (libos/program.ld)             incarnation
//   0x0fff'f000  top of the stack, growing down       incarnation
//   0x1000'0000  configuration, one page, read-only   service
//   0x1000'1000  message page (UTCB)                  incarnation
//   0x1000'2000  those of further threads             incarnation
//   0x1010'0000  what root shows rs, read-only        service
//   0x1800'0000  persistent memory (persistent.h)     service
//   0x3000'0000  memory objects that libos maps       incarnation
//   0x4000'0000  heap, zeroed on first touch          incarnation
#pragma once

#include <eft/abi/types.h>

namespace eft::layout {

constexpr u64 kImageBase = 0x0040'0000;
constexpr u64 kImageLimit = 0x0f00'0000;
constexpr u64 kStackTop = 0x0fff'f000;
constexpr u64 kStackBytes = 64 * 1024;
constexpr u64 kConfigAddress = 0x1000'0000;
constexpr u64 kUtcbAddress = 0x1000'1000;
constexpr unsigned kMostFurtherThreads = 16;
constexpr u64 further_utcb(unsigned index) { return kUtcbAddress + (index + 1) * kPageSize; }
constexpr u64 kShownAddress = 0x1010'0000;
constexpr u64 kPersistentAddress = 0x1800'0000;
constexpr u64 kObjectBase = 0x3000'0000;
constexpr u64 kObjectLimit = 0x4000'0000;
constexpr u64 kHeapBase = 0x4000'0000;
constexpr u64 kHeapLimit = 0x8000'0000;

// From the entry point of any program: an endless loop, and an undefined instruction (src/start.S).
constexpr u64 kHangOffset = 0x10;
constexpr u64 kCrashOffset = 0x12;

}  // namespace eft::layout

namespace eft {

// Slots of a process's CapTable that mean the same everywhere.
enum class WellKnown : u32 {
    Table = 1,         // this CapTable
    Thread = 2,        // the process's thread                                  (incarnation)
    Endpoint = 3,      // receives the service's requests
    Notification = 4,  // waits; bound to the thread
    Supervisor = 5,    // signals "look at me" to whoever restarts this service
    Memory = 6,        // session of mem: this process's memory                 (incarnation)
    Process = 7,       // session of proc: this process                         (incarnation)
    Names = 8,         // session of names
    SelfSignal = 9,    // signals the own notification (base of what is handed out as wake-up)
    FirstReply = 10,   // Reply objects, where there are no more than usual     (incarnation)
    OldState = 31,     // memory: the state that another version of the program left (service_config.h)
    FirstNamed = 32,   // what the manifest grants, by the names in the configuration
    FirstPersistent = 64,
};
constexpr Slot slot(WellKnown which) { return static_cast<Slot>(which); }

// Where the rest of a CapTable begins, which each service's configuration says. Scratch slots go up to the table's end; they
// and the Reply objects are the incarnation's.
struct TablePlan {
    u32 persistent_slots;  // from FirstPersistent on
    u32 replies;           // one is for the request in progress, the others are for requests that wait
    u32 first_reply;
    u32 first_scratch;
};
constexpr u32 kUsualPersistentSlots = 64, kMostPersistentSlots = 8192;
constexpr u32 kUsualReplies = 20, kMostReplies = 64;
// More Reply objects than usual lie behind the persistent slots.
constexpr TablePlan table_plan(u32 persistent_slots = kUsualPersistentSlots, u32 replies = kUsualReplies) {
    const u32 end = static_cast<u32>(WellKnown::FirstPersistent) + persistent_slots;
    if (replies <= kUsualReplies) return {persistent_slots, replies, static_cast<u32>(WellKnown::FirstReply), end};
    return {persistent_slots, replies, end, end + replies};
}

// Bits of a service's notification that libos handles itself.
enum class WakeBit : u64 {
    Heartbeat = u64{1} << 63,  // count it
    Stop = u64{1} << 62,       // end in an orderly way
    Closed = u64{1} << 61,     // names has sessions that were closed
    Rings = u64{1} << 60,      // a client has submitted something to a ring (state/stateful_server.h)
    Turns = u64{1} << 59,      // coroutines wait for their turn (task.h)
};

}  // namespace eft
