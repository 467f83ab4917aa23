#include "monitor/service_text.h"

#include "monitor/format.h"
#include "monitor/rpc/trace.h"

#include <eft/abi/object.h>
#include <eft/crash_dump.h>
#include <eft/ipc/session_kind.h>
#include <eft/layout.h>
#include <eft/text.h>

namespace eft::monitor {
namespace {

using Text = FixedText<512>;

std::string_view type_name(ObjectType type) {
    constexpr std::string_view kNames[] = {"nothing", "untyped memory", "capability table", "thread", "endpoint", "notification",
                                           "reply", "address space", "page table", "frame", "interrupt", "ports"};
    const auto index = static_cast<std::size_t>(type);
    return index < std::size(kNames) ? kNames[index] : "unknown";
}

// The rights that mean something for this kind of object.
void append_rights(Text& text, ObjectType type, u32 rights) {
    const auto may = [rights](auto right) { return (rights & bits(right)) != 0; };
    switch (type) {
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

// first | count << 32
void append_range(Text& text, ObjectType type, u64 data) {
    const u64 first = data & 0xffff'ffff, count = data >> 32;
    text.append(' ');
    if (type == ObjectType::Irq) {
        text.decimal(first);
        if (count > 1) text.append(" to ").decimal(first + count - 1);
    } else {
        text.append("0x").hex(first);
        if (count > 1) text.append(" to 0x").hex(first + count - 1);
    }
}

void append_capability(Text& text, const rs::CapabilityView& cap) {
    const auto type = static_cast<ObjectType>(cap.kind());
    text.append("  ").decimal(cap.slot()).append(' ');
    if (!cap.name().empty()) text.append(cap.name()).append(": ");
    text.append(type_name(type));
    if (type == ObjectType::Irq || type == ObjectType::IoPorts) {
        append_range(text, type, cap.data());
    } else if (type == ObjectType::Endpoint) {
        text.append(" of ").append(cap.peer().empty() ? std::string_view("somebody unknown") : cap.peer());
        if (!cap.session().empty()) text.append(", ").append(cap.session()).append(" session ").decimal(ipc::session_id(Badge{cap.data()}));
        else if (cap.data() != 0) text.append(", badge ").decimal(cap.data());
    } else if (type == ObjectType::Notification && cap.data() != 0) {
        text.append(" bits 0x").hex(cap.data());
    }
    if (type == ObjectType::Endpoint || type == ObjectType::Notification) text.append(',');
    append_rights(text, type, cap.rights());
    text.append('\n');
}

void append_code_address(Text& text, u64 address, std::string_view program) {
    if (address - layout::kImageBase < layout::kImageLimit - layout::kImageBase) text.append(program).append("+0x").hex(address - layout::kImageBase);
    else text.append("0x").hex(address);
}

// Of a thread in a system call, only those that it has there.
void append_registers(std::string& all, const rs::CrashView& crash) {
    constexpr unsigned kInLine = 3;
    if (crash.registers().size() != kDumpedRegisters) return;
    all.append(crash.in_system_call() ? "registers, in a system call:\n" : "registers:\n");
    unsigned shown = 0;
    FixedText<160> line;
    std::size_t at = 0;
    for (const u64 value : crash.registers()) {
        const std::string_view name = kRegisterNames[at++];
        if (crash.in_system_call() && name != "rip" && name != "rsp" && name != "rbp") continue;
        line.append("  ").append(name).append(name.size() == 2 ? "  " : " ").append("0x").hex(value, 16);
        if (++shown % kInLine != 0 && at != kDumpedRegisters) continue;
        all.append(line.append('\n').view());
        line.clear();
    }
    if (!line.empty()) all.append(line.append('\n').view());
}

std::string_view update_text(rs::UpdateState update) {
    switch (update) {
        case rs::UpdateState::Ordered: return ", an update is ordered";
        case rs::UpdateState::Trial: return ", replaced by another one on trial";
        case rs::UpdateState::Settled: return ", replaced by another one";
        case rs::UpdateState::TakenBack: return ", the last update failed";
        default: return {};
    }
}

}  // namespace

std::string crash_text(const rs::CrashView& crash, std::string_view program) {
    Text text;
    text.append("last death: ").append(crash.words());
    if (crash.ordered() && crash.reason() != proc::DeathReason::Ordered) text.append(" (ordered)");
    text.append("\ncrash record: at ");
    append_code_address(text, crash.instruction(), program);
    text.append(", stack ").address(crash.stack());
    text.append(", replies ").decimal(crash.replies_delivered()).append('\n');
    std::string all(text.view());
    append_registers(all, crash);
    text.clear();
    text.append("backtrace:");
    for (const u64 frame : crash.backtrace()) append_code_address(text.append(' '), frame, program);
    all.append(text.view());
    text.clear();
    text.append("\nrecovery, us since the death:");
    const auto phase = [&text](std::string_view name, std::optional<u64> time) {
        if (time) text.append(' ').append(name).append(' ').decimal(*time);
    };
    const rs::RecoveryTimesView times = crash.recovery();
    phase("noticed", times.noticed());
    phase("silenced", times.silenced());
    phase("revoked", times.revoked());
    phase("spawned", times.spawned());
    phase("ready", times.ready());
    phase("first request", times.first_request());
    return all.append(text.append('\n').view());
}

std::string capabilities_text(const rs::TablePartView& part) {
    std::string all;
    for (const rs::CapabilityView cap : part.capabilities()) {
        Text text;
        append_capability(text, cap);
        all.append(text.view());
    }
    return all;
}

std::string info_text(const rs::ServiceInfoView& info) {
    Text text;
    text.append("name: ").append(info.name()).append("\nprogram: ").append(info.program());
    text.append(update_text(info.update()));
    text.append("\nstate: ").append(state_text(info.state())).append("\npid: ").decimal(info.pid());
    text.append("\nincarnation: ").decimal(info.incarnation()).append("\nrestarts: ").decimal(info.restarts());
    text.append("\ndeaths: ").decimal(info.deaths()).append("\nlast recovery: ");
    if (info.last_recovery_us() == 0) text.append("none\n");
    else text.decimal(info.last_recovery_us()).append(" us\n");
    if (!info.trouble().empty()) text.append("trouble: ").append(info.trouble()).append('\n');
    std::string all(text.view());
    if (const auto crash = info.last_death()) all.append(crash_text(*crash, info.program()));
    text.clear();
    if (!info.last_words().empty()) text.append("last words: ").append(info.last_words()).append('\n');
    if (const auto faults = info.faults()) text.append("faults at call ").decimal(faults->calls()).append(", one in ").decimal(faults->every()).append('\n');
    if (const auto device = info.device()) text.append("device: ").append(device->match()).append(" index ").decimal(device->index()).append('\n');
    all.append(text.append("capabilities:\n").view());
    for (const rs::CapabilityView cap : info.capabilities()) {
        text.clear();
        append_capability(text, cap);
        all.append(text.view());
    }
    text.clear();
    if (info.left_out() != 0) text.append("  and ").decimal(info.left_out()).append(" more\n");
    return all.append(text.append("  replies: ").decimal(info.replies()).append('\n').view());
}

std::string messages_text(const Catalogue& catalogue, const rs::LastMessagesView& last) {
    if (last.messages().empty()) return "last messages: none\n";
    std::string all = "last messages, us before the death:\n";
    for (std::size_t i = 0; i < last.messages().size(); ++i) {
        const rs::TakenMessage& message = last.messages()[i];
        const Tag request(message.tag);
        FixedText<64> time, sender;
        time.decimal(message.before_us, 12).append("  ");
        sender.append(", badge ").decimal(message.badge);
        const std::span<const u64> words = i < last.words().size() ? std::span<const u64>(last.words()[i].of) : std::span<const u64>();
        all.append(time).append(request_text(catalogue, request, words)).append(sender).append(": ");
        all.append(answer_text(catalogue, request, message.answer)).append("\n");
    }
    return all;
}

}  // namespace eft::monitor
