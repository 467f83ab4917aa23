// A service in words, for `service info`: its state, its last death, its capabilities as they are in its CapTable.
#pragma once

#include "service_record.h"

#include <eft/abi/object.h>

#include <string_view>

namespace eft::supervisor {

using InfoText = FixedText<2047>;

std::string_view state_name(rs::ServiceState state);
// "page fault at 0x… (write)", "exit with status 1".
void describe_death(InfoText& text, const proc::CrashRecord& record);
// `first_request` as the service shows it: a time stamp, perhaps of an earlier incarnation.
void describe_record(InfoText& text, const ServiceRecord& record, u64 first_request, u64 (*microseconds)(const void*, u64), const void* clock);
// When the incarnation that came back took its first request; 0: not yet.
constexpr u64 first_request_after(const Recovery& recovery, u64 shown) { return recovery.spawned != 0 && shown > recovery.spawned ? shown : 0; }

// One capability, as CapInspect shows it.
struct GrantedCap {
    u32 slot;
    ObjectType type;
    Rights rights;
    u64 data;                // badge, or range
    std::string_view name;   // of the configuration; or empty
    std::string_view peer;   // endpoints: whose
};
void describe_capability(InfoText& text, const GrantedCap& cap);

}  // namespace eft::supervisor
