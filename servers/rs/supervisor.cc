#include "supervisor.h"

#include <eft/syscall.h>

#include <algorithm>
#include <utility>

namespace eft::supervisor {

Status Supervisor::start(unsigned index) {
    ServiceRecord& service = records_[index];
    if (service.alive()) return Error::WrongState;
    end_tombstone(index);
    service.failures.reset();
    service.order = Order::None;
    if (service.update == Update::Ordered) begin_trial(index);
    launch(index);
    return {};
}

Status Supervisor::restart(unsigned index) {
    if (!records_[index].alive()) return start(index);
    return end(index, Order::Restart);
}

Status Supervisor::kill(unsigned index, rs::KillSignal signal) {
    ServiceRecord& service = records_[index];
    if (!service.alive()) return Error::WrongState;
    if (signal == rs::KillSignal::None) return Error::InvalidArgument;
    const Order before = service.order;
    if (before == Order::None) service.order = Order::Kill;
    store(index);  // 6
    Status done;
    if (signal == rs::KillSignal::Kill) {
        done = terminate(index, proc::DeathReason::Ordered, {});
    } else {
        done = processes_.send(service.pid, signal == rs::KillSignal::Hang ? proc::Signal::Hang : proc::Signal::Crash);
    }
    if (!done.ok()) {
        service.order = before;
        store(index);
    }
    return done;
}

void Supervisor::forget_order(unsigned index) {
    records_[index].noted.verb = Verb::None;
    store(index);
}

void Supervisor::recover() {
    for (unsigned index = 0; index < plans_.size(); ++index) {
        ServiceRecord& service = records_[index];
        service = states_[index];
        service.asked = false;
        service.missed = 0;
        service.next_beat = now_;
    }
    for (unsigned index = 0; index < plans_.size(); ++index)
        if (records_[index].incarnation != 0) recover(index);
}

void Supervisor::recover(unsigned index) {
    ServiceRecord& service = records_[index];
    processes_.recover(index);
    updates_.recover(index);
    const Spawning spawning = std::exchange(service.spawning, Spawning::Nothing);
    const std::optional<u32> found = spawning != Spawning::Nothing ? processes_.find(index) : std::nullopt;  // 2, 7
    if (spawning == Spawning::Service) {
        if (!found) {
            processes_.clear(index);  // what was admitted to names
            return spawn(index);
        }
        service.pid = *found;
        processes_.remember_replies(index);
    } else if (spawning == Spawning::Tombstone) {
        if (!found) return spawn_tombstone(index);
        service.tombstone_pid = *found;
    }
    store(index);
    if (service.update == Update::Ordered) static_cast<void>(make_way(index));  // 8
    check(index);
}

void Supervisor::check(unsigned index) {
    ServiceRecord& service = records_[index];
    if (service.tombstone_pid != 0 && has_ended(service.tombstone_pid)) {
        static_cast<void>(processes_.reap(service.tombstone_pid));
        service.tombstone_pid = 0;
        service.tombstone_due = now_ + kTombstoneTicks;
        store(index);
    }
    if (!service.alive()) return;
    if (has_ended(service.pid)) return handle_death(index);
    if (service.state == rs::ServiceState::Starting && processes_.signs(index).ready_incarnation == service.incarnation) became_up(index);
    if (!service.is_prepared && processes_.signs(index).first_request != 0) prepare(index);
}

// Nobody can verify an error, so a client's word counts, but not often: the server is none the worse for it, and one that goes on to
// answer errors has a reason for them.
void Supervisor::doubt(unsigned client, const AnswerComplaint& answer) {
    ServiceRecord& service = records_[answer.server];
    if (service.state != rs::ServiceState::Up || service.order != Order::None) return;
    u64& earliest = *std::min_element(service.doubts.begin(), service.doubts.end());
    if (earliest != 0 && now_ + 1 - earliest < plans_[answer.server].limits.window) return;
    earliest = now_ + 1;
    FixedText<95> line;
    line.append("answered ").append(plans_[client].name).append(" with ").append(to_string(answer.error));
    static_cast<void>(terminate(answer.server, proc::DeathReason::Doubted, line));
}

void Supervisor::complain(unsigned client, const AnswerComplaint& answer) {
    if (answer.error != Error::None) return doubt(client, answer);
    ServiceRecord& service = records_[answer.server];
    FixedText<127> line;
    if (!answer.borne_out) {
        if (std::exchange(records_[client].complained_falsely, true)) return;
        return processes_.report(client, line.append("complains of late answers of ").append(plans_[answer.server].name).append(", which there were not"));
    }
    const unsigned most = plans_[answer.server].overdue_clients;
    if (most == 0 || service.state != rs::ServiceState::Up || service.order != Order::None) return;
    const unsigned clients = service.overdue.add(now_, plans_[answer.server].limits.window, client);
    line.append("its answer to ").append(plans_[client].name).append(" took ").decimal(answer.microseconds / 1000).append(" ms");
    processes_.report(answer.server, line);
    if (clients < most) return;
    line.append("; ").decimal(clients).append(" clients complained");
    static_cast<void>(terminate(answer.server, proc::DeathReason::Overdue, line));
}

void Supervisor::tick() {
    ++now_;
    for (unsigned index = 0; index < plans_.size(); ++index) tick(index);
    prepare_one();
}

Status Supervisor::terminate(unsigned index, proc::DeathReason reason, std::string_view note) {
    ServiceRecord& service = records_[index];
    service.verdict = note;
    const Status killed = processes_.kill(service.pid, reason);
    // One that has died by itself in the meantime cannot be killed; the next check finds it.
    if (has_ended(service.pid)) {
        handle_death(index);
        return {};
    }
    return killed;
}

void Supervisor::tick(unsigned index) {
    ServiceRecord& service = records_[index];
    const bool due = now_ >= service.deadline;
    if (service.state == rs::ServiceState::BackingOff && due) {
        launch(index);
    } else if (service.alive() && service.state == rs::ServiceState::Starting && due) {
        static_cast<void>(terminate(index, proc::DeathReason::StartFailed, "its start-up took too long"));
    } else if (service.alive() && (service.order == Order::Stop || service.order == Order::Restart) && due) {
        static_cast<void>(terminate(index, proc::DeathReason::Ordered, "did not end when it was asked to"));
    }
    if (service.tombstone_due != 0 && now_ >= service.tombstone_due) start_tombstone(index);
    watch_trial(index);
    if (service.reacts) react(index);
}

bool Supervisor::has_ended(u32 pid) {
    const Result<proc::Progress> found = processes_.progress(pid);
    return found.ok() ? found->state == proc::ProcessState::Dead : found.error() == Error::NotFound;
}

// A reset of the device may take longer than this call: then no next incarnation starts before it has ended.
void Supervisor::silence(unsigned index) {
    const Status silent = processes_.silence(index);
    records_[index].device_resets = silent.error() == Error::Busy;
    if (silent.ok() || records_[index].device_resets) return;
    FixedText<95> line;
    processes_.report(index, line.append("its device could not be reset: ").append(to_string(silent.error())));
}

void Supervisor::launch(unsigned index) {
    ServiceRecord& service = records_[index];
    if (service.device_resets) silence(index);
    if (service.device_resets) {
        service.state = rs::ServiceState::BackingOff;
        service.deadline = now_ + 1;
        return store(index);
    }
    service.restarts += service.incarnation != 0;
    ++service.incarnation;
    service.state = rs::ServiceState::Starting;
    service.deadline = now_ + plans_[index].start_limit;
    service.asked = false;
    service.missed = 0;
    service.overdue.forget();
    service.complained_falsely = false;
    spawn(index);
}

void Supervisor::spawn(unsigned index) {
    ServiceRecord& service = records_[index];
    service.spawning = Spawning::Service;
    store(index);  // before it: 1, 5
    const Result<u32> pid = processes_.spawn(index, service.incarnation, service.replies, service.last_was_ordered);
    service.recovery.spawned = sys::time_stamp();
    service.spawning = Spawning::Nothing;
    service.is_prepared = false;
    if (pid.ok()) {
        service.pid = *pid;
        return store(index);  // before it: 2
    }
    // It never ran, so it has delivered nothing.
    service.last_death = {};
    service.session = 0;
    service.last_death.reason = proc::DeathReason::StartFailed;
    service.note.clear();
    service.note.append("could not be started: ").append(to_string(pid.error()));
    service.last_was_ordered = false;
    processes_.report(index, service.note);
    ++service.deaths;
    processes_.write_dump(index);
    fail(index, 0, 1);
}

void Supervisor::became_up(unsigned index) {
    ServiceRecord& service = records_[index];
    service.state = rs::ServiceState::Up;
    service.up_since = now_;
    service.next_beat = now_;
    service.recovery.ready = sys::time_stamp();
    if (service.recovery.died != 0) service.recovery_time = service.recovery.ready - service.recovery.died;
    FixedText<63> line;
    processes_.report(index, line.append("up, incarnation ").decimal(service.incarnation));
    if (service.update == Update::TakenBack) updates_.settle(index);
    if (service.deaths != 0) processes_.complete_dump(index);
    store(index);
}

void Supervisor::handle_death(unsigned index) {
    ServiceRecord& service = records_[index];
    const bool was_up = service.state == rs::ServiceState::Up;
    if (!service.is_recorded) note_death(index);
    silence(index);  // 4
    service.recovery.silenced = sys::time_stamp();
    const Result<proc::CrashRecord> record = processes_.reap(service.pid);
    processes_.clear(index);
    service.recovery.revoked = sys::time_stamp();
    if (record.ok()) service.last_death.gone_at = record->gone_at;
    service.pid = 0;
    service.is_recorded = false;
    decide(index, was_up ? now_ - service.up_since : 0);
}

// Nobody knows it any more when the process has been reaped.
void Supervisor::note_death(unsigned index) {
    ServiceRecord& service = records_[index];
    service.recovery = {};
    service.recovery.noticed = sys::time_stamp();
    service.session = processes_.signs(index).session;
    const Result<proc::CrashRecord> record = processes_.read_record(index);
    ++service.deaths;
    service.last_death = record.ok() ? *record : proc::CrashRecord{};
    service.replies += service.last_death.replies_delivered;
    service.recovery.died = service.last_death.died_at != 0 ? service.last_death.died_at : service.recovery.noticed;
    service.last_was_ordered = service.order != Order::None;
    service.note = service.verdict;
    service.verdict.clear();
    service.is_recorded = true;
    processes_.write_dump(index);
    store(index);  // before it: 3
}

// What follows a death.
void Supervisor::decide(unsigned index, u64 up_ticks) {
    ServiceRecord& service = records_[index];
    const Order order = std::exchange(service.order, Order::None);
    const proc::CrashRecord& death = service.last_death;
    if (service.update == Update::Ordered) begin_trial(index);
    const bool ended_well = death.reason == proc::DeathReason::Exit && death.exit_status == 0;
    const Policy policy = plans_[index].policy;
    if (order == Order::Stop) return leave_down(index, rs::ServiceState::Down, "stopped");
    if (order == Order::Restart) return launch(index);
    if (policy == Policy::Never || (policy == Policy::OnFailure && ended_well)) {
        return leave_down(index, rs::ServiceState::Down, "ended");
    }
    if (order == Order::Kill) return launch(index);
    fail(index, up_ticks, 0);
}

// A failure that nobody ordered: start again at once, after a wait, or not at all.
void Supervisor::fail(unsigned index, u64 up_ticks, u64 least_wait) {
    ServiceRecord& service = records_[index];
    if (service.update == Update::Trial) return take_back(index);
    const RestartLimits& limits = plans_[index].limits;
    const std::optional<unsigned> client = service.session != 0 ? processes_.holder(index, service.session) : std::nullopt;
    service.failures.record(limits, now_, up_ticks, client.value_or(FailureHistory::kNobody));
    if (client) note_client(index, *client);
    service.reacts = plans_[index].reactions[0].kind != Reaction::Kind::None;
    const std::optional<u64> wait = service.failures.verdict(limits, now_);
    if (!wait) return leave_down(index, rs::ServiceState::Held, "failed too often and is held");
    const u64 chosen = std::max(*wait, least_wait);
    if (chosen == 0) return launch(index);
    service.state = rs::ServiceState::BackingOff;
    service.deadline = now_ + chosen;
    store(index);  // before it: 5
}

void Supervisor::react(unsigned index) {
    for (const Reaction& reaction : plans_[index].reactions) react(index, reaction);
    records_[index].reacts = false;
    store(index);  // before it: 9
}

void Supervisor::react(unsigned index, const Reaction& reaction) {
    if (reaction.kind == Reaction::Kind::None) return;
    if (reaction.kind == Reaction::Kind::Log) return processes_.report(index, reaction.line);
    const ServiceRecord& other = records_[reaction.service];
    const bool restarts = reaction.kind == Reaction::Kind::Restart;
    if (other.order != Order::None || other.state != (restarts ? rs::ServiceState::Up : rs::ServiceState::Down)) return;
    FixedText<127> line(restarts ? "has failed, so this is restarted: " : "has failed, so this is started: ");
    processes_.report(index, line.append(plans_[reaction.service].name));
    static_cast<void>(restarts ? restart(reaction.service) : start(reaction.service));
}

// A failure with this client's request in progress. One that does it too often is kept away from the service.
void Supervisor::note_client(unsigned index, unsigned client) {
    ServiceRecord& service = records_[index];
    service.note.append(service.note.empty() ? "" : "; ").append("a request of ").append(plans_[client].name).append(" was in progress");
    if (!service.failures.must_expel(plans_[index].limits, now_, client)) return;
    if (!processes_.expel(index, service.session).ok()) return;
    service.failures.attribute_to(client);
    service.note.append(", whose sessions are closed");
    FixedText<127> line;
    processes_.report(index, line.append("failed too often with requests of ").append(plans_[client].name).append(", whose sessions are closed"));
}

void Supervisor::leave_down(unsigned index, rs::ServiceState state, std::string_view why) {
    records_[index].state = state;
    processes_.complete_dump(index);
    store(index);  // before it: 5
    processes_.report(index, why);
    processes_.discard(index);
    start_tombstone(index);
}

Status Supervisor::end(unsigned index, Order order) {
    ServiceRecord& service = records_[index];
    if (service.state == rs::ServiceState::BackingOff || service.state == rs::ServiceState::Held) {
        service.state = rs::ServiceState::Down;
        store(index);
        processes_.discard(index);
        if (service.tombstone_pid == 0) start_tombstone(index);
        return {};
    }
    if (!service.alive()) return {};
    service.order = order;
    store(index);  // 6
    if (service.state == rs::ServiceState::Starting) {
        return terminate(index, proc::DeathReason::Ordered, "stopped while it started");
    }
    service.deadline = now_ + kStopTicks;
    store(index);
    processes_.signal(index, WakeBit::Stop);
    return {};
}

// Clients of a service that does not come back by itself shall not wait for ever.
void Supervisor::start_tombstone(unsigned index) {
    ServiceRecord& service = records_[index];
    service.tombstone_due = 0;
    const bool resting = service.state == rs::ServiceState::Held || service.state == rs::ServiceState::Down;
    if (plans_[index].provides && resting && service.tombstone_pid == 0) spawn_tombstone(index);
}

void Supervisor::spawn_tombstone(unsigned index) {
    ServiceRecord& service = records_[index];
    service.spawning = Spawning::Tombstone;
    store(index);
    const Result<u32> pid = processes_.spawn_tombstone(index);  // 7
    service.spawning = Spawning::Nothing;
    if (pid.ok()) service.tombstone_pid = *pid;
    else service.tombstone_due = now_ + kTombstoneTicks;
    store(index);
}

void Supervisor::end_tombstone(unsigned index) {
    ServiceRecord& service = records_[index];
    service.tombstone_due = 0;
    if (service.tombstone_pid == 0) return;
    static_cast<void>(processes_.kill(service.tombstone_pid, proc::DeathReason::Ordered));
    static_cast<void>(processes_.reap(service.tombstone_pid));
    service.tombstone_pid = 0;
    store(index);
}

}  // namespace eft::supervisor
