#include "report.h"

#include <describe.h>
#include <eft/elf.h>
#include <eft/ipc/sent.h>
#include <eft/service_config.h>
#include <monitor/service_text.h>

#include <array>
#include <iomanip>
#include <sstream>

namespace eft::crash {
namespace {

using ipc::Sent;

supervisor::ServiceRecord record_of(const CrashDump& dump) {
    supervisor::ServiceRecord record;
    record.pid = dump.pid;
    record.incarnation = dump.incarnation;
    record.deaths = dump.deaths;
    record.last_death = dump.record;
    record.last_was_ordered = dump.ordered != 0;
    record.note.append(field_text(dump.note));
    record.recovery = dump.recovery;
    return record;
}

bool was_in_system_call(const CrashDump& dump, const Symbols& symbols) {
    const std::string file = symbols.file_of(field_text(dump.program));
    return follows_system_call(std::as_bytes(std::span(file)), dump.record.instruction);
}

std::string heading(const CrashDump& dump) {
    std::ostringstream text;
    text << field_text(dump.name) << ": pid " << dump.pid << ", incarnation " << dump.incarnation << ", death " << dump.deaths;
    const u64 since_boot = dump.record.died_at < dump.boot_time ? 0 : dump.record.died_at - dump.boot_time;
    text << ", " << std::fixed << std::setprecision(6) << static_cast<double>(since_boot) / static_cast<double>(dump.ticks_per_ms) / 1000 << " s after the start\n";
    return text.str();
}

std::string death(const CrashDump& dump, const Symbols& symbols) {
    supervisor::InfoAnswer answer;
    answer.begin(record_of(dump), 0, dump.ticks_per_ms);
    answer.set_registers(dump.registers, was_in_system_call(dump, symbols));
    Sent sent(answer.end());
    return monitor::crash_text(*sent.view().last_death(), field_text(dump.program));
}

// A call's place is before the address that it returns to.
std::string code(const CrashDump& dump, const Symbols& symbols) {
    std::vector<u64> addresses = {dump.record.instruction};
    for (const u64 frame : dump.record.backtrace.frames)
        if (frame != 0) addresses.push_back(frame - 1);
    const auto found = symbols.find(field_text(dump.program), addresses);
    if (found.empty()) return "functions: there is no file with symbols of " + std::string(field_text(dump.program)) + "\n";
    std::ostringstream text;
    text << "functions, the innermost first; a word of the stack that only looks like a return address may be among them:\n";
    for (std::size_t i = 0; i < found.size(); ++i) {
        text << "  0x" << std::hex << addresses[i] + (i != 0) << std::dec;
        for (const std::string& line : found[i]) text << (&line == &found[i].front() ? "  " : "            inlined into ") << line << "\n";
        if (found[i].empty()) text << "  unknown\n";
    }
    return text.str();
}

std::string held(const CrashDump& dump) {
    if (dump.capability_count == 0) return {};
    std::array<rs::Capability, kDumpedCapabilities> all;
    for (std::size_t i = 0; i < dump.capability_count; ++i) all[i] = supervisor::describe_capability(dump.capabilities[i]);
    std::string text = "held at the death:\n";
    for (std::size_t i = 0; i < dump.capability_count; ++i) {
        Sent sent(rs::TablePart{.capabilities = std::span<const rs::Capability>(all).subspan(i, 1)});
        text += monitor::capabilities_text(sent.view());
    }
    if (dump.capabilities_left_out != 0) text += "  and " + std::to_string(dump.capabilities_left_out) + " more\n";
    return text;
}

std::string messages(const CrashDump& dump, const monitor::Catalogue& interfaces) {
    std::array<rs::TakenMessage, kTraceEntries> taken;
    std::array<rs::MessageWords, kTraceEntries> words;
    Sent sent(supervisor::describe_messages(dump, taken, words));
    return monitor::messages_text(interfaces, sent.view());
}

}  // namespace

std::string report(const CrashDump& dump, const Symbols& symbols, const monitor::Catalogue& interfaces) {
    return heading(dump) + death(dump, symbols) + code(dump, symbols) + held(dump) + messages(dump, interfaces);
}

}  // namespace eft::crash
