// What rs knows of one service while it runs, apart from the manifest's plan and from its capabilities.
#pragma once

#include <eft/crash_dump.h>
#include <eft/failure_history.h>
#include "manifest_check.h"
#include "overdue_history.h"

#include <eft/idl/proc.h>
#include <eft/idl/rs.h>
#include <eft/layout.h>
#include <eft/text.h>

#include <array>
#include <string_view>
#include <type_traits>

namespace eft::supervisor {

enum class Policy : u8 { Always, OnFailure, Never };  // as the manifest numbers them

// The manifest's defaults.
constexpr RestartLimits kDefaultLimits{ticks(50), ticks(5000), ticks(10000), 8, ticks(60000), 4};
constexpr unsigned kDefaultOverdueClients = 2;
constexpr unsigned kMostDoubts = 2;  // in the window

// What is done besides when it has failed.
struct Reaction {
    enum class Kind : u8 { None, Log, Restart, Run };
    Kind kind = Kind::None;
    std::string_view line = {};  // Log
    unsigned service = 0;        // Restart, Run
};

// The plan: what the manifest says about how it is supervised.
struct Supervision {
    std::string_view name;
    Policy policy = Policy::Always;
    RestartLimits limits{};
    unsigned overdue_clients = kDefaultOverdueClients;  // who complain before it is restarted; 0: it never is
    u64 heartbeat = 0;  // ticks between two; 0: it need not show that it lives
    u64 start_limit = 0;
    u8 priority = 0;
    bool provides = false;  // somebody may wait for its answers
    bool driver = false;
    bool by_order = false;  // it does not start with the system
    std::array<Reaction, kMostReactions> reactions{};
};

enum class Order : u8 {
    None,
    Kill,     // its next death was ordered: no failure
    Stop,     // and it stays down
    Restart,
};

enum class Verb : u8 { None, Kill, Restart, Start, Update };

// The last order for the service. One that rs died in is asked for again by its client's stub: then it is not carried out twice.
struct NotedOrder {
    Verb verb = Verb::None;
    u32 incarnation = 0;  // of rs
    u64 session = 0;      // badge
    u64 number = 0;       // of all orders for the service
};

// A process is being started that has no number yet: were rs to die, the next incarnation looks for it.
enum class Spawning : u8 { Nothing, Service, Tombstone };

// How far the last update of its program is.
enum class Update : u8 {
    None,
    Ordered,    // it takes place when the incarnation has ended
    Trial,      // the new program runs, and goes at its first failure
    Settled,    // it is the service's program
    TakenBack,  // it failed: the one before it runs
};

// Of the last death and return.
using Recovery = RecoveryStamps;

// It lies in the state region (state.h), so that the next incarnation of rs goes on with it.
struct ServiceRecord {
    rs::ServiceState state = rs::ServiceState::Down;
    Order order = Order::None;
    u32 pid = 0;            // 0: no incarnation
    u32 tombstone_pid = 0;  // 0: nobody answers in its place
    u32 incarnation = 0;
    u32 restarts = 0;
    u32 deaths = 0;
    u64 replies = 0;     // that all dead incarnations delivered
    u64 up_since = 0;    // tick
    u64 deadline = 0;    // tick: start-up or orderly end must be done; or the wait is over
    u64 tombstone_due = 0;
    Spawning spawning = Spawning::Nothing;
    NotedOrder noted;
    Update update = Update::None;
    bool uses_second = false;                // of its two configurations
    std::array<u32, 2> program_bytes{};      // of the program behind each of these; 0: it has the boot archive's
    bool is_recorded = false;  // of the incarnation that has ended and is not reaped yet, `last_death` and `session` are noted
    std::array<u64, kMostReplies> reply_ids{};  // of its Reply objects
    bool reacts = false;  // it has failed, and what is to be done besides is not done yet
    bool device_resets = false;  // its device was not silent yet when this was last asked
    proc::CrashRecord last_death{};
    bool last_was_ordered = false;
    u64 session = 0;  // badge of the session whose request was in progress at the last death; 0: none. The dead one's word
    FixedText<95> note;     // what is to say about the last death beyond its record
    FixedText<95> verdict;  // the note of the death that rs is about to bring about
    Recovery recovery{};
    u64 recovery_time = 0;  // of the last return, from death to ready; a distance of stamps
    FailureHistory failures;
    OverdueHistory overdue;         // of this incarnation
    std::array<u64, kMostDoubts> doubts{};  // ticks, and 1, at which its answers were doubted and it was restarted; 0: not so often
    bool is_prepared = false;         // the next incarnation is, as far as that can be
    bool complained_falsely = false;  // this service, about another; said once

    // Heartbeats.
    u64 next_beat = 0;       // tick
    bool asked = false;
    u64 beats_at_asking = 0;
    u64 others_at_asking = 0;
    u64 instruction_at_asking = 0;
    unsigned missed = 0;

    bool alive() const { return pid != 0; }
};
static_assert(std::is_trivially_copyable_v<ServiceRecord>);

}  // namespace eft::supervisor
