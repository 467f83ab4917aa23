// What the supervisor needs of the world, so that its decisions are tested on the host with a world that is made up.
// `index` is a service's place in the manifest.
#pragma once

#include "service_record.h"

#include <concepts>
#include <optional>
#include <string_view>

namespace eft::supervisor {

// A copy of what the service shows of itself. It is the service's own word: nothing but comparing is done with it.
struct Signs {
    u64 heartbeats;
    u32 ready_incarnation;
    u64 first_request;
    u64 session;  // whose request is in progress; 0: nobody's
};

// What a service says of another one's answer, as far as rs could verify it.
struct OverdueAnswer {
    unsigned server;     // that the complainer has a session with
    bool borne_out;      // by what the server itself has noted (eft/overdue.h)
    u64 microseconds;
};

template <class E>
concept Environment = requires(E& world, unsigned index, u32 pid, u64 number, proc::DeathReason reason, proc::Signal signal) {
    { world.stamp() } -> std::same_as<u64>;

    // A new incarnation on the persistent part: its process. Sessions for it are admitted. It hears whether the one
    // before it ended by somebody's order.
    { world.spawn(index, pid, number, true) } -> std::same_as<Result<u32>>;
    { world.spawn_tombstone(index) } -> std::same_as<Result<u32>>;
    { world.is_dead(pid) } -> std::same_as<bool>;
    { world.reap(pid) } -> std::same_as<Result<proc::CrashRecord>>;
    { world.kill(pid, reason) } -> std::same_as<Status>;
    { world.send(pid, signal) } -> std::same_as<Status>;
    { world.progress(pid) } -> std::same_as<Result<proc::Progress>>;
    // Resets a driver's device and waits for it; does nothing for others.
    { world.silence(index) } -> std::same_as<Status>;
    // Ends its sessions and clears what the incarnation left in its CapTable.
    world.clear(index);

    { world.signs(index) } -> std::same_as<Signs>;
    world.ask_heartbeat(index);
    world.ask_stop(index);
    // The service that has to act before a thread blocked on this kernel object goes on.
    { world.owner_of(number) } -> std::same_as<std::optional<unsigned>>;

    // The service that has this session with the service `index`. None: the session is not open, or none of its own.
    { world.holder(index, number) } -> std::same_as<std::optional<unsigned>>;
    // Closes all that the holder has with the service, for as long as the holder lives.
    { world.expel(index, number) } -> std::same_as<Status>;
    { world.name(index) } -> std::same_as<std::string_view>;

    // Tells people; `what` is a part of a sentence that begins with the service's name.
    world.report(index, std::string_view());
};

}  // namespace eft::supervisor
