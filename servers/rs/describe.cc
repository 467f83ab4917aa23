// The words of describe.h.
#include "describe.h"

#include <eft/layout.h>

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

void phase(InfoText& text, std::string_view name, u64 from, u64 to, u64 (*microseconds)(const void*, u64), const void* clock) {
    if (to != 0 && to >= from) text.append(' ').append(name).append(' ').decimal(microseconds(clock, to - from));
}

// The rights that mean something for this kind of object, in words.
void describe_rights(InfoText& text, const GrantedCap& cap) {
    const auto may = [&](auto right) { return (cap.rights & bits(right)) != 0; };
    switch (cap.type) {
        case ObjectType::Endpoint:
            if (may(EndpointRight::Send)) text.append(" send");
            if (may(EndpointRight::Receive)) text.append(" receive");
            return;
        case ObjectType::Notification:
            if (may(NotificationRight::Signal)) text.append(" signal");
            if (may(NotificationRight::Wait)) text.append(" wait");
            return;
        case ObjectType::Frame:
            if (may(FrameRight::Read)) text.append(" read");
            if (may(FrameRight::Write)) text.append(" write");
            if (may(FrameRight::Execute)) text.append(" execute");
            return;
        default:
            if (!may(ControlRight::Control)) text.append(" inspect only");
    }
}

std::string_view type_name(ObjectType type) {
    constexpr std::string_view kNames[] = {"nothing", "untyped memory", "capability table", "thread", "endpoint", "notification",
                                           "reply", "address space", "page table", "frame", "interrupt", "ports"};
    const auto index = static_cast<std::size_t>(type);
    return index < std::size(kNames) ? kNames[index] : "unknown";
}

// Irq and IoPorts capabilities carry a range: first | count << 32.
void describe_range(InfoText& text, const GrantedCap& cap) {
    const u64 first = cap.data & 0xffff'ffff, count = cap.data >> 32;
    text.append(' ');
    if (cap.type == ObjectType::Irq) {
        text.decimal(first);
        if (count > 1) text.append(" to ").decimal(first + count - 1);
    } else {
        text.append("0x").hex(first);
        if (count > 1) text.append(" to 0x").hex(first + count - 1);
    }
}

}  // namespace

std::string_view state_name(rs::ServiceState state) {
    switch (state) {
        case rs::ServiceState::Up: return "up";
        case rs::ServiceState::Starting: return "starting";
        case rs::ServiceState::BackingOff: return "backing-off";
        case rs::ServiceState::Held: return "held";
        default: return "down";
    }
}

void describe_death(InfoText& text, const proc::CrashRecord& record) {
    switch (record.reason) {
        case proc::DeathReason::None: text.append("unknown"); return;
        case proc::DeathReason::Exit: text.append("exit with status ").decimal(record.exit_status); return;
        case proc::DeathReason::Exception:
            text.append("CPU exception ").decimal(record.vector).append(", ").append(exception_name(record.vector));
            return;
        case proc::DeathReason::PageFault:
            text.append("page fault, ").append(access_of(record.error_code)).append(" at ").address(record.address);
            return;
        case proc::DeathReason::Hung: text.append("missed heartbeats"); return;
        case proc::DeathReason::StartFailed: text.append("its start-up did not finish"); return;
        case proc::DeathReason::Ordered: text.append("an order"); return;
        case proc::DeathReason::Protocol: text.append("a protocol violation"); return;
        case proc::DeathReason::Overdue: text.append("overdue answers"); return;
    }
}

void describe_record(InfoText& text, const ServiceRecord& service, u64 first_request, u64 (*microseconds)(const void*, u64), const void* clock) {
    text.append("state: ").append(state_name(service.state)).append("\npid: ").decimal(service.pid);
    text.append("\nincarnation: ").decimal(service.incarnation).append("\nrestarts: ").decimal(service.restarts);
    text.append("\ndeaths: ").decimal(service.deaths).append("\nlast recovery: ");
    const u64 recovery = microseconds(clock, service.recovery_time);
    if (recovery != 0) text.decimal(recovery).append(" us\n");
    else text.append(service.recovery_time == 0 ? "none\n" : "the clock's rate is not known yet\n");
    if (service.deaths == 0) {
        if (!service.note.empty()) text.append("trouble: ").append(service.note).append('\n');
        return;
    }
    const proc::CrashRecord& death = service.last_death;
    text.append("last death: ");
    describe_death(text, death);
    if (!service.note.empty()) text.append("; ").append(service.note);
    if (service.last_was_ordered && death.reason != proc::DeathReason::Ordered) text.append(" (ordered)");
    text.append("\ncrash record: rip ").address(death.instruction).append(" rsp ").address(death.stack);
    text.append(" code 0x").hex(death.error_code).append(" replies ").decimal(death.replies_delivered).append("\nbacktrace:");
    for (const u64 frame : death.backtrace.frames) {
        if (frame != 0) text.append(" 0x").hex(frame);
    }
    const Recovery& r = service.recovery;
    text.append("\nrecovery, us since the death:");
    phase(text, "noticed", r.died, r.noticed, microseconds, clock);
    phase(text, "silenced", r.died, r.silenced, microseconds, clock);
    phase(text, "revoked", r.died, r.revoked, microseconds, clock);
    phase(text, "spawned", r.died, r.spawned, microseconds, clock);
    phase(text, "ready", r.died, r.ready, microseconds, clock);
    phase(text, "first request", r.died, first_request_after(r, first_request), microseconds, clock);
    text.append('\n');
}

void describe_capability(InfoText& text, const GrantedCap& cap) {
    text.append("  ").decimal(cap.slot).append(' ');
    if (!cap.name.empty()) text.append(cap.name).append(": ");
    text.append(type_name(cap.type));
    if (cap.type == ObjectType::Irq || cap.type == ObjectType::IoPorts) {
        describe_range(text, cap);
    } else if (cap.type == ObjectType::Endpoint) {
        text.append(" of ").append(cap.peer.empty() ? std::string_view("somebody unknown") : cap.peer);
        if (cap.data != 0) text.append(", badge ").decimal(cap.data);
    } else if (cap.type == ObjectType::Notification && cap.data != 0) {
        text.append(" bits 0x").hex(cap.data);
    }
    if (cap.type == ObjectType::Endpoint || cap.type == ObjectType::Notification) text.append(',');
    describe_rights(text, cap);
    text.append('\n');
}

}  // namespace eft::supervisor
