#include "watch.h"

#include <eft/abi/object.h>

namespace eft::supervisor {

// All are looked at before any is asked: one that has just been asked is ready to run, and would pass for one that kept
// the processor from the others.
void Watch::tick() {
    for (unsigned index = 0; index < plans_.size(); ++index) {
        if (due(index)) look(index);
    }
    for (unsigned index = 0; index < plans_.size(); ++index) {
        if (due(index)) ask(index);
    }
}

bool Watch::due(unsigned index) const {
    const ServiceRecord& service = records_[index];
    return service.state == rs::ServiceState::Up && plans_[index].heartbeat != 0 && supervisor_.now() >= service.next_beat;
}

void Watch::look(unsigned index) {
    ServiceRecord& service = records_[index];
    if (service.asked && !beat(index) && had_processor(index)) {
        ++service.missed;
        if (service.missed > kMissesAllowed) terminate_culprit(index);
    } else {
        service.missed = 0;
    }
}

void Watch::ask(unsigned index) {
    ServiceRecord& service = records_[index];
    service.asked = true;
    service.beats_at_asking = processes_.signs(index).heartbeats;
    service.others_at_asking = beats_below(plans_[index].priority);
    if (service.missed != 0) service.instruction_at_asking = instruction(index);
    service.next_beat = supervisor_.now() + plans_[index].heartbeat;
    processes_.signal(index, WakeBit::Heartbeat);
}

bool Watch::beat(unsigned index) const { return processes_.signs(index).heartbeats != records_[index].beats_at_asking; }

u64 Watch::beats_below(u8 priority) const {
    u64 sum = 0;
    for (unsigned other = 0; other < plans_.size(); ++other) {
        if (plans_[other].priority < priority && records_[other].alive()) sum += processes_.signs(other).heartbeats;
    }
    return sum;
}

u64 Watch::instruction(unsigned index) const {
    const auto progress = processes_.progress(records_[index].pid);
    return progress.ok() ? progress->instruction : 0;
}

bool Watch::ready(unsigned index) const {
    if (!records_[index].alive()) return false;
    const auto progress = processes_.progress(records_[index].pid);
    return progress.ok() && progress->thread_state == static_cast<u8>(ThreadState::Ready);
}

bool Watch::had_processor(unsigned index) const {
    if (beats_below(plans_[index].priority) != records_[index].others_at_asking) return true;
    if (records_[index].missed != 0 && instruction(index) != records_[index].instruction_at_asking) return true;
    if (!ready(index)) return false;
    for (unsigned other = 0; other < plans_.size(); ++other) {
        if (plans_[other].priority > plans_[index].priority && ready(other)) return false;
    }
    return true;
}

// The service that the suspect, and whoever that waits for in turn, waits for. None: nobody is at fault.
std::optional<unsigned> Watch::end_of_chain(unsigned suspect) const {
    unsigned at = suspect;
    for (std::size_t hops = 0; hops <= plans_.size(); ++hops) {
        const auto progress = processes_.progress(records_[at].pid);
        if (!progress.ok()) return std::nullopt;
        const auto state = static_cast<ThreadState>(progress->thread_state);
        if (state != ThreadState::AwaitingReply && state != ThreadState::Sending) return at;
        const auto owner = processes_.owner_of(progress->blocked_on);
        if (!owner || records_[*owner].state != rs::ServiceState::Up) return std::nullopt;
        at = *owner;
    }
    return suspect;  // they wait for each other in a ring: one of them has to go
}

void Watch::terminate_culprit(unsigned suspect) {
    const auto end = end_of_chain(suspect);
    if (!end) return;
    const bool well = *end != suspect && (plans_[*end].heartbeat == 0 || records_[*end].missed == 0);
    if (well) return;
    FixedText<95> note;
    note.decimal(records_[*end].missed).append(" in a row");
    static_cast<void>(supervisor_.terminate(*end, proc::DeathReason::Hung, note));
}

}  // namespace eft::supervisor
