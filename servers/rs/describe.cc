// The answers of describe.h.
#include "describe.h"

#include <eft/layout.h>
#include <eft/overdue.h>
#include <eft/service_config.h>

#include <algorithm>

namespace eft::supervisor {
namespace {

// Intel SDM volume 3, table 6-1.
std::string_view exception_name(u32 vector) {
    constexpr std::string_view kNames[] = {
        "divide error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow", "bound range exceeded",
        "invalid opcode", "no floating point", "double fault", "", "invalid task segment", "segment not present",
        "stack fault", "general protection fault", "page fault", "", "floating-point error", "alignment check",
        "machine check", "SIMD floating-point error"};
    return vector < std::size(kNames) ? kNames[vector] : std::string_view();
}

bool has(u32 error_code, FaultBit bit) { return (error_code & static_cast<u32>(bit)) != 0; }

std::string_view access_of(u32 error_code) {
    if (has(error_code, FaultBit::Fetch)) return "execute";
    return has(error_code, FaultBit::Write) ? "write" : "read";
}

std::optional<u64> since(u64 from, u64 to, u64 ticks_per_ms) {
    if (to == 0 || to < from) return std::nullopt;
    return microseconds_of(to - from, ticks_per_ms);
}

}  // namespace

void describe_death(DeathWords& text, const proc::CrashRecord& record) {
    switch (record.reason) {
        case proc::DeathReason::None: text.append("unknown"); return;
        case proc::DeathReason::Exit: text.append("exit with status ").decimal(record.exit_status); return;
        case proc::DeathReason::Exception:
            text.append("CPU exception ").decimal(record.vector).append(", ").append(exception_name(record.vector));
            if (record.error_code != 0) text.append(", error code 0x").hex(record.error_code);
            return;
        case proc::DeathReason::PageFault:
            text.append("page fault, ").append(access_of(record.error_code)).append(" at ").address(record.address);
            text.append(has(record.error_code, FaultBit::Present) ? ", which is not allowed" : ", not mapped");
            return;
        case proc::DeathReason::Hung: text.append("missed heartbeats"); return;
        case proc::DeathReason::StartFailed: text.append("its start-up did not finish"); return;
        case proc::DeathReason::Ordered: text.append("an order"); return;
        case proc::DeathReason::Protocol: text.append("a protocol violation"); return;
        case proc::DeathReason::Doubted: text.append("a doubtful answer"); return;
        case proc::DeathReason::Overdue: text.append("overdue answers"); return;
        case proc::DeathReason::OutOfMemory:
            text.append("out of memory: ");
            if (record.quota == 0) text.append("the machine has none left");
            else text.append("its quota of ").decimal(record.quota).append(" pages (").decimal(record.quota * (kPageSize / 1024)).append(" KiB) is used up");
            return;
    }
}

void InfoAnswer::begin(const ServiceRecord& service, u64 first_request, u64 ticks_per_ms) {
    info = {};
    capabilities_.clear();
    info.state = service.state;
    static_assert(static_cast<u8>(rs::UpdateState::TakenBack) == static_cast<u8>(Update::TakenBack));
    info.update = static_cast<rs::UpdateState>(service.update);
    info.pid = service.pid;
    info.incarnation = service.incarnation;
    info.restarts = service.restarts;
    info.deaths = service.deaths;
    info.last_recovery_us = microseconds_of(service.recovery_time, ticks_per_ms);
    if (service.deaths == 0) {
        info.trouble = service.note;
        return;
    }
    const proc::CrashRecord& death = service.last_death;
    words_.clear();
    describe_death(words_, death);
    if (!service.note.empty()) words_.append("; ").append(service.note);
    std::size_t frames = 0;
    for (const u64 frame : death.backtrace.frames) {
        if (frame != 0) backtrace_[frames++] = frame;
    }
    const Recovery& r = service.recovery;
    times_ = {.noticed = since(r.died, r.noticed, ticks_per_ms),
              .silenced = since(r.died, r.silenced, ticks_per_ms),
              .revoked = since(r.died, r.revoked, ticks_per_ms),
              .spawned = since(r.died, r.spawned, ticks_per_ms),
              .ready = since(r.died, r.ready, ticks_per_ms),
              .first_request = since(r.died, first_request_after(r, first_request), ticks_per_ms)};
    crash_ = {.reason = death.reason,
              .words = words_,
              .ordered = service.last_was_ordered,
              .exit_status = death.exit_status,
              .vector = death.vector,
              .error_code = death.error_code,
              .address = death.address,
              .instruction = death.instruction,
              .stack = death.stack,
              .backtrace = std::span(backtrace_).first(frames),
              .replies_delivered = death.replies_delivered,
              .recovery = &times_};
    info.last_death = &crash_;
}

void InfoAnswer::set_registers(const proc::RegisterValues& registers, bool in_system_call) {
    registers_ = registers;
    crash_.registers = registers_.of;
    crash_.in_system_call = in_system_call;
}

rs::LastMessages describe_messages(const CrashDump& dump, std::span<rs::TakenMessage, kTraceEntries> messages, std::span<rs::MessageWords, kTraceEntries> words) {
    const std::size_t count = std::min<std::size_t>(dump.message_count, kTraceEntries);
    const u64 died_at = dump.record.died_at;
    for (std::size_t i = 0; i < count; ++i) {
        const TraceEntry& entry = dump.messages[i];
        const u64 before = entry.time < died_at ? microseconds_of(died_at - entry.time, dump.ticks_per_ms) : 0;
        messages[i] = {.tag = entry.tag, .badge = entry.badge, .before_us = before, .answer = entry.answer};
        std::copy(std::begin(entry.words), std::end(entry.words), words[i].of);
    }
    return {.messages = std::span<const rs::TakenMessage>(messages).first(count), .words = std::span<const rs::MessageWords>(words).first(count)};
}

rs::Capability describe_capability(const DumpedCapability& held) {
    rs::Capability cap;
    cap.slot = held.slot;
    cap.kind = static_cast<rs::ObjectKind>(held.type);
    cap.rights = held.rights;
    cap.data = held.data;
    cap.name = field_text(held.name);
    cap.peer = field_text(held.peer);
    return cap;
}

bool CapabilityList::add(const rs::Capability& capability) {
    // A table without its strings, and what a string takes beside its text.
    constexpr std::size_t kTable = 44, kString = 8;
    std::size_t bytes = kTable;
    for (const std::string_view text : {capability.name, capability.peer, capability.session}) bytes += text.empty() ? 0 : text.size() + kString;
    if (count_ == capabilities_.size() || bytes > kRoom - bytes_) return false;
    capabilities_[count_++] = capability;
    bytes_ += bytes;
    return true;
}

void InfoAnswer::add(const rs::Capability& capability) {
    if (capability.kind == rs::ObjectKind::Reply) ++info.replies;
    else if (!capabilities_.add(capability)) ++info.left_out;
}

const rs::ServiceInfo& InfoAnswer::end() {
    info.capabilities = capabilities_.list();
    return info;
}

}  // namespace eft::supervisor
