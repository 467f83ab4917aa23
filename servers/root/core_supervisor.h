// The life of the core servers: root notes how each of them ended, and starts its next incarnation.
//
//   Starting --> Up --(exception, order, missed heartbeats)--> end --> Starting
//       ^                                                       |
//       +--------- BackingOff <---- failed again ---------------+---- failed too often ----> Lost
//
// A person's order is no failure. The policy is FailureHistory's, as rs has it for all others. A core server that is lost
// takes the system with it: root says why on one page, and stops the others.
//
// Heartbeats: a notification out, a counter back. root is above everybody, so a server that is ready, or runs, beats before
// the next look but for servers above it. One that waits for a core server below in the list of calls is not at fault: that
// one is. Ticks that come in a bunch, because the machine itself was stopped, count once: the time stamp says so.
#pragma once

#include "core_servers.h"
#include "root_log.h"

#include <eft/core_states.h>
#include <eft/failure_history.h>

#include <string_view>

namespace eft::root {

class CoreSupervisor {
public:
    explicit CoreSupervisor(CoreServers& servers, RootLog& log) : servers_(servers), log_(log) {}

    // Before they run.
    Status start(Memory& memory);
    // The server's thread met this exception, and stays where it is.
    void fault(u32 index, const ipc::Registers& fault);
    // It has signalled: it may be ready. rs may have an order, or want to know how all are.
    void look(u32 index);
    // Tick::kPerSecond.
    void tick();

    // Servers that do not come back.
    unsigned lost() const { return lost_; }

private:
    struct Watched {
        supervisor::FailureHistory failures;
        Slot heartbeat = Slot::None;
        u64 up_since = 0, due = 0;  // ticks
        u64 asked_beats = 0;
        u64 next_beat = 0;
        unsigned missed = 0;
        bool asked = false;
        bool ordered = false;  // its next death is somebody's order
    };

    CoreState& state(u32 index) { return states_->servers[index]; }
    void obey(const CoreOrder& order);
    void terminate(u32 index, proc::DeathReason reason);
    void end(u32 index, proc::CrashRecord record);
    void fail(u32 index);
    void launch(u32 index);
    void lose(u32 index);
    void look_for_beat(u32 index);
    void ask_for_beat(u32 index);
    void prepare_one();
    bool prepare(u32 index);
    bool waits_for_another(u32 index);
    void say(u32 index, std::string_view what);

    CoreServers& servers_;
    RootLog& log_;
    CoreStates* states_ = nullptr;
    CoreDumps* dumps_ = nullptr;
    Watched watched_[kCoreCount];
    u64 now_ = 0;  // ticks
    u64 last_tick_ = 0, ticks_per_ms_ = 1;  // of the time-stamp counter
    u64 orders_ = 0;  // that were carried out
    unsigned lost_ = 0;
};

}  // namespace eft::root
