// The life of every service as a state machine: starting, up, backing off, held, down.
//
//              +------------------------- failure, wait > 0 ---------------------+
//              v                                                                 |
//   Down --> BackingOff --> Starting --> Up --(death: silence, reap, clear)--> decide --> Held (a tombstone answers)
//              |               ^                                                 |
//              |               +---- ordered, or the first failure in a while ---+----> Down (a tombstone answers)
//              +--------------------(start by a person)
//
// A failure counts for the service and, if a client's request was in progress, for that client: one that keeps killing
// the service loses its sessions before the service is held for everybody.
//
// A death is handled in the order of the architecture: proc has frozen and recorded the incarnation; its device is
// silenced; reaping revokes it; its sessions are ended; only then does the next one start. A death
// during start-up counts like any other. All waiting is by ticks: nothing here blocks but downward calls.
#pragma once

#include "environment.h"

#include <span>

namespace eft::supervisor {

constexpr u64 kStopTicks = ticks(1000);       // an orderly end that takes longer is not waited for
constexpr u64 kTombstoneTicks = ticks(1000);  // before a tombstone that died is replaced

template <Environment World>
class Supervisor {
public:
    Supervisor(World& world, std::span<const Supervision> plans, std::span<ServiceRecord> records)
        : world_(world), plans_(plans), records_(records) {}

    std::size_t size() const { return plans_.size(); }
    const ServiceRecord& record(unsigned index) const { return records_[index]; }
    u64 now() const { return now_; }

    // Starts one that is down; an entry of the manifest, or on a person's order.
    Status start(unsigned index) {
        ServiceRecord& service = records_[index];
        if (service.alive()) return Error::WrongState;
        end_tombstone(service);
        service.failures.reset();
        service.order = Order::None;
        launch(index);
        return {};
    }

    // Ends it in an orderly way; the answer is there when the record says that it is down.
    Status stop(unsigned index) { return end(index, Order::Stop); }

    Status restart(unsigned index) {
        if (!records_[index].alive()) return start(index);
        return end(index, Order::Restart);
    }

    // Returns when the incarnation is gone, or hangs, or has met its exception.
    Status kill(unsigned index, rs::KillSignal signal) {
        ServiceRecord& service = records_[index];
        if (!service.alive()) return Error::WrongState;
        if (signal == rs::KillSignal::None) return Error::InvalidArgument;
        const Order before = service.order;
        if (before == Order::None) service.order = Order::Kill;
        Status done;
        if (signal == rs::KillSignal::Kill) {
            done = put_to_death(index, proc::DeathReason::Ordered, {});
        } else {
            done = world_.send(service.pid, signal == rs::KillSignal::Hang ? proc::Signal::Hang : proc::Signal::Crash);
        }
        if (!done.ok()) service.order = before;
        return done;
    }

    // Something happened to the service: it may be ready, or dead.
    void look(unsigned index) {
        ServiceRecord& service = records_[index];
        if (service.tombstone_pid != 0 && world_.is_dead(service.tombstone_pid)) {
            static_cast<void>(world_.reap(service.tombstone_pid));
            service.tombstone_pid = 0;
            service.tombstone_due = now_ + kTombstoneTicks;
        }
        if (!service.alive()) return;
        if (world_.is_dead(service.pid)) return died(index);
        const bool ready = world_.signs(index).ready_incarnation == service.incarnation;
        if (service.state == rs::ServiceState::Starting && ready) became_up(index);
    }

    // `client` waited too long for an answer. One client alone is no evidence, or as the plan has it; nor is what the
    // server's own notes do not bear out.
    void complain(unsigned client, const OverdueAnswer& answer) {
        ServiceRecord& service = records_[answer.server];
        FixedText<127> line;
        if (!answer.borne_out) {
            if (std::exchange(records_[client].complained_falsely, true)) return;
            return world_.report(client, line.append("complains of late answers of ").append(world_.name(answer.server)).append(", which there were not"));
        }
        const unsigned most = plans_[answer.server].overdue_clients;
        if (most == 0 || service.state != rs::ServiceState::Up || service.order != Order::None) return;
        const unsigned clients = service.overdue.add(now_, plans_[answer.server].limits.window, client);
        line.append("its answer to ").append(world_.name(client)).append(" took ").decimal(answer.microseconds / 1000).append(" ms");
        world_.report(answer.server, line);
        if (clients < most) return;
        line.append("; ").decimal(clients).append(" clients complained");
        static_cast<void>(put_to_death(answer.server, proc::DeathReason::Overdue, line));
    }

    // Root's tick.
    void tick() {
        ++now_;
        for (unsigned index = 0; index < plans_.size(); ++index) tick(index);
    }

    // Ends an incarnation that rs itself has judged.
    Status put_to_death(unsigned index, proc::DeathReason reason, std::string_view note) {
        ServiceRecord& service = records_[index];
        service.verdict = note;
        const Status killed = world_.kill(service.pid, reason);
        // One that has died by itself in the meantime cannot be killed; the look finds it.
        if (world_.is_dead(service.pid)) {
            died(index);
            return {};
        }
        return killed;
    }

private:
    void tick(unsigned index) {
        ServiceRecord& service = records_[index];
        const bool due = now_ >= service.deadline;
        if (service.state == rs::ServiceState::BackingOff && due) {
            launch(index);
        } else if (service.alive() && service.state == rs::ServiceState::Starting && due) {
            static_cast<void>(put_to_death(index, proc::DeathReason::StartFailed, "its start-up took too long"));
        } else if (service.alive() && (service.order == Order::Stop || service.order == Order::Restart) && due) {
            static_cast<void>(put_to_death(index, proc::DeathReason::Ordered, "did not end when it was asked to"));
        }
        if (service.tombstone_due != 0 && now_ >= service.tombstone_due) raise_tombstone(index);
    }

    void launch(unsigned index) {
        ServiceRecord& service = records_[index];
        service.restarts += service.incarnation != 0;
        ++service.incarnation;
        service.state = rs::ServiceState::Starting;
        service.deadline = now_ + plans_[index].start_limit;
        service.asked = false;
        service.missed = 0;
        service.overdue.forget();
        service.complained_falsely = false;
        const Result<u32> pid = world_.spawn(index, service.incarnation, service.replies, service.last_was_ordered);
        service.recovery.spawned = world_.stamp();
        if (pid.ok()) {
            service.pid = *pid;
            return;
        }
        // It never ran, so it has delivered nothing.
        service.last_death = {};
        service.session = 0;
        service.last_death.reason = proc::DeathReason::StartFailed;
        service.note.clear();
        service.note.append("could not be started: ").append(to_string(pid.error()));
        service.last_was_ordered = false;
        world_.report(index, service.note);
        ++service.deaths;
        fail(index, 0, 1);
    }

    void became_up(unsigned index) {
        ServiceRecord& service = records_[index];
        service.state = rs::ServiceState::Up;
        service.up_since = now_;
        service.next_beat = now_;
        service.recovery.ready = world_.stamp();
        if (service.recovery.died != 0) service.recovery_time = service.recovery.ready - service.recovery.died;
        FixedText<63> line;
        world_.report(index, line.append("up, incarnation ").decimal(service.incarnation));
    }

    void died(unsigned index) {
        ServiceRecord& service = records_[index];
        const bool was_up = service.state == rs::ServiceState::Up;
        service.recovery = {};
        service.recovery.noticed = world_.stamp();
        service.session = world_.signs(index).session;
        if (const Status silent = world_.silence(index); !silent.ok()) {
            FixedText<95> line;
            world_.report(index, line.append("its device could not be reset: ").append(to_string(silent.error())));
        }
        service.recovery.silenced = world_.stamp();
        const Result<proc::CrashRecord> record = world_.reap(service.pid);
        world_.clear(index);
        service.recovery.revoked = world_.stamp();
        service.pid = 0;
        ++service.deaths;
        service.last_death = record.ok() ? *record : proc::CrashRecord{};
        if (record.ok()) service.replies += record->replies_delivered;
        service.recovery.died = service.last_death.died_at != 0 ? service.last_death.died_at : service.recovery.noticed;
        service.last_was_ordered = service.order != Order::None;
        service.note = service.verdict;
        service.verdict.clear();
        decide(index, was_up ? now_ - service.up_since : 0);
    }

    // What follows a death.
    void decide(unsigned index, u64 up_ticks) {
        ServiceRecord& service = records_[index];
        const Order order = std::exchange(service.order, Order::None);
        const proc::CrashRecord& death = service.last_death;
        const bool ended_well = death.reason == proc::DeathReason::Exit && death.exit_status == 0;
        const Policy policy = plans_[index].policy;
        if (order == Order::Stop) return rest(index, rs::ServiceState::Down, "stopped");
        if (order == Order::Restart) return launch(index);
        if (policy == Policy::Never || (policy == Policy::OnFailure && ended_well)) {
            return rest(index, rs::ServiceState::Down, "ended");
        }
        if (order == Order::Kill) return launch(index);
        fail(index, up_ticks, 0);
    }

    // A failure that nobody ordered: start again at once, after a wait, or not at all.
    void fail(unsigned index, u64 up_ticks, u64 least_wait) {
        ServiceRecord& service = records_[index];
        const RestartLimits& limits = plans_[index].limits;
        const std::optional<unsigned> client = service.session != 0 ? world_.holder(index, service.session) : std::nullopt;
        service.failures.record(limits, now_, up_ticks, client.value_or(FailureHistory::kNobody));
        if (client) note_client(index, *client);
        const std::optional<u64> wait = service.failures.verdict(limits, now_);
        if (!wait) return rest(index, rs::ServiceState::Held, "failed too often and is held");
        const u64 chosen = std::max(*wait, least_wait);
        if (chosen == 0) return launch(index);
        service.state = rs::ServiceState::BackingOff;
        service.deadline = now_ + chosen;
    }

    // A failure with this client's request in progress. One that does it too often is kept away from the service.
    void note_client(unsigned index, unsigned client) {
        ServiceRecord& service = records_[index];
        service.note.append(service.note.empty() ? "" : "; ").append("a request of ").append(world_.name(client)).append(" was in progress");
        if (!service.failures.must_expel(plans_[index].limits, now_, client)) return;
        if (!world_.expel(index, service.session).ok()) return;
        service.failures.attribute_to(client);
        service.note.append(", whose sessions are closed");
        FixedText<127> line;
        world_.report(index, line.append("failed too often with requests of ").append(world_.name(client)).append(", whose sessions are closed"));
    }

    void rest(unsigned index, rs::ServiceState state, std::string_view why) {
        records_[index].state = state;
        world_.report(index, why);
        raise_tombstone(index);
    }

    Status end(unsigned index, Order order) {
        ServiceRecord& service = records_[index];
        if (service.state == rs::ServiceState::BackingOff || service.state == rs::ServiceState::Held) {
            service.state = rs::ServiceState::Down;
            if (service.tombstone_pid == 0) raise_tombstone(index);
            return {};
        }
        if (!service.alive()) return {};
        service.order = order;
        if (service.state == rs::ServiceState::Starting) {
            return put_to_death(index, proc::DeathReason::Ordered, "stopped while it started");
        }
        service.deadline = now_ + kStopTicks;
        world_.ask_stop(index);
        return {};
    }

    // Clients of a service that does not come back by itself shall not wait for ever.
    void raise_tombstone(unsigned index) {
        ServiceRecord& service = records_[index];
        service.tombstone_due = 0;
        const bool resting = service.state == rs::ServiceState::Held || service.state == rs::ServiceState::Down;
        if (!plans_[index].provides || !resting || service.tombstone_pid != 0) return;
        const Result<u32> pid = world_.spawn_tombstone(index);
        if (pid.ok()) {
            service.tombstone_pid = *pid;
        } else {
            service.tombstone_due = now_ + kTombstoneTicks;
        }
    }

    void end_tombstone(ServiceRecord& service) {
        service.tombstone_due = 0;
        if (service.tombstone_pid == 0) return;
        static_cast<void>(world_.kill(service.tombstone_pid, proc::DeathReason::Ordered));
        static_cast<void>(world_.reap(service.tombstone_pid));
        service.tombstone_pid = 0;
    }

    World& world_;
    std::span<const Supervision> plans_;
    std::span<ServiceRecord> records_;
    u64 now_ = 0;
};

}  // namespace eft::supervisor
