// Heartbeats: a notification out, a counter back, never a call. A service that does not count is suspected, and only
// the one at fault is killed.
//
// Not every silence is a fault. A beat counts as missed only if the suspect had the processor: it is ready and nobody of
// higher priority is, or its instruction pointer has moved, or somebody of lower priority beat meanwhile (the manifest's
// `canary` has the lowest priority for that). A suspect that is blocked waits for somebody: the search for the cause
// goes down the chain of blocked threads to its end, which is at fault only if it does not beat either. Nobody is where
// the chain ends at a service that is coming back, at a core server, or at somebody who is well.
#pragma once

#include "supervisor.h"

#include <eft/abi/object.h>

namespace eft::supervisor {

constexpr unsigned kMissesAllowed = 1;  // one beat may be late; the second in a row is a verdict

template <Environment World>
class Watch {
public:
    Watch(World& world, Supervisor<World>& supervisor, std::span<const Supervision> plans, std::span<ServiceRecord> records)
        : world_(world), supervisor_(supervisor), plans_(plans), records_(records) {}

    // After the supervisor's own tick. All are looked at before anybody is asked: whoever has just been asked is ready to
    // run, and would pass for one who kept the processor from the others.
    void tick() {
        for (unsigned index = 0; index < plans_.size(); ++index) {
            if (due(index)) look(index);
        }
        for (unsigned index = 0; index < plans_.size(); ++index) {
            if (due(index)) ask(index);
        }
    }

private:
    bool due(unsigned index) const {
        const ServiceRecord& service = records_[index];
        return service.state == rs::ServiceState::Up && plans_[index].heartbeat != 0 && supervisor_.now() >= service.next_beat;
    }

    void look(unsigned index) {
        ServiceRecord& service = records_[index];
        if (service.asked && !beat(index) && had_processor(index)) {
            ++service.missed;
            if (service.missed > kMissesAllowed) judge(index);
        } else {
            service.missed = 0;
        }
    }

    void ask(unsigned index) {
        ServiceRecord& service = records_[index];
        service.asked = true;
        service.beats_at_asking = world_.signs(index).heartbeats;
        service.others_at_asking = beats_below(plans_[index].priority);
        if (service.missed != 0) service.instruction_at_asking = instruction(index);
        service.next_beat = supervisor_.now() + plans_[index].heartbeat;
        world_.ask_heartbeat(index);
    }

    bool beat(unsigned index) const { return world_.signs(index).heartbeats != records_[index].beats_at_asking; }

    u64 beats_below(u8 priority) const {
        u64 sum = 0;
        for (unsigned other = 0; other < plans_.size(); ++other) {
            if (plans_[other].priority < priority && records_[other].alive()) sum += world_.signs(other).heartbeats;
        }
        return sum;
    }

    u64 instruction(unsigned index) const {
        const auto progress = world_.progress(records_[index].pid);
        return progress.ok() ? progress->instruction : 0;
    }

    bool ready(unsigned index) const {
        if (!records_[index].alive()) return false;
        const auto progress = world_.progress(records_[index].pid);
        return progress.ok() && progress->thread_state == static_cast<u8>(ThreadState::Ready);
    }

    bool had_processor(unsigned index) const {
        if (beats_below(plans_[index].priority) != records_[index].others_at_asking) return true;
        if (records_[index].missed != 0 && instruction(index) != records_[index].instruction_at_asking) return true;
        if (!ready(index)) return false;
        for (unsigned other = 0; other < plans_.size(); ++other) {
            if (plans_[other].priority > plans_[index].priority && ready(other)) return false;
        }
        return true;
    }

    // The service that the suspect, and whoever that waits for in turn, waits for. None: nobody is at fault.
    std::optional<unsigned> end_of_chain(unsigned suspect) const {
        unsigned at = suspect;
        for (std::size_t hops = 0; hops <= plans_.size(); ++hops) {
            const auto progress = world_.progress(records_[at].pid);
            if (!progress.ok()) return std::nullopt;
            const auto state = static_cast<ThreadState>(progress->thread_state);
            if (state != ThreadState::AwaitingReply && state != ThreadState::Sending) return at;
            const auto owner = world_.owner_of(progress->blocked_on);
            if (!owner || records_[*owner].state != rs::ServiceState::Up) return std::nullopt;
            at = *owner;
        }
        return suspect;  // they wait for each other in a ring: one of them has to go
    }

    void judge(unsigned suspect) {
        const auto end = end_of_chain(suspect);
        if (!end) return;
        const bool well = *end != suspect && (plans_[*end].heartbeat == 0 || records_[*end].missed == 0);
        if (well) return;
        FixedText<95> note;
        note.decimal(records_[*end].missed).append(" in a row");
        static_cast<void>(supervisor_.put_to_death(*end, proc::DeathReason::Hung, note));
    }

    World& world_;
    Supervisor<World>& supervisor_;
    std::span<const Supervision> plans_;
    std::span<ServiceRecord> records_;
};

}  // namespace eft::supervisor
