// The handlers of orders.h.
#include "orders.h"

#include "session_kinds.h"

#include <eft/core_states.h>
#include <eft/invoke.h>
#include <eft/overdue.h>
#include <eft/power.h>
#include <eft/process.h>

namespace eft::supervisor {
namespace {

constexpr unsigned kScannedSlots = 16384;  // in one step
static_assert(static_cast<u8>(rs::ObjectKind::CapPage) == static_cast<u8>(ObjectType::CapPage));

// A distance of time stamps, at the rate that the kernel measured before it started anybody.
u64 microseconds(u64 distance) { return microseconds_of(distance, config().ticks_per_ms); }

bool is_memory(ObjectType type) {
    return type == ObjectType::Untyped || type == ObjectType::Frame || type == ObjectType::PageTable || type == ObjectType::CapPage;
}

u32 short_microseconds(u64 distance) { return static_cast<u32>(std::min<u64>(microseconds(distance), ~u32{0})); }

bool is_core_server(std::string_view name) { return std::find(kCoreServers.begin(), kCoreServers.end(), name) != kCoreServers.end(); }

// root writes down how all are when it is signalled.
const CoreState& core_state(std::string_view name) {
    sys::signal(slot(WellKnown::Supervisor));
    return core_states().servers[core_pid(name) - kRootPid - 1];
}

// What root says of it, as rs says it of others.
ServiceRecord core_record(std::string_view name) {
    const CoreState& state = core_state(name);
    ServiceRecord record;
    switch (state.life) {
        case CoreLife::Starting: record.state = rs::ServiceState::Starting; break;
        case CoreLife::Up: record.state = rs::ServiceState::Up; break;
        case CoreLife::BackingOff: record.state = rs::ServiceState::BackingOff; break;
        case CoreLife::Lost: record.state = rs::ServiceState::Down; break;
    }
    record.pid = core_pid(name);
    record.incarnation = state.incarnation;
    record.deaths = record.restarts = state.deaths;
    record.last_death = state.last_death;
    record.last_was_ordered = state.last_was_ordered != 0;
    if (state.deaths == 0) return record;
    record.recovery = {.died = state.last_death.died_at, .noticed = state.last_death.died_at, .silenced = state.last_death.died_at,
                       .revoked = state.revoked, .spawned = state.spawned, .ready = state.ready};
    if (state.ready != 0) record.recovery_time = state.ready - state.last_death.died_at;
    return record;
}

Result<rs::Phases> phases_of(const ServiceRecord& service, u64 first_request) {
    if (service.deaths == 0) return Error::NotFound;
    rs::Phases phases;
    phases.incarnation = service.incarnation;
    phases.died = service.recovery.died;
    phases.gone = service.last_death.gone_at;
    phases.noticed = service.recovery.noticed;
    phases.silenced = service.recovery.silenced;
    phases.revoked = service.recovery.revoked;
    phases.spawned = service.recovery.spawned;
    phases.first_request = first_request_after(service.recovery, first_request);
    phases.ready = service.recovery.ready;
    return phases;
}

rs::ServiceKind kind_of(const manifest::Service& plan) { return static_cast<rs::ServiceKind>(plan.kind()); }

}  // namespace

Result<unsigned> Orders::ordered(std::string_view name) const {
    for (unsigned index = 0; index < records_.size(); ++index) {
        if (text(parts_[index].plan->name()) == name) return index;
    }
    return is_core_server(name) ? Error::PermissionDenied : Error::NotFound;
}

Result<rs::ServiceLine> Orders::next(ipc::Context&, Session&, const rs::Cursor& cursor) {
    rs::ServiceLine line;
    if (cursor.after >= kCoreServers.size() + records_.size()) return Error::NotFound;
    line.index = cursor.after + 1;
    if (cursor.after < kCoreServers.size()) {
        line.name = kCoreServers[cursor.after];
        line.kind = rs::ServiceKind::Core;
        const ServiceRecord server = core_record(line.name);
        line.pid = server.pid;
        line.state = server.state;
        line.incarnation = server.incarnation;
        line.restarts = server.restarts;
        line.last_recovery_us = short_microseconds(server.recovery_time);
        return line;
    }
    unsigned index = static_cast<unsigned>(cursor.after - kCoreServers.size());
    while (index < records_.size() && parts_[index].spare) ++index;
    if (index == records_.size()) return Error::NotFound;
    line.index = static_cast<u32>(kCoreServers.size() + index + 1);
    const ServiceRecord& service = records_[index];
    line.name = parts_[index].name();
    line.kind = kind_of(*parts_[index].plan);
    line.state = service.state;
    line.pid = service.pid;
    line.incarnation = service.incarnation;
    line.restarts = service.restarts;
    line.last_recovery_us = short_microseconds(service.recovery_time);
    return line;
}

Result<rs::ServiceInfo> Orders::info(ipc::Context&, Session&, const rs::Name& request) {
    if (is_core_server(request.name)) return core_info(request.name);
    EFT_TRY(const unsigned index, ordered(request.name));
    const PersistentPart& part = parts_[index];
    info_.begin(records_[index], part.made ? processes_.signs(index).first_request : 0, config().ticks_per_ms);
    info_.info.name = part.name();
    info_.info.program = program_of(*part.plan);
    if (!part.made) return info_.end();
    info_.info.last_words = field_text(part.head().last_words);
    if (const FaultPlan& faults = part.page().faults; faults.kind != FaultKind::None) {
        info_.set_faults(part.head().faults.order == faults.order ? part.head().faults.calls : 0, faults.every);
    }
    if (const manifest::Device* device = part.plan->device()) {
        info_.set_device(text(device->match()).substr(0, rs::Device::kMatchMax), device->index());
    }
    add_capabilities(part.table.slot(), part.slots(), &part);
    return info_.end();
}

Result<rs::ServiceInfo> Orders::core_info(std::string_view name) {
    const Slot table = core_.tables[core_pid(name) - 1];
    info_.begin(core_record(name), core_state(name).first_request, config().ticks_per_ms);
    info_.info.name = info_.info.program = name;
    EFT_TRY(const u64 slots, kernel_object::table_slots(table));
    add_capabilities(table, slots, nullptr);
    return info_.end();
}

void Orders::add_capabilities(Slot table, u64 slots, const PersistentPart* part) {
    for (u32 at = 1; at < std::min<u64>(slots, kScannedSlots); ++at) {
        const auto found = kernel_object::inspect(table, static_cast<Slot>(at));
        if (found.ok() && found->type != ObjectType::None) info_.add(capability(*found, at, part));
    }
}

// "echo", or a core server's name, or nothing: whose endpoint this object is.
std::string_view Orders::endpoint_name(u64 object) const {
    if (const std::string_view core = core_.endpoint_name(object); !core.empty()) return core;
    for (const PersistentPart& part : parts_) {
        if (part.plan && part.endpoint_id == object) return part.name();
    }
    return {};
}

std::string_view Orders::session_kind(std::string_view peer, Badge badge) const {
    for (const PersistentPart& part : parts_) {
        if (!part.plan || part.name() != peer) continue;
        std::string_view kinds = part.session_kinds;
        for (unsigned number = ipc::kind_number(badge); number > 1 && !kinds.empty(); --number) kinds.remove_prefix(std::min(kinds.find(' '), kinds.size() - 1) + 1);
        return ipc::kind_number(badge) == 0 ? std::string_view() : kinds.substr(0, kinds.find(' '));
    }
    return session_kind_of(peer, badge);
}

// `part` is null for those of core processes, whose configuration is root's.
rs::Capability Orders::capability(const kernel_object::CapInfo& found, u32 at, const PersistentPart* part) const {
    rs::Capability cap;
    cap.slot = at;
    cap.kind = static_cast<rs::ObjectKind>(found.type);
    cap.rights = found.rights;
    cap.data = found.data;
    for (u32 i = 0; part && i < part->named; ++i) {
        const NamedCap& named = part->page().caps[i];
        if (named.slot == at) cap.name = field_text(named.name);
    }
    if (found.type == ObjectType::Endpoint) {
        cap.peer = endpoint_name(found.id);
        cap.session = session_kind(cap.peer, Badge{found.data});
    }
    return cap;
}

Result<rs::TablePart> Orders::capabilities(ipc::Context&, Session&, const rs::TableQuery& request) {
    const PersistentPart* part = nullptr;
    Slot table = Slot::None;
    if (const u32 pid = core_pid(request.name); pid != 0) {
        table = core_.tables[pid - 1];
    } else {
        EFT_TRY(const unsigned index, ordered(request.name));
        part = &parts_[index];
        if (!part->made) return part->missing;
        table = part->table.slot();
    }
    EFT_TRY(const u64 slots, kernel_object::table_slots(table));
    const u64 end = std::min<u64>(slots, u64{request.after} + kScannedSlots);
    rs::TablePart answer;
    capabilities_.clear();
    u64 at = u64{request.after} + 1;
    for (; at < end; ++at) {
        const auto found = kernel_object::inspect(table, static_cast<Slot>(at));
        if (!found.ok() || found->type == ObjectType::None) continue;
        if (found->type == ObjectType::Reply) ++answer.replies;
        else if (is_memory(found->type)) ++answer.memory;
        else if (!capabilities_.add(capability(*found, static_cast<u32>(at), part))) break;
    }
    answer.capabilities = capabilities_.list();
    answer.next = at < slots ? static_cast<u32>(at - 1) : 0;
    return answer;
}

Status Orders::kill(ipc::Context&, Session&, const rs::KillOrder& request) {
    if (is_core_server(request.name)) {
        static_assert(static_cast<u32>(CoreSignal::Crash) == static_cast<u32>(rs::KillSignal::Crash));
        if (request.signal == rs::KillSignal::None) return Error::InvalidArgument;
        return order_core_server(request.name, static_cast<CoreSignal>(request.signal));
    }
    EFT_TRY(const unsigned index, ordered(request.name));
    return supervisor_.kill(index, request.signal);
}

// root has done it when the signal returns.
Status Orders::order_core_server(std::string_view name, CoreSignal signal, const FaultPlan& faults) {
    if (!core_state(name).survives) return Error::PermissionDenied;
    CoreOrder& order = persistent_head().core_order;
    order = {order.count + 1, core_pid(name), signal, faults};
    order.faults.order = order.count;
    sys::signal(slot(WellKnown::Supervisor));
    return {};
}

Status Orders::fault(ipc::Context&, Session&, const rs::FaultOrder& request) {
    if (request.every == 0) return Error::InvalidArgument;
    if (is_core_server(request.name)) {
        return order_core_server(request.name, CoreSignal::Faults, {static_cast<FaultKind>(request.kind), request.label, request.every, request.seed, 0});
    }
    EFT_TRY(const unsigned index, ordered(request.name));
    if (!parts_[index].made) return parts_[index].missing;
    processes_.order_faults(index, request);
    return {};
}

Status Orders::start(ipc::Context&, Session&, const rs::Name& request) {
    EFT_TRY(const unsigned index, ordered(request.name));
    if (!parts_[index].made) return parts_[index].missing;
    return supervisor_.start(index);
}

Task<Status> Orders::restart(ipc::Context&, Session&, rs::Name request) {
    EFT_CO_TRY(const unsigned index, ordered(request.name));
    if (!parts_[index].made) co_return parts_[index].missing;
    EFT_CO_CHECK(supervisor_.restart(index));
    while (records_[index].order == Order::Restart) {
        WaitPoint* place = waiters_.vacant();
        if (!place) co_return Error::Busy;
        co_await Waiters::Change(*place);
    }
    co_return Status();
}

Task<Status> Orders::stop(ipc::Context&, Session&, rs::Name request) {
    EFT_CO_TRY(const unsigned index, ordered(request.name));
    EFT_CO_CHECK(supervisor_.stop(index));
    while (records_[index].order == Order::Stop) {
        WaitPoint* place = waiters_.vacant();
        if (!place) co_return Error::Busy;
        co_await Waiters::Change(*place);
    }
    co_return Status();
}

Task<Status> Orders::wait(ipc::Context&, Session&, rs::Name request) {
    EFT_CO_TRY(const unsigned index, ordered(request.name));
    for (;;) {
        const rs::ServiceState state = records_[index].state;
        if (state == rs::ServiceState::Up) co_return Status();
        if (state == rs::ServiceState::Held) co_return Error::ServiceHeld;
        if (state == rs::ServiceState::Down) co_return Error::WrongState;
        WaitPoint* place = waiters_.vacant();
        if (!place) co_return Error::Busy;
        co_await Waiters::Change(*place);
    }
}

Status Orders::shutdown(ipc::Context&, Session&, const Empty&) {
    EFT_CHECK(kernel_object::port_out(core_.power, power::kControlPort, 2, power::kSleepEnable));
    return Error::NotSupported;  // the machine would be off by now
}

Status Orders::reboot(ipc::Context&, Session&, const Empty&) {
    EFT_CHECK(kernel_object::port_out(core_.reset, power::kResetPort, 1, power::kFullReset));
    return Error::NotSupported;
}

Result<rs::LogMemory> Orders::log(ipc::Context&, Session&, const rs::Cursor& cursor) {
    if (cursor.after < kCoreProcesses.size()) {
        const CoreServers::Log& log = core_.logs[cursor.after];
        rs::LogMemory memory;
        memory.index = cursor.after + 1;
        memory.name = kCoreProcesses[cursor.after];
        memory.memory = ipc::CapField<ipc::kind::Memory>(log.object);
        memory.bytes = log.bytes;
        return memory;
    }
    for (u32 index = cursor.after - static_cast<u32>(kCoreProcesses.size()); index < records_.size(); ++index) {
        const PersistentPart& part = parts_[index];
        if (!part.made || part.page().log_bytes == 0) continue;
        rs::LogMemory memory;
        memory.index = static_cast<u32>(kCoreProcesses.size()) + index + 1;
        memory.name = part.name();
        memory.memory = ipc::CapField<ipc::kind::Memory>(part.memory.object());
        memory.offset = kPageSize;
        memory.bytes = part.page().log_bytes;
        return memory;
    }
    return Error::NotFound;
}

Result<rs::Phases> Orders::recovery(ipc::Context&, Session&, const rs::Name& request) {
    if (is_core_server(request.name)) return phases_of(core_record(request.name), core_state(request.name).first_request);
    EFT_TRY(const unsigned index, ordered(request.name));
    // The service's own word; what the dead one wrote does not count.
    return phases_of(records_[index], processes_.signs(index).first_request);
}

Result<rs::LastMessages> Orders::messages(ipc::Context&, Session&, const rs::Name& request) {
    EFT_TRY(const unsigned index, ordered(request.name));
    if (records_[index].deaths == 0) return Error::NotFound;
    const proc::CrashRecord& death = records_[index].last_death;
    const std::span<const TraceEntry> taken = processes_.last_messages(index);
    for (std::size_t i = 0; i < taken.size(); ++i) {
        const TraceEntry& entry = taken[i];
        const u64 before = entry.time < death.died_at ? microseconds(death.died_at - entry.time) : 0;
        messages_[i] = {.tag = entry.tag, .badge = entry.badge, .before_us = before, .answer = entry.answer};
    }
    return rs::LastMessages{.messages = std::span<const rs::TakenMessage>(messages_).first(taken.size())};
}

void Orders::raise_changes() {
    for (unsigned index = 0; index < records_.size(); ++index) {
        const ServiceRecord& service = records_[index];
        const Reported now{service.state, service.incarnation, service.deaths};
        if (now == reported_[index]) continue;
        const bool died = now.deaths != reported_[index].deaths;
        reported_[index] = now;
        DeathWords reason;
        if (died) {
            describe_death(reason, service.last_death);
            if (!service.note.empty()) reason.append("; ").append(service.note);
        }
        rs::ChangedEvent event;
        event.name = parts_[index].name();
        event.state = now.state;
        event.incarnation = now.incarnation;
        event.deaths = now.deaths;
        event.at_us = microseconds(sys::time_stamp() - config().boot_time);
        event.reason = reason.view().substr(0, rs::ChangedEvent::kReasonMax);
        if (!raise<rs::Rs::Changed>(event).ok()) eft::log("an event about a service found no room");
    }
}

}  // namespace eft::supervisor
