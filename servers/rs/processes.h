// The incarnations of services: processes of proc on the persistent parts, with sessions of names. Here is what rs does to
// them and learns of them; what is done when, the Supervisor and the Watch decide.
//
// `index` is a service's place in the manifest. Nothing here waits but for core servers, which answer without waiting for a
// service.
#pragma once

#include "persistent_part.h"
#include "service_record.h"

#include <eft/idl/rs.h>
#include <eft/invoke.h>
#include <eft/layout.h>

#include <optional>

namespace eft::supervisor {

// A copy of what the service shows of itself. It is the service's own word: nothing but comparing is done with it.
struct Signs {
    u64 heartbeats = 0;
    u32 ready_incarnation = 0;
    u64 first_request = 0;  // time stamp
    u64 session = 0;        // whose request is in progress; 0: nobody's
};

// What a service says of another one's answer, as far as rs could verify it: that it came late, or was an error that another
// incarnation might not give.
struct AnswerComplaint {
    unsigned server;     // that the complainer has a session with
    Error error;         // None: it came late
    bool borne_out;      // by what the server itself has noted (eft/overdue.h)
    u64 microseconds;
};

class Processes {
public:
    Processes(CoreServers& core, std::span<const PersistentPart> parts, std::span<ServiceRecord> records)
        : core_(core), parts_(parts), records_(records) {}

    // After a death of rs: what is said of others' late answers begins anew.
    void recover(unsigned index) { complaints_[index] = kNotLooked; }

    // A new incarnation on the persistent part: its process. `replies` is what all before it have delivered, and it
    // learns whether the last one ended by somebody's order. An error leaves nothing behind.
    Result<u32> spawn(unsigned index, u32 incarnation, u64 replies, bool last_end_ordered);
    // Has proc make as much of the next incarnation as can be made while this one runs; or lets go of it.
    Status prepare(unsigned index);
    void discard(unsigned index);
    // The program that answers ServiceHeld in place of a service that does not run. Its incarnation is 0, which is nobody's:
    // its "ready" means nothing.
    Result<u32> spawn_tombstone(unsigned index);
    // The process that a spawn has made whose answer rs did not live to see. None: there is none.
    std::optional<u32> find(unsigned index);
    // Which Reply objects the incarnation has. Exact only if it has not run yet.
    void remember_replies(unsigned index);

    // The process has ended when this returns. WrongState, NotFound: it had ended already.
    Status kill(u32 pid, proc::DeathReason reason);
    Status send(u32 pid, proc::Signal signal);
    // NotFound: it has been reaped.
    Result<proc::Progress> progress(u32 pid);
    // It has taken calls, and has no rings, and no call was answered.
    bool answers_nothing(unsigned index);
    // Of a process that has ended: how.
    Result<proc::CrashRecord> read_record(unsigned index);
    // The crash dump of the incarnation that has ended and is not reaped yet, with what the record says of its death; and what the
    // record says later.
    void write_dump(unsigned index);
    void complete_dump(unsigned index);
    // Null: there is none.
    const CrashDump* dump(unsigned index) const;
    // Of a process that has ended: revokes all that it had.
    Result<proc::CrashRecord> reap(u32 pid);
    // Resets a driver's device and waits for that; does nothing for others. TimedOut: the device has not reported it. Busy: it
    // takes longer, and is to be asked again.
    Status silence(unsigned index);
    // Ends the sessions that the incarnation had as a client.
    void clear(unsigned index);

    Signs signs(unsigned index);
    void signal(unsigned index, WakeBit what);
    // The service that has to act before a thread blocked on this kernel object goes on. None: not a service.
    std::optional<unsigned> owner_of(u64 object);

    // The service that has this session with the service `index`. None: the session is not open, or none of its own.
    std::optional<unsigned> holder(unsigned index, u64 session);
    // Closes all sessions that the holder has with the service, for as long as the holder lives.
    Status expel(unsigned index, u64 session);

    // Tells people; `what` is a part of a sentence that begins with the service's name.
    void report(unsigned index, std::string_view what);

    // What the service has said of another one's answer since the last time, if it has the session that it names.
    std::optional<AnswerComplaint> take_complaint(unsigned index);
    // The service looks at the order when it is woken; any signal does.
    void order_faults(unsigned index, const rs::FaultOrder& order);
    // Of a service or a core server; empty: of nobody known.
    std::string_view endpoint_name(u64 object) const;

private:
    static u32 identity(unsigned index) { return index + 1; }  // for names

    Status admit(unsigned index);
    void dismiss(unsigned index);
    static void forget_orders(const PersistentPart& part);
    struct Image {
        std::string_view name;  // in the boot archive
        u32 bytes = 0;          // not 0: it stands behind the configuration page
    };
    // Of the next incarnation: what is in use.
    Image image_of(unsigned index) const;
    static proc::SpawnRequest spawn_request(const PersistentPart& part, const Image& image, u32 quota);
    Result<u32> start(const PersistentPart& part, const Image& image, u32 quota, u32 incarnation, u64 replies);
    void dump_capabilities(const PersistentPart& part, CrashDump& dump);
    void dump_capability(CrashDump& dump, u32 at, const kernel_object::CapInfo& found, std::string_view name) const;
    static void dump_messages(const PersistentPart& part, CrashDump& dump);

    CoreServers& core_;
    std::span<const PersistentPart> parts_;
    std::span<ServiceRecord> records_;
    static constexpr u64 kNotLooked = ~u64{0};
    std::array<u64, kMaxServices> complaints_{};  // that were taken, of each service
};

}  // namespace eft::supervisor
