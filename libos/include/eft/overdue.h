// Replies that took longer than the interface allows (`within`): what a client says of them, and what the server itself
// has noted. Both lie in the persistent pages of the two, where the supervisor reads them; neither calls anybody.
//
// A client measures from its call to the reply, which includes the time in the queue; the server's dispatcher from the
// beginning of the handler to its answer. A complaint counts if the server has noted a slow answer to the same session
// and method that lies within the time that the client names. So a client cannot accuse a server of what it did not do,
// and a server that was only queued for, or was just coming back, is not held responsible.
//
// A call without `within` pays nothing for this; one with it, two time stamps on either side. What never answers is a
// matter for heartbeats, and so are entries of rings (ring::Consumer::is_late).
//
// The other complaint is about an error that another incarnation of the server might not have answered (`suspect`).
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/types.h>

namespace eft {

// Time stamps are the processor's. The last complaint of this client; the count says that there is another.
struct Complaint {
    u64 count;
    u64 slot;  // of the session, in the client's CapTable
    u64 label;
    u64 started;  // of a late reply; 0
    u64 ended;
    u64 error;  // or of an error that the client doubts (`suspect`); 0
};

struct SlowAnswer {
    u64 label;
    u64 badge;
    u64 started;
    u64 ended;
};

struct SlowAnswers {
    static constexpr u64 kKept = 8;
    u64 count;
    SlowAnswer last[kKept];  // answer n lies in last[n % kKept]
};

inline void note_slow_answer(SlowAnswers& answers, const SlowAnswer& answer) {
    answers.last[answers.count % SlowAnswers::kKept] = answer;
    ++answers.count;
}

// The badge is that of the capability in the client's slot, as the kernel shows it to the supervisor.
inline bool is_borne_out(const SlowAnswers& answers, u64 badge, const Complaint& complaint) {
    for (const SlowAnswer& answer : answers.last)
        if (answer.ended != 0 && answer.badge == badge && answer.label == complaint.label &&
            answer.started >= complaint.started && answer.ended <= complaint.ended)
            return true;
    return false;
}

// `ns` as a distance of time stamps. No overflow up to a day.
constexpr u64 stamps_of(u64 ns, u64 ticks_per_ms) { return ns / 1000 * ticks_per_ms / 1000; }

// The other way round: a distance of time stamps in microseconds.
constexpr u64 microseconds_of(u64 stamps, u64 ticks_per_ms) {
    return static_cast<u64>(static_cast<unsigned __int128>(stamps) * 1000 / ticks_per_ms);
}

// To the supervisor, who decides. Off the path of a call that is in time.
[[gnu::cold]] void complain(Slot session, u32 label, u64 started, u64 ended);
// The answer was an error that another incarnation might not give. When this returns the supervisor has decided, as a rule: the
// same request comes to a fresh incarnation, or to the old one, which is believed then.
[[gnu::cold]] void doubt(Slot session, u32 label, Error error);

}  // namespace eft
