#include "core_servers.h"

#include <eft/archive.h>
#include <eft/idl/dev.h>
#include <eft/idl/mem.h>
#include <eft/idl/names.h>
#include <eft/idl/proc.h>
#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/port_ranges.h>
#include <eft/power.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::root {

namespace ko = kernel_object;

namespace {

constexpr u64 kRsdpBytes = 36;

constexpr std::string_view kShownThread = "thread/", kShownTable = "table/";

FixedText<kNameLength - 1> shown_name(std::string_view what, std::string_view process) { return FixedText<kNameLength - 1>(what).append(process); }

// Who has memory mapped by mem.
bool knows_its_space(const Service& service) { return service.name() != "names"; }

// Appends to a service's arguments; they are short and fit.
class Arguments {
public:
    explicit Arguments(Service& service)
        : field_(service.config().arguments), size_(sizeof(ServiceConfig::arguments)), at_(field_text(service.config().arguments).size()) {}
    Arguments& text(std::string_view words) {
        for (const char c : words) put(c);
        return *this;
    }
    Arguments& hex(u64 value) {
        unsigned shift = 60;
        while (shift != 0 && (value >> shift & 15) == 0) shift -= 4;
        for (;; shift -= 4) {
            put("0123456789abcdef"[value >> shift & 15]);
            if (shift == 0) return *this;
        }
    }
    Arguments& byte(u8 value) {
        put("0123456789abcdef"[value >> 4]);
        put("0123456789abcdef"[value & 15]);
        return *this;
    }

private:
    void put(char c) {
        if (at_ + 1 < size_) field_[at_++] = c;
    }
    char* field_;
    std::size_t size_;
    std::size_t at_;
};

}  // namespace

Status CoreServers::create(Memory& memory, std::span<const std::byte> archive, const RootCaps& caps, const Tick& tick) {
    for (u32 i = 0; i < kCoreCount; ++i) {
        const ServiceSpec& spec = kCoreServers[i];
        EFT_TRY(const auto file, find_in_archive(archive, spec.program));
        Service& service = services_[i];
        EFT_CHECK(service.create(memory, spec, file, i, caps.exceptions));
        EFT_CHECK(ko::derive(service.table(), slot(WellKnown::Supervisor), caps.notification, bits(NotificationRight::Signal), u64{1} << (kFirstServiceBit + i)));
    }
    EFT_CHECK(grant_all(memory, tick));
    if (tick.clock() != Tick::Clock::Pit) Arguments((*this)[Core::Dev]).text(" tick=rtc");
    for (Service& service : services_) EFT_CHECK(service.build_next());
    return {};
}

// Sessions go downwards only: rs > names > dev > proc > mem. Each has the id of its client's process. Nobody gets what it does
// not use: names calls nobody.
Status CoreServers::grant_all(Memory& memory, const Tick& tick) {
    const auto session = [this](Core client, std::string_view name, Core server, Badge badge) {
        return (*this)[client].grant(name, (*this)[server].endpoint(), bits(EndpointRight::Send), raw(badge));
    };
    using dev::Dev, mem::Mem, names::Names, proc::Proc;
    EFT_CHECK(session(Core::Proc, "mem", Core::Mem, Mem::badge_of(Mem::SessionKind::Control, core_pid("proc"))));
    EFT_CHECK(session(Core::Dev, "mem", Core::Mem, Mem::badge_of(Mem::SessionKind::Device, core_pid("dev"))));
    EFT_CHECK(session(Core::Rs, "mem", Core::Mem, Mem::badge_of(Mem::SessionKind::Log, kSupervisorPid)));
    EFT_CHECK(session(Core::Rs, "proc", Core::Proc, Proc::badge_of(Proc::SessionKind::Control, kSupervisorPid)));
    EFT_CHECK(session(Core::Rs, "dev", Core::Dev, Dev::badge_of(Dev::SessionKind::Control, kSupervisorPid)));
    EFT_CHECK(session(Core::Rs, "devices", Core::Dev, Dev::badge_of(Dev::SessionKind::List, kSupervisorPid)));
    EFT_CHECK(session(Core::Rs, "names", Core::Names, Names::badge_of(Names::SessionKind::Control, kSupervisorPid)));
    EFT_CHECK((*this)[Core::Dev].grant("irqs", root_slot(RootSlot::Irqs)));
    const auto ports = [this](Core server, std::string_view name, PortRange range) {
        return (*this)[server].grant(name, root_slot(RootSlot::Ports), kAllRights, ko::number_range(range.first, range.count));
    };
    EFT_CHECK(ports(Core::Dev, "ports/pci", kPciConfigurationPorts));
    EFT_CHECK(ports(Core::Dev, "ports/com1", kCom1Ports));
    if (tick.spares_pit()) EFT_CHECK(ports(Core::Dev, "ports/pit", kPitPorts));
    EFT_CHECK(ports(Core::Rs, "power", {power::kControlPort, 2}));
    EFT_CHECK(ports(Core::Rs, "reset", {power::kResetPort, 1}));
    if (const u64 rsdp = memory.info().acpi_rsdp; rsdp != 0) {
        Arguments arguments((*this)[Core::Dev]);
        arguments.text("rsdp=");
        for (u64 i = 0; i < kRsdpBytes; ++i) arguments.byte(arch::pointer<const u8>(rsdp)[i]);
    }
    return {};
}

// root's mapping of the archive ends here: what it needs of it, the core servers' images, is loaded.
Status CoreServers::hand_memory_over(Memory& memory) {
    const BootInfo& info = memory.info();
    Service& mem = (*this)[Core::Mem];
    u32 first = 0, count = 0;
    for (u32 i = 1; i < info.untyped_count; ++i) {
        const Slot untyped = static_cast<Slot>(static_cast<u32>(RootSlot::FirstUntyped) + i);
        if (untyped == memory.reserved()) continue;
        if (info.untyped[i].archive) EFT_CHECK(ko::revoke(root_slot(RootSlot::Table), untyped));
        EFT_TRY(const u32 at, mem.hand_over(untyped, 1));
        if (count++ == 0) first = at;
    }
    Arguments(mem).text("untyped=").hex(first).text(",").hex(count).text(" archive=").hex(info.archive_address).text(",").hex(info.archive_size);
    return {};
}

// To mem, which makes memory objects of them: the log ring of each process, in the order of their ids.
Status CoreServers::show_logs(Memory& memory, const RootLog& log) {
    Service& mem = (*this)[Core::Mem];
    u32 first = 0;
    for (std::size_t process = 0; process < kCoreProcesses.size(); ++process) {
        const Slot frames = process == 0 ? log.frames() : services_[process - 1].log_frames();
        const Slot copies = memory.take_slots(RootLog::kPages);
        for (u32 i = 0; i < RootLog::kPages; ++i) {
            EFT_CHECK(ko::derive(root_slot(RootSlot::Table), static_cast<Slot>(raw(copies) + i), static_cast<Slot>(raw(frames) + i),
                                 bits(FrameRight::Read)));
        }
        EFT_TRY(const u32 at, mem.hand_over(copies, RootLog::kPages));
        if (process == 0) first = at;
    }
    Arguments(mem).text(" logs=").hex(first).text(",").hex(RootLog::kPages);
    return {};
}

// For looking only: all threads to proc, which lists processes, and all tables to rs, which tells what a process holds.
Status CoreServers::show_processes() {
    for (const std::string_view name : kCoreProcesses) {
        const u32 pid = core_pid(name);
        Service* service = pid == kRootPid ? nullptr : &services_[pid - kRootPid - 1];
        EFT_CHECK(show(Core::Proc, kShownThread, name, service ? service->thread() : root_slot(RootSlot::Thread)));
        EFT_CHECK(show(Core::Rs, kShownTable, name, service ? service->table() : root_slot(RootSlot::Table)));
    }
    return {};
}

Status CoreServers::show(Core to, std::string_view what, std::string_view process, Slot cap) {
    return (*this)[to].grant(shown_name(what, process), cap, bits(ControlRight::Inspect));
}

Status CoreServers::build_next(u32 index) {
    Service& service = services_[index];
    EFT_CHECK(service.build_next());
    if (knows_its_space(service)) EFT_CHECK(service.grant_again("space", service.space()));
    return (*this)[Core::Proc].grant_again(shown_name(kShownThread, service.name()), service.thread(), bits(ControlRight::Inspect));
}

Status CoreServers::start(Memory& memory, const RootLog& log) {
    for (Service& each : services_)
        if (knows_its_space(each)) EFT_CHECK(each.grant("space", each.space()));
    EFT_CHECK(show_processes());
    EFT_CHECK(hand_memory_over(memory));
    EFT_CHECK(show_logs(memory, log));
    for (Service& service : services_) EFT_CHECK(service.resume());
    return {};
}

}  // namespace eft::root
