// What rs answers about one service (rs::ServiceInfo), apart from what its persistent part shows. The answer refers to
// what lies here until the next one is asked for.
#pragma once

#include "service_record.h"

#include <eft/abi/object.h>

#include <array>
#include <span>
#include <string_view>

namespace eft::supervisor {

using DeathWords = FixedText<rs::Crash::kWordsMax>;

// "page fault, write at 0x…", "exit with status 1".
void describe_death(DeathWords& text, const proc::CrashRecord& record);
// When the incarnation that came back took its first request; 0: not yet.
constexpr u64 first_request_after(const Recovery& recovery, u64 shown) { return recovery.spawned != 0 && shown > recovery.spawned ? shown : 0; }

// What a dump says, as rs answers it. Messages refer to the arrays.
rs::LastMessages describe_messages(const CrashDump& dump, std::span<rs::TakenMessage, kTraceEntries> messages, std::span<rs::MessageWords, kTraceEntries> words);
rs::Capability describe_capability(const DumpedCapability& held);

// As many as fit into a message beside the rest of a ServiceInfo, however long the names are.
class CapabilityList {
public:
    void clear() { count_ = bytes_ = 0; }
    // False: there is no room for it.
    bool add(const rs::Capability& capability);
    std::span<const rs::Capability> list() const { return std::span(capabilities_).first(count_); }

private:
    static constexpr std::size_t kRoom = 2232;

    std::array<rs::Capability, rs::ServiceInfo::kCapabilitiesMax> capabilities_;
    std::size_t count_ = 0, bytes_ = 0;
};

class InfoAnswer {
public:
    // `first_request` as the service shows it: a time stamp, perhaps of an earlier incarnation.
    void begin(const ServiceRecord& record, u64 first_request, u64 ticks_per_ms);
    // Of the last death.
    void set_registers(const proc::RegisterValues& registers, bool in_system_call);
    void set_faults(u64 calls, u64 every) { info.faults = &(faults_ = {.calls = calls, .every = every}); }
    void set_device(std::string_view match, u32 index) { info.device = &(device_ = {.match = match, .index = index}); }
    void add(const rs::Capability& capability);
    const rs::ServiceInfo& end();

    rs::ServiceInfo info;

private:
    rs::Crash crash_;
    rs::RecoveryTimes times_;
    rs::Faults faults_;
    rs::Device device_;
    DeathWords words_;
    std::array<u64, rs::Crash::kBacktraceMax> backtrace_{};
    proc::RegisterValues registers_{};
    CapabilityList capabilities_;
};

}  // namespace eft::supervisor
