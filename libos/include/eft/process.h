// The running process: its configuration, the capabilities that the manifest grants it, its end.
#pragma once

#include <eft/abi/result.h>
#include <eft/arch/program.h>
#include <eft/layout.h>
#include <eft/service_config.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace eft {

// What the supervisor passed to this incarnation (0-based counts; 1 is the first incarnation).
struct Incarnation {
    u64 number;
    u64 replies_delivered;  // by all before this one
};
const Incarnation& incarnation();

inline const ServiceConfig& config() { return *arch::pointer<const ServiceConfig>(layout::kConfigAddress); }
inline PersistentHead& persistent_head() { return *arch::pointer<PersistentHead>(layout::kPersistentAddress); }

// The slot of a capability that the manifest grants under this name. NotFound if it does not.
Result<Slot> granted(std::string_view name);

// The state region's memory; empty if the manifest gives none.
std::span<std::byte> state_memory();

// Start-up is finished: the supervisor may count on this incarnation.
void report_ready();

// A request, by call or by ring, was taken now: for clients, the end of a recovery. Only the first of an incarnation
// counts. The server loop and the rings' servers say it.
void note_first_request();

// A line in the service's log ring, with a time stamp. Never waits.
void log(std::string_view line);

// Ends the process.
[[noreturn]] void exit(int status);

}  // namespace eft

// Every program defines it. A server never returns from it; a program's result is its exit status.
int eft_main();
