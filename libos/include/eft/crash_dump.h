// The crash dump of a service: what is known of its last death and costs little to write down then. One page, which its
// supervisor writes: root for the core servers, rs for all others. Nobody else can write to it.
//
// It is found from outside, too, in a machine that has stopped as well as in one that runs: `./eft crash` looks for pages of
// physical memory that begin as one. So a dump stands for itself: it needs no other page and no symbols of the kernel.
#pragma once

#include <eft/abi/object.h>
#include <eft/idl/proc.h>
#include <eft/message_trace.h>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace eft {

constexpr u64 kCrashDumpMagic = 0x3170'6d75'6474'6665;  // "eftdump1"
constexpr std::size_t kDumpedRegisters = std::size(proc::RegisterValues{}.of);
constexpr std::string_view kRegisterNames[kDumpedRegisters] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8",
                                                              "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags"};
constexpr std::size_t kDumpedCapabilities = 27;

// As the kernel describes it (Invocation::CapInspect). Its peer, of an endpoint: whose it is, if that is known.
struct DumpedCapability {
    u32 slot;
    u8 type;
    u8 rights;
    u16 reserved;
    u64 data;
    char name[20];  // under which the manifest grants it, or empty; names are cut
    char peer[20];
};

// Stamps of the time-stamp counter, in the order of what happens; 0: has not happened.
struct RecoveryStamps {
    u64 died = 0;      // as it was noticed first
    u64 noticed = 0;   // its supervisor runs
    u64 silenced = 0;  // its device can do no more harm
    u64 revoked = 0;   // nothing of the incarnation is left
    u64 spawned = 0;
    u64 ready = 0;
};

struct alignas(kPageSize) CrashDump {
    u64 magic;  // 0: there is none, or it is being written
    char name[32];
    char program[32];
    u32 pid;
    u32 incarnation;
    u32 deaths;
    u32 ordered;
    u64 boot_time, ticks_per_ms;  // of the time-stamp counter
    proc::CrashRecord record;
    RecoveryStamps recovery;
    char note[96];  // what its supervisor has to say beyond the record
    proc::RegisterValues registers;
    u32 capability_count;  // of what it held beyond its Reply objects
    u32 capabilities_left_out;
    u64 message_count;
    DumpedCapability capabilities[kDumpedCapabilities];
    TraceEntry messages[kTraceEntries];  // that it took last; its own words
};
static_assert(sizeof(CrashDump) == kPageSize && std::is_trivially_copyable_v<CrashDump>);

}  // namespace eft
