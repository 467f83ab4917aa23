// The supervisor's environment as it really is: the core servers, and the persistent parts that rs owns.
//
// A persistent part is made once per service and outlives its incarnations: CapTable, endpoint, notification,
// configuration page, persistent memory, device assignment. What is in the CapTable below FirstScratch comes from here,
// except for the slots that proc fills for each incarnation; everything from FirstScratch on is cleared at each death.
#pragma once

#include "environment.h"
#include "manifest_check.h"

#include <eft/core_processes.h>
#include <eft/idl/dev.h>
#include <eft/idl/mem.h>
#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/layout.h>
#include <eft/process.h>
#include <eft/service_config.h>
#include <eft/shared_memory.h>

#include <array>

namespace eft::supervisor {

// Bits of rs's notification: root's tick, and one for each service.
constexpr unsigned kTickBit = 0, kFirstServiceBit = 1;
static_assert(kFirstServiceBit + kMaxServices < 61, "the bits above are libos' own");

// Without root, which is no server.
constexpr std::span kCoreServers = std::span(kCoreProcesses).subspan<1>();

struct PersistentPart {
    const manifest::Service* plan = nullptr;
    CapHandle table, endpoint, notification;
    CapHandle bell;       // signals rs about this service
    CapHandle heartbeat;  // the service's notification, by what it is told
    CapHandle stop;
    CapHandle device;     // session with dev
    SharedMemory config, memory;
    u32 assignment = 0;
    u32 client = 0;  // of names; 0: none
    u64 endpoint_id = 0;
    std::array<u64, kSpareReplies> replies{};  // ids of the incarnation's Reply objects
    u32 named = 0;
    u32 pid = 0;  // of the last incarnation
    std::array<TraceEntry, kTraceEntries> messages{};  // of the last one that died
    u32 message_count = 0;
    u64 complaints = 0;  // of it that were taken
    bool made = false;  // everything above is there
    FixedText<63> trouble;  // what could not be made, and why
    Error missing = Error::None;  // the same for programs

    std::string_view name() const { return text(plan->name()); }
    u32 slots() const { return 1u << plan->table_bits(); }
    ServiceConfig& page() const { return *reinterpret_cast<ServiceConfig*>(config.bytes().data()); }
    PersistentHead& head() const { return *reinterpret_cast<PersistentHead*>(memory.bytes().data()); }
};

class Machine final : public Programs {
public:
    // Takes up the sessions that root granted, and maps the boot archive.
    Status open();
    Result<std::span<const std::byte>> boot_file(std::string_view name) const;
    bool has(std::string_view program) const override { return boot_file(program).ok(); }

    // Makes the persistent part of a service and publishes what it provides.
    Status make(unsigned index, const manifest::Service& plan);
    const PersistentPart& part(unsigned index) const { return parts_[index]; }
    // The log ring of root or of a server that root started.
    struct CoreLog {
        CapHandle object;
        u64 bytes = 0;
    };
    const CoreLog& core_log(u32 pid) const { return core_logs_[pid - 1]; }
    // "echo", or a core server's name, or nothing: whose endpoint this object is.
    std::string_view endpoint_name(u64 object) const;

    // The environment.
    u64 stamp() const { return sys::time_stamp(); }
    // Of a distance of stamps, at the rate that the kernel measured before it started anybody.
    u64 microseconds(u64 distance) const { return microseconds_of(distance, config().ticks_per_ms); }
    Result<u32> spawn(unsigned index, u32 incarnation, u64 replies, bool last_end_ordered);
    Result<u32> spawn_tombstone(unsigned index);
    bool is_dead(u32 pid);
    Result<proc::CrashRecord> reap(u32 pid);
    Status kill(u32 pid, proc::DeathReason reason);
    Status send(u32 pid, proc::Signal signal);
    Result<proc::Progress> progress(u32 pid);
    Status silence(unsigned index);
    void clear(unsigned index);
    Signs signs(unsigned index) const;
    void ask_heartbeat(unsigned index) { sys::signal(parts_[index].heartbeat.slot()); }
    // The service looks at the order when it is woken; any signal does.
    void order_faults(unsigned index, const rs::FaultOrder& order);
    void ask_stop(unsigned index) { sys::signal(parts_[index].stop.slot()); }
    std::optional<unsigned> owner_of(u64 object) const;
    // What the service has said of an answer since the last time, if it has the session that it names.
    std::optional<OverdueAnswer> take_complaint(unsigned index);
    std::optional<unsigned> holder(unsigned index, u64 session);
    Status expel(unsigned index, u64 session);
    std::string_view name(unsigned index) const { return parts_[index].name(); }
    void report(unsigned index, std::string_view what);

    Slot ports() const { return ports_; }

private:
    void take_messages(PersistentPart& part);
    Status make_all(PersistentPart& part, unsigned index);
    Status make_objects(PersistentPart& part, unsigned index);
    Status make_memory(PersistentPart& part);
    Status fill_table(PersistentPart& part);
    Status make_grant(PersistentPart& part, unsigned index, std::string_view server, std::string_view kind);
    Status assign_device(PersistentPart& part);
    Status publish(PersistentPart& part);
    Status name_capability(PersistentPart& part, std::string_view name, Slot source, Rights mask, Badge badge);
    Result<CapHandle> make_object(ObjectType type, unsigned size_bits);
    Status admit(PersistentPart& part);
    void dismiss(PersistentPart& part);
    Result<u32> start_process(const PersistentPart& part, std::string_view image, u32 quota, u32 incarnation, u64 replies);
    void remember_replies(PersistentPart& part);

    mem::MemClient<> memory_;
    proc::ProcClient<> proc_;
    dev::DevClient<> dev_;
    names::NamesClient<> names_;
    Slot device_list_ = Slot::None;  // a session with dev that may only list
    Slot ports_ = Slot::None;
    std::span<const std::byte> archive_;
    std::array<u64, kCoreServers.size()> core_ids_{};
    std::array<CoreLog, kCoreProcesses.size()> core_logs_;
    std::array<PersistentPart, kMaxServices> parts_;
};

static_assert(Environment<Machine>);

}  // namespace eft::supervisor
