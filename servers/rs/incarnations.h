// What the state machine does to incarnations, and what it learns of them. The state machine decides by plain data
// (service_record.h) alone; its effects are here. rs's are in processes.h.
//
// `index` is a service's place in the manifest. Nothing here waits but for servers at lower levels, which answer without
// waiting for a service.
#pragma once

#include <eft/abi/result.h>
#include <eft/idl/proc.h>
#include <eft/layout.h>

#include <optional>
#include <string_view>

namespace eft::supervisor {

// A copy of what the service shows of itself. It is the service's own word: nothing but comparing is done with it.
struct Signs {
    u64 heartbeats = 0;
    u32 ready_incarnation = 0;
    u64 first_request = 0;  // time stamp
    u64 session = 0;        // whose request is in progress; 0: nobody's
};

class Incarnations {
public:
    // A new incarnation on the persistent part: its process. `replies` is what all before it have delivered, and it
    // learns whether the last one ended by somebody's order. An error leaves nothing behind.
    virtual Result<u32> spawn(unsigned index, u32 incarnation, u64 replies, bool last_end_ordered) = 0;
    // The program that answers ServiceHeld in place of a service that does not run.
    virtual Result<u32> spawn_tombstone(unsigned index) = 0;

    // The process has ended when this returns. WrongState, NotFound: it had ended already.
    virtual Status kill(u32 pid, proc::DeathReason reason) = 0;
    virtual Status send(u32 pid, proc::Signal signal) = 0;
    // NotFound: it has been reaped.
    virtual Result<proc::Progress> progress(u32 pid) = 0;
    // Of a process that has ended: revokes all that it had.
    virtual Result<proc::CrashRecord> reap(u32 pid) = 0;
    // Resets a driver's device and waits for that; does nothing for others. TimedOut: the device has not reported it.
    virtual Status silence(unsigned index) = 0;
    // Ends the sessions that the incarnation had as a client, and empties its scratch slots.
    virtual void clear(unsigned index) = 0;

    virtual Signs signs(unsigned index) = 0;
    virtual void signal(unsigned index, WakeBit what) = 0;
    // The service that has to act before a thread blocked on this kernel object goes on. None: not a service.
    virtual std::optional<unsigned> owner_of(u64 object) = 0;

    // The service that has this session with the service `index`. None: the session is not open, or none of its own.
    virtual std::optional<unsigned> holder(unsigned index, u64 session) = 0;
    // Closes all sessions that the holder has with the service, for as long as the holder lives.
    virtual Status expel(unsigned index, u64 session) = 0;

    // Tells people; `what` is a part of a sentence that begins with the service's name.
    virtual void report(unsigned index, std::string_view what) = 0;

protected:
    ~Incarnations() = default;
};

}  // namespace eft::supervisor
