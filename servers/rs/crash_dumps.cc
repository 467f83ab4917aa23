// What becomes of a dead incarnation's memory, for processes.h: its crash dump, before it is reaped.
#include "processes.h"

#include <eft/invoke.h>
#include <eft/process.h>

#include <cstring>

namespace eft::supervisor {
namespace {

namespace ko = kernel_object;

// So many slots are looked at for what an incarnation has made or received: they are given out from the first one on.
constexpr u32 kSearchedSlots = 64;

}  // namespace

void Processes::write_dump(unsigned index) {
    const PersistentPart& part = parts_[index];
    const ServiceRecord& service = records_[index];
    CrashDump& dump = part.dump();
    store_word(dump.magic, 0);
    set_text(dump.name, part.name());
    set_text(dump.program, program_of(*part.plan));
    dump.pid = service.pid;
    dump.incarnation = service.incarnation;
    dump.deaths = service.deaths;
    dump.ordered = service.last_was_ordered;
    dump.boot_time = config().boot_time;
    dump.ticks_per_ms = config().ticks_per_ms;
    dump.record = service.last_death;
    dump.capability_count = dump.capabilities_left_out = 0;
    dump.message_count = 0;
    proc::Pid process;
    process.pid = service.pid;
    const auto registers = core_.proc.registers(process);
    dump.registers = registers.ok() ? registers->values : proc::RegisterValues{};
    if (registers.ok()) {
        dump_capabilities(part, dump);
        dump_messages(part, dump);
    }
    complete_dump(index);
    store_word(dump.magic, kCrashDumpMagic);
}

void Processes::complete_dump(unsigned index) {
    CrashDump& dump = parts_[index].dump();
    set_text(dump.note, records_[index].note);
    dump.recovery = records_[index].recovery;
}

const CrashDump* Processes::dump(unsigned index) const {
    if (!parts_[index].made || records_[index].deaths == 0) return nullptr;
    const CrashDump& dump = parts_[index].dump();
    return dump.magic == kCrashDumpMagic ? &dump : nullptr;
}

// What the manifest grants it, and what it had made or received since. What clients have left with the service is in persistent
// slots, and still there.
void Processes::dump_capabilities(const PersistentPart& part, CrashDump& dump) {
    const u32 granted_slot = raw(slot(WellKnown::FirstNamed));
    for (u32 i = 0; i < part.named; ++i) {
        const auto found = ko::inspect(part.table(), static_cast<Slot>(granted_slot + i));
        if (found.ok() && found->type != ObjectType::None) dump_capability(dump, granted_slot + i, *found, field_text(part.page().caps[i].name));
    }
    const u32 first = part.table_plan().first_scratch;
    u32 left = ko::used_slots(part.table(), first).value_or(0);
    for (u32 at = first; left != 0 && at < std::min(part.slots(), first + kSearchedSlots); ++at) {
        const auto found = ko::inspect(part.table(), static_cast<Slot>(at));
        if (!found.ok() || found->type == ObjectType::None) continue;
        dump_capability(dump, at, *found, {});
        --left;
    }
    dump.capabilities_left_out += left;
}

void Processes::dump_capability(CrashDump& dump, u32 at, const ko::CapInfo& found, std::string_view name) const {
    if (dump.capability_count == std::size(dump.capabilities)) {
        ++dump.capabilities_left_out;
        return;
    }
    DumpedCapability& cap = dump.capabilities[dump.capability_count++];
    cap = {.slot = at, .type = static_cast<u8>(found.type), .rights = static_cast<u8>(found.rights), .reserved = 0, .data = found.data, .name = {}, .peer = {}};
    set_text(cap.name, name);
    if (found.type == ObjectType::Endpoint) set_text(cap.peer, endpoint_name(found.id));
}

// The program could write there what it liked: numbers to show, and nothing else. There is nothing to say of one that ended well.
void Processes::dump_messages(const PersistentPart& part, CrashDump& dump) {
    if (dump.record.reason == proc::DeathReason::Exit && dump.record.exit_status == 0) return;
    std::array<u64, kTraceWords> words;
    std::memcpy(words.data(), &part.head().trace, sizeof(TraceMemory));
    dump.message_count = read_trace(words, dump.messages);
}

// "echo", or a core server's name, or nothing: whose endpoint this object is.
std::string_view Processes::endpoint_name(u64 object) const {
    if (const std::string_view core = core_.endpoint_name(object); !core.empty()) return core;
    for (const PersistentPart& part : parts_) {
        if (part.plan && part.endpoint_id == object) return part.name();
    }
    return {};
}

}  // namespace eft::supervisor
