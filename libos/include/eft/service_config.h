// A service's configuration and persistent memory: what its supervisor writes for it, once.
//
// The configuration page is mapped read-only at layout::kConfigAddress in every incarnation. The
// persistent memory is writable: its first page says how the service is doing, then comes the log
// ring, then the state region. The supervisor has both mapped, too, and trusts nothing in the latter.
#pragma once

#include <eft/abi/types.h>
#include <eft/layout.h>
#include <eft/message_trace.h>
#include <eft/overdue.h>

#include <cstddef>
#include <string_view>

namespace eft {

constexpr u32 kConfigMagic = 0x65667463;  // "eftc"
constexpr unsigned kNameLength = 32;

struct NamedCap {
    char name[kNameLength];
    u32 slot;
    u32 reserved;
};

// An order of faults; src/server_faults.cc says what the kinds are. The supervisor writes it at any time.
enum class FaultKind : u32 { None, Drop, Delay, Duplicate, Corrupt, Kill };
struct FaultPlan {
    FaultKind kind;
    u32 label;  // of the calls that are counted; 0: all
    u64 every;  // that many calls is one fault
    u64 seed;
    u64 order;  // its number: another one starts to count again
};
// How far the service is with it.
struct FaultProgress {
    u64 order;
    u64 calls;
};

struct ServiceConfig {
    u32 magic;
    u32 table_bits;  // log2 of the CapTable's slots
    char name[kNameLength];
    char arguments[512];
    u32 state_bytes;  // of the state region, a multiple of the page size
    u32 log_bytes;
    u32 cap_count;
    u32 last_end_ordered;  // 1: the incarnation before this one ended by somebody's order, not by a fault of its own
    TablePlan table;
    u64 boot_time;     // time-stamp counter at the kernel's entry
    u64 ticks_per_ms;  // of the time-stamp counter, measured by the kernel to about one in a thousand
    NamedCap caps[32];
    FaultPlan faults;
    u32 old_state_bytes;  // not 0: WellKnown::OldState has a copy of the state region as another version of the program left it
    u32 on_trial;         // 1: the program has replaced another, which comes back if this one fails
};
static_assert(sizeof(ServiceConfig) <= kPageSize);

// Where among the persistent slots the rings of clients lie: for who stands in the service's place.
struct RingSlots {
    u32 sessions, session_slots;  // a session has so many slots
    u32 first;                    // of them its first ring
    u32 rings, ring_slots;        // so many rings, so far apart

    template <class Visit>
    void for_each(u32 end, Visit visit) const {
        for (u64 session = 0; session < sessions; ++session)
            for (u64 ring = 0; ring < rings; ++ring)
                if (const u64 index = session * session_slots + first + ring * ring_slots; index < end) visit(static_cast<u32>(index));
    }
};

// What a person wants of a core server (core_states.h). In rs's page only.
enum class CoreSignal : u32 { None, Kill, Hang, Crash, Faults, KillAll };
struct CoreOrder {
    u64 count;  // so many were given
    u32 pid;
    CoreSignal signal;
    FaultPlan faults;  // with Faults
};

struct PersistentHead {
    u64 heartbeats;         // counted up by libos for each heartbeat signal
    u32 ready_incarnation;  // the incarnation that finished starting
    u32 reserved;
    u64 first_request;      // time stamp at which this incarnation took its first request; 0: none yet
    u64 session;            // badge of the session whose request is in progress (step.h); 0: of none
    char last_words[256];   // of a panic
    TraceMemory trace;      // of this incarnation
    Complaint complaint;    // about another service's answer (overdue.h)
    SlowAnswers slow;       // of this service's own
    FaultProgress faults;   // of all incarnations
    RingSlots rings;        // of the last one that has said so
    CoreOrder core_order;   // the last one
};
static_assert(sizeof(PersistentHead) <= kPageSize);

// The name in a fixed field, which need not end with a zero.
inline std::string_view field_text(const char* field, std::size_t size) {
    std::size_t length = 0;
    while (length < size && field[length] != 0) ++length;
    return {field, length};
}
template <std::size_t N>
std::string_view field_text(const char (&field)[N]) {
    return field_text(field, N);
}

// Cut where it does not fit; what is left of the field is zero.
template <std::size_t N>
void set_text(char (&field)[N], std::string_view text) {
    const std::size_t length = text.copy(field, N - 1);
    for (std::size_t i = length; i < N; ++i) field[i] = 0;
}

}  // namespace eft
