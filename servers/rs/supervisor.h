// The life of every service as a state machine: starting, up, backing off, held, down.
//
//              +------------------------- failure, wait > 0 ---------------------+
//              v                                                                 |
//   Down --> BackingOff --> Starting --> Up --(death: silence, reap, clear)--> decide --> Held (a tombstone answers)
//              |               ^                                                 |
//              |               +---- ordered, or the first failure in a while ---+----> Down (a tombstone answers)
//              +--------------------(start by a person)
//
// A failure counts for the service and, if a client's request was in progress, for that client: one that keeps crashing
// the service loses its sessions before the service is held for everybody.
//
// Death is handled in this order: proc has frozen and recorded the incarnation; its device is silenced; reaping revokes
// it; its sessions are ended; only then does the next one start. A death during start-up counts like any other. All
// waiting is by ticks: nothing here blocks but downward calls.
//
// rs itself may be killed at any of these places (the numbers stand in the functions). The next incarnation takes the records up
// as they were stored last (recover()):
//   1  in launch(), before the record is stored: the death before it is dealt with again, from its own place
//   2  launch() has noted what it starts, and has perhaps admitted the service to names, or started it: the process is looked for,
//      and is the incarnation; if there is none, it is started under the same number
//   3  handle_death(), before the death is noted: the process is dead, or not: it is looked at again
//   4  behind that, in reaping, clearing and expelling: done again, which finds less to do; what was noted counts
//   5  the policy has decided, and nothing of it is stored: it decides again, from the same record
//   6  an order is noted, and the service has not heard of it: it ends late, or its deadline comes
//   7  a tombstone is started or ended: as 2, or the dead one is reaped and another is started
//   8  a program is prepared for an update, turned to or back from (updates.h), and that is not stored: it is done again
//   9  the reactions to a failure are under way: all come again
// Counts of missed heartbeats, and of complaints about late answers, begin anew.
//
// The policy is in <eft/failure_history.h> and overdue_history.h, the state in service_record.h, the effects in processes.h.
#pragma once

#include "processes.h"
#include "service_record.h"
#include "service_states.h"
#include "updates.h"

#include <span>

namespace eft::supervisor {

constexpr u64 kStopTicks = ticks(1000);       // an orderly end that takes longer is not waited for
constexpr u64 kTombstoneTicks = ticks(1000);  // before a tombstone that died is replaced

class Supervisor {
public:
    // One plan and one record for each service.
    Supervisor(Processes& processes, Updates& updates, std::span<const Supervision> plans, std::span<ServiceRecord> records, ServiceStates& states, u64& now)
        : processes_(processes), updates_(updates), plans_(plans), records_(records), states_(states), now_(now) {}

    // What the incarnation of rs before this one has left: goes on with all services.
    void recover();

    u64 now() const { return now_; }  // in ticks

    // Starts one that is down or held; an entry of the manifest, or on a person's order. WrongState: it runs.
    Status start(unsigned index);
    // Ends it in an orderly way; it is done when the record says that it is down.
    Status stop(unsigned index) { return end(index, Order::Stop); }
    Status restart(unsigned index);
    // Returns when the incarnation has ended, or hangs, or has met its exception. WrongState: it does not run.
    Status kill(unsigned index, rs::KillSignal signal);

    // Runs another program in its place, now and from now on, if that comes up and lives through its trial: `stable_ms` of the
    // manifest without a failure. The service need not run. Busy: the last update is not over.
    Status update(unsigned index, Slot program, u64 bytes);

    void forget_order(unsigned index);

    // Something happened to the service: it may be ready, or dead.
    void check(unsigned index);
    // `client` waited too long for an answer. One client alone is no evidence, or as the plan has it; nor is what the
    // server's own notes do not bear out. Or it doubts an error: then the server is restarted, kMostDoubts times in the window.
    void complain(unsigned client, const AnswerComplaint& answer);
    // Every kTickMilliseconds.
    void tick();
    // Ends an incarnation that the supervisor itself has found at fault.
    Status terminate(unsigned index, proc::DeathReason reason, std::string_view note);

private:
    void tick(unsigned index);
    void prepare_one();
    bool prepare(unsigned index);
    bool has_ended(u32 pid);
    void silence(unsigned index);
    void recover(unsigned index);
    void launch(unsigned index);
    void spawn(unsigned index);
    void store(unsigned index) { states_.store(index, records_[index]); }
    void became_up(unsigned index);
    void handle_death(unsigned index);
    void decide(unsigned index, u64 up_ticks);
    void fail(unsigned index, u64 up_ticks, u64 least_wait);
    void react(unsigned index);
    void react(unsigned index, const Reaction& reaction);
    void note_client(unsigned index, unsigned client);
    void doubt(unsigned client, const AnswerComplaint& answer);
    Status make_way(unsigned index);
    void begin_trial(unsigned index);
    void watch_trial(unsigned index);
    void take_back(unsigned index);
    void leave_down(unsigned index, rs::ServiceState state, std::string_view why);
    Status end(unsigned index, Order order);
    void start_tombstone(unsigned index);
    void spawn_tombstone(unsigned index);
    void end_tombstone(unsigned index);
    void note_death(unsigned index);

    Processes& processes_;
    Updates& updates_;
    std::span<const Supervision> plans_;
    std::span<ServiceRecord> records_;
    ServiceStates& states_;
    u64& now_;
};

}  // namespace eft::supervisor
