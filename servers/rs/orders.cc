// The handlers of orders.h.
#include "orders.h"

#include <eft/boot_file.h>
#include <eft/core_states.h>
#include <eft/elf.h>
#include <eft/invoke.h>
#include <eft/overdue.h>
#include <eft/power.h>
#include <eft/process.h>

namespace eft::supervisor {
namespace {

// A distance of time stamps, at the rate that the kernel measured before it started anybody.
constexpr std::string_view kEverybody = "all";

u64 microseconds(u64 distance) { return microseconds_of(distance, config().ticks_per_ms); }

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

// As its program in the boot archive has it.
bool was_in_system_call(const CrashDump& dump) {
    const auto program = boot_file(field_text(dump.program));
    return program.ok() && follows_system_call(*program, dump.record.instruction);
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
    set_registers(part.name());
    info_.info.last_words = field_text(part.head().last_words);
    if (const FaultPlan& faults = part.page().faults; faults.kind != FaultKind::None) {
        info_.set_faults(part.head().faults.order == faults.order ? part.head().faults.calls : 0, faults.every);
    }
    if (const manifest::Device* device = part.plan->device()) {
        info_.set_device(text(device->match()).substr(0, rs::Device::kMatchMax), device->index());
    }
    add_capabilities(part.table(), part.slots(), &part);
    return info_.end();
}

Result<rs::ServiceInfo> Orders::core_info(std::string_view name) {
    const Slot table = core_.tables[core_pid(name) - 1];
    info_.begin(core_record(name), core_state(name).first_request, config().ticks_per_ms);
    info_.info.name = info_.info.program = name;
    set_registers(name);
    EFT_TRY(const u64 slots, kernel_object::table_slots(table));
    add_capabilities(table, slots, nullptr);
    return info_.end();
}

// Services first. They are below rs on the one processor, and the core servers are root's: so nobody runs before all have ended.
Status Orders::kill_all() {
    for (unsigned index = 0; index < records_.size(); ++index)
        if (records_[index].alive()) static_cast<void>(supervisor_.kill(index, rs::KillSignal::Kill));
    return order_own_end(CoreSignal::KillAll);
}

Status Orders::kill(ipc::Context&, Session& session, const rs::KillOrder& request) {
    if (request.name == kEverybody) return request.signal == rs::KillSignal::Kill ? kill_all() : Status(Error::InvalidArgument);
    if (is_core_server(request.name)) {
        static_assert(static_cast<u32>(CoreSignal::Crash) == static_cast<u32>(rs::KillSignal::Crash));
        if (request.signal == rs::KillSignal::None) return Error::InvalidArgument;
        return order_core_server(request.name, static_cast<CoreSignal>(request.signal));
    }
    EFT_TRY(const unsigned index, ordered(request.name));
    EFT_TRY(const bool is_new, note_order(index, session, Verb::Kill));
    EFT_CHECK(answered(index, session));
    return is_new ? carried_out(index, supervisor_.kill(index, request.signal)) : Status();
}

Result<bool> Orders::note_order(unsigned index, const Session& session, Verb verb) {
    NotedOrder& noted = records_[index].noted;
    const u64 badge = raw(session.badge());
    const u32 own = incarnation().number;
    if (noted.verb == verb && noted.incarnation != own && noted.session == badge && noted.number > shared().orders[index]) return false;
    noted = {verb, own, badge, noted.number + 1};
    return true;
}

// One that was refused is not in progress.
Status Orders::carried_out(unsigned index, Status done) {
    if (!done.ok()) supervisor_.forget_order(index);
    return done;
}

Status Orders::answered(unsigned index, const Session& session) {
    const NotedOrder& noted = records_[index].noted;
    if (noted.session != raw(session.badge())) return {};  // another's came between
    EFT_TRY(u64* const last, edit(shared().orders[index]));
    *last = noted.number;
    return {};
}

// root has done it when the signal returns.
Status Orders::order_core_server(std::string_view name, CoreSignal signal, const FaultPlan& faults) {
    if (core_pid(name) == kSupervisorPid && signal != CoreSignal::Faults && own_order_ == CoreSignal::None) return order_own_end(signal);
    CoreOrder& order = persistent_head().core_order;
    order = {order.count + 1, core_pid(name), signal, faults};
    order.faults.order = order.count;
    sys::signal(slot(WellKnown::Supervisor));
    return {};
}

// The answer goes out first. Otherwise the order would be repeated.
Status Orders::order_own_end(CoreSignal signal) {
    if (!later_) {
        EFT_TRY(later_, copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), u64{1} << kOwnOrderBit));
    }
    own_order_ = signal;
    sys::signal(later_.slot());
    return {};
}

void Orders::obey_own_order() {
    if (own_order_ != CoreSignal::None) static_cast<void>(order_core_server(kCoreProcesses[kSupervisorPid - 1], own_order_));
    own_order_ = CoreSignal::None;
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

Status Orders::start(ipc::Context&, Session& session, const rs::Name& request) {
    EFT_TRY(const unsigned index, ordered(request.name));
    if (!parts_[index].made) return parts_[index].missing;
    EFT_TRY(const bool is_new, note_order(index, session, Verb::Start));
    EFT_CHECK(answered(index, session));
    return is_new ? carried_out(index, supervisor_.start(index)) : Status();
}

Task<Status> Orders::restart(ipc::Context&, Session& session, rs::Name request) {
    EFT_CO_TRY(const unsigned index, ordered(request.name));
    if (!parts_[index].made) co_return parts_[index].missing;
    EFT_CO_TRY(const bool is_new, note_order(index, session, Verb::Restart));
    if (is_new) EFT_CO_CHECK(carried_out(index, supervisor_.restart(index)));
    while (records_[index].order == Order::Restart) {
        WaitPoint* place = waiters_.vacant();
        if (!place) co_return Error::Busy;
        co_await Suspension(*place);
    }
    co_return answered(index, session);
}

Task<Status> Orders::stop(ipc::Context&, Session&, rs::Name request) {
    EFT_CO_TRY(const unsigned index, ordered(request.name));
    EFT_CO_CHECK(supervisor_.stop(index));
    while (records_[index].order == Order::Stop) {
        WaitPoint* place = waiters_.vacant();
        if (!place) co_return Error::Busy;
        co_await Suspension(*place);
    }
    co_return Status();
}

Task<Status> Orders::update(ipc::Context&, Session& session, rs::UpdateOrder request) {
    EFT_CO_TRY(const unsigned index, ordered(request.name));
    if (!parts_[index].made) co_return parts_[index].missing;
    EFT_CO_TRY(const bool is_new, note_order(index, session, Verb::Update));
    if (is_new) EFT_CO_CHECK(carried_out(index, supervisor_.update(index, request.program.slot(), request.bytes)));
    const ServiceRecord& service = records_[index];
    while (service.update == Update::Ordered || (service.update == Update::Trial && service.state == rs::ServiceState::Starting)) {
        WaitPoint* place = waiters_.vacant();
        if (!place) co_return Error::Busy;
        co_await Suspension(*place);
    }
    EFT_CO_CHECK(answered(index, session));
    if (service.update == Update::TakenBack) co_return Error::ServiceFailed;
    co_return service.alive() ? Status() : Status(Error::WrongState);
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
        co_await Suspension(*place);
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
        EFT_TRY(const CoreServers::Log* log, core_.log_of(cursor.after + 1));
        rs::LogMemory memory;
        memory.index = cursor.after + 1;
        memory.name = kCoreProcesses[cursor.after];
        memory.memory = ipc::CapField<ipc::kind::Memory>(log->object);
        memory.bytes = log->bytes;
        return memory;
    }
    for (u32 index = cursor.after - static_cast<u32>(kCoreProcesses.size()); index < records_.size(); ++index) {
        const PersistentPart& part = parts_[index];
        if (!part.made || part.log_bytes() == 0) continue;
        rs::LogMemory memory;
        memory.index = static_cast<u32>(kCoreProcesses.size()) + index + 1;
        memory.name = part.name();
        memory.memory = ipc::CapField<ipc::kind::Memory>(part.kept(Kept::Memory));
        memory.offset = kPageSize;
        memory.bytes = part.log_bytes();
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

Result<const CrashDump*> Orders::dump_of(std::string_view name) const {
    const CrashDump* dump = nullptr;
    if (is_core_server(name)) {
        if (core_state(name).deaths != 0) dump = &core_dumps().servers[core_pid(name) - kRootPid - 1];
    } else {
        EFT_TRY(const unsigned index, ordered(name));
        dump = processes_.dump(index);
    }
    return dump && dump->magic == kCrashDumpMagic ? Result<const CrashDump*>(dump) : Error::NotFound;
}

// Of one that ran.
void Orders::set_registers(std::string_view name) {
    const auto dump = dump_of(name);
    if (dump.ok() && (*dump)->pid != 0) info_.set_registers((*dump)->registers, was_in_system_call(**dump));
}

Result<rs::LastMessages> Orders::messages(ipc::Context&, Session&, const rs::Name& request) {
    EFT_TRY(const CrashDump* dump, dump_of(request.name));
    return describe_messages(*dump, messages_, words_);
}

void Orders::raise_changes() {
    for (unsigned index = 0; index < records_.size(); ++index) {
        const ServiceRecord& service = records_[index];
        const Reported now{service.state, service.incarnation, service.deaths};
        if (now == shared().services[index]) continue;
        const bool died = now.deaths != shared().services[index].deaths;
        const auto reported = edit(shared().services[index]);
        if (!reported.ok()) return;  // next time
        **reported = now;
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
