// What the clients of the test keep in their own state regions, and how the test and they tell each other of the end.
#pragma once

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/state/region.h>

namespace eft::once {

// In the first page of the state memory; the region is behind it.
struct Signs {
    u32 stop;     // by the test: come to an end
    u32 resting;  // by the client
};

struct Drawn {
    u64 number = 0;   // of the call, in the session
    u64 pending = 0;  // 1: it was made, and its answer is not kept yet
    u64 acknowledged = 0;
    u64 last = 0;      // ticket
    u64 repeated = 0;  // lives that began with a call to repeat
    u64 wrong = 0;
};
struct Seen {
    u64 number = 0;  // of the last event that was dealt with
    u64 events = 0;
    u64 missed = 0;
    u64 lives = 0;
    u64 wrong = 0;
};

template <class Kept>
using Region = StateRegion<Kept, 960>;

inline Signs& signs() { return *reinterpret_cast<Signs*>(state_memory().data()); }
inline bool stopped() { return *const_cast<const volatile u32*>(&signs().stop) != 0; }

template <class Kept>
Region<Kept>& kept_region() {
    static Region<Kept> region(state_memory().subspan(kPageSize), 1);
    const RecoveryOutcome outcome = region.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) panic("the kept state is damaged");
    return region;
}

// One transaction without a reply.
template <class Kept, class Change>
void change(Region<Kept>& region, Change change_it) {
    auto transaction = region.begin();
    const Result<Kept*> kept = transaction.edit(*region);
    if (!kept.ok()) panic("the log is too small");
    change_it(**kept);
    if (!transaction.commit_now().ok()) panic("not committed");
}

}  // namespace eft::once
