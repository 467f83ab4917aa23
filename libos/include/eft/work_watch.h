// One kind of work of a server, for its works() (run_server.h): is it done, without heartbeats? Whoever brings work tells of it,
// by a signal or an interrupt. What only a heartbeat finds was not told, or not done: twice in a row is a failure.
#pragma once

#include <eft/abi/types.h>

namespace eft {

class WorkWatch {
public:
    // At each heartbeat, before anything is done about it: something waits or not, and so much has been done. False: it waits,
    // and nothing has been done since the last time.
    bool works(bool waits, u64 done) {
        const bool stands_still = waits && done == seen_;
        seen_ = done;
        return !stands_still;
    }
    // After a heartbeat that came alone, when what it found is done: that does not count.
    void found_by_heartbeat(u64 done) { seen_ = done; }

private:
    u64 seen_ = 0;
};

}  // namespace eft
