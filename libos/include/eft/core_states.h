// What root and rs tell each other about the core servers, for people. root calls nobody and answers no calls: it writes
// into rs's configuration page, behind the configuration, and into pages that it shows rs; and rs writes its orders into its own persistent page and signals
// its supervisor. root is above rs on the one processor: rs sees each state whole, and an order has been carried out when the
// signal returns.
//
// Were rs to write nonsense, root would at worst end a core server that it names: rs may do so.
#pragma once

#include <eft/core_processes.h>
#include <eft/crash_dump.h>
#include <eft/idl/proc.h>
#include <eft/service_config.h>

namespace eft {

constexpr std::size_t kCoreServerCount = kCoreProcesses.size() - 1;  // without root

enum class CoreLife : u32 {
    Starting,
    Up,
    BackingOff,
    Lost,  // it does not come back, and the system has stopped
};

// Times are stamps of the counter; 0: has not happened.
struct CoreState {
    CoreLife life;
    u32 incarnation;
    u32 deaths;
    u32 last_was_ordered;
    proc::CrashRecord last_death;
    u64 revoked;  // nothing of the dead incarnation is left
    u64 spawned;  // the next one may run
    u64 ready;
    u64 first_request;  // that it took; written when rs signals
};

// In the order of kCoreProcesses.
struct CoreStates {
    CoreState servers[kCoreServerCount];
};

constexpr u64 kCoreStatesOffset = 2048;  // in the page
static_assert(sizeof(ServiceConfig) <= kCoreStatesOffset && kCoreStatesOffset + sizeof(CoreStates) <= kPageSize);

// In the same order; those that have died. For looking at, also from outside: root reads nothing there.
struct CoreDumps {
    CrashDump servers[kCoreServerCount];
};
constexpr u32 kCoreDumpPages = sizeof(CoreDumps) / kPageSize;

inline const CoreDumps& core_dumps() { return *arch::pointer<const CoreDumps>(layout::kShownAddress); }

inline const CoreStates& core_states() { return *arch::pointer<const CoreStates>(layout::kConfigAddress + kCoreStatesOffset); }

}  // namespace eft
