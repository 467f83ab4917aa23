// Another program for a service, on trial, for supervisor.h.
#include "supervisor.h"

namespace eft::supervisor {

Status Supervisor::update(unsigned index, Slot program, u64 bytes) {
    ServiceRecord& service = records_[index];
    if (service.update == Update::Ordered || service.update == Update::Trial) return Error::Busy;
    EFT_CHECK(updates_.prepare(index, program, bytes));
    service.update = Update::Ordered;
    store(index);  // before it: 8
    return make_way(index);
}

// For the program that is prepared.
Status Supervisor::make_way(unsigned index) { return records_[index].alive() ? end(index, Order::Restart) : start(index); }

// No incarnation lives.
void Supervisor::begin_trial(unsigned index) {
    ServiceRecord& service = records_[index];
    processes_.discard(index);  // it has the old program
    const Status turned = updates_.turn(index);
    service.update = turned.ok() ? Update::Trial : Update::TakenBack;
    FixedText<95> line;
    if (turned.ok()) processes_.report(index, "another program is on trial");
    else processes_.report(index, line.append("its program stays: ").append(to_string(turned.error())));
}

// The new program has failed: the old one is started at once, and nothing counts that it has not done.
void Supervisor::take_back(unsigned index) {
    ServiceRecord& service = records_[index];
    processes_.discard(index);  // it has the new program
    updates_.turn_back(index);
    service.update = Update::TakenBack;
    service.note.append(service.note.empty() ? "" : "; ").append("the program before the update runs again");
    processes_.report(index, "the new program has failed: the one before it runs again");
    launch(index);
}

// At the end of the trial, one that has taken calls and answered none has failed, too. Of rings rs knows too little to say so.
void Supervisor::watch_trial(unsigned index) {
    ServiceRecord& service = records_[index];
    const bool over = service.update == Update::Trial && service.state == rs::ServiceState::Up && now_ - service.up_since >= plans_[index].limits.stable;
    if (!over) return;
    if (processes_.answers_nothing(index)) {
        static_cast<void>(terminate(index, proc::DeathReason::Hung, "answered nothing in its trial"));
        return;
    }
    updates_.settle(index);
    service.update = Update::Settled;
    store(index);  // before it: 8
    processes_.report(index, "the new program has passed its trial");
}

}  // namespace eft::supervisor
