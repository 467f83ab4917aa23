// How a core server ended: for its record, its crash dump, and the page that says why the system has stopped.
#pragma once

#include "service.h"

#include <eft/core_states.h>
#include <eft/log_ring.h>
#include <eft/text.h>

namespace eft::root {

// What its thread and its stack show: registers, return addresses, replies that were delivered. The thread stops.
void inspect_dead(Service& server, proc::CrashRecord& record, proc::RegisterValues& registers);
// Of the death that `state` is about: the dead incarnation's memory is still there.
void write_dump(CrashDump& dump, Service& server, const CoreState& state, const proc::RegisterValues& registers);
// "page fault at 0x0000000000000008, by 0x00000000004012ab".
void describe_cause(FixedText<kLogLineLimit>& line, const proc::CrashRecord& record);
// On the kernel's console.
void print_crash_page(Service& server, const CrashDump& dump);

}  // namespace eft::root
