// rs's effects: incarnations are processes of proc on the persistent parts, and their sessions are names'.
#pragma once

#include "incarnations.h"
#include "persistent_part.h"
#include "supervisor.h"

#include <eft/message_trace.h>

namespace eft::supervisor {

class Processes final : public Incarnations {
public:
    explicit Processes(CoreServers& core, std::span<const PersistentPart> parts) : core_(core), parts_(parts) {}

    Result<u32> spawn(unsigned index, u32 incarnation, u64 replies, bool last_end_ordered) override;
    // Its incarnation is 0, which is nobody's: its "ready" means nothing.
    Result<u32> spawn_tombstone(unsigned index) override;
    Status kill(u32 pid, proc::DeathReason reason) override;
    Status send(u32 pid, proc::Signal signal) override;
    Result<proc::Progress> progress(u32 pid) override;
    Result<proc::CrashRecord> reap(u32 pid) override;
    Status silence(unsigned index) override;
    void clear(unsigned index) override;
    Signs signs(unsigned index) override;
    void signal(unsigned index, WakeBit what) override;
    std::optional<unsigned> owner_of(u64 object) override;
    std::optional<unsigned> holder(unsigned index, u64 session) override;
    Status expel(unsigned index, u64 session) override;
    void report(unsigned index, std::string_view what) override;

    // What the service has said of another one's answer since the last time, if it has the session that it names.
    std::optional<OverdueAnswer> take_complaint(unsigned index);
    // The service looks at the order when it is woken; any signal does.
    void order_faults(unsigned index, const rs::FaultOrder& order);
    // The last requests that the dead incarnation took.
    std::span<const TraceEntry> last_messages(unsigned index) const;

private:
    // Of the last incarnation.
    struct Process {
        u32 pid = 0;
        u32 client = 0;  // of names; 0: none
        std::array<u64, kMostReplies> replies{};           // ids of its Reply objects
        std::array<TraceEntry, kTraceEntries> messages{};  // of the last one that died
        u32 message_count = 0;
    };

    Status admit(unsigned index);
    void dismiss(unsigned index);
    Result<u32> start(const PersistentPart& part, std::string_view image, u32 quota, u32 incarnation, u64 replies);
    void remember_replies(unsigned index);
    void take_messages(unsigned index);

    CoreServers& core_;
    std::span<const PersistentPart> parts_;
    std::array<Process, kMaxServices> processes_{};
    std::array<u64, kMaxServices> complaints_{};  // that were taken, of each service
};

}  // namespace eft::supervisor
