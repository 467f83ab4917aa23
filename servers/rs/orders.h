// rs as a server: what people and programs may ask of the supervisor.
//
// Who may do so says the interface: the manifest's grants determine the kind of session. Core servers can be killed and given
// faults, which root does; other orders about them are refused: rs is not their supervisor.
#pragma once

#include "describe.h"
#include "processes.h"
#include "supervisor.h"
#include "waiters.h"

#include <eft/invoke.h>
#include <eft/state/stateful_server.h>

namespace eft::supervisor {

constexpr u32 kRsSessions = 12;

// What those who have subscribed were told of a service.
struct Reported {
    rs::ServiceState state = rs::ServiceState::Down;
    u32 incarnation = 0;
    u32 deaths = 0;
    bool operator==(const Reported&) const = default;
};
// What clients know already: it changes with the answers and events that tell them.
struct Told {
    std::array<Reported, kMaxServices> services{};
    std::array<u64, kMaxServices> orders{};  // the last one that was answered (NotedOrder)
};
using RsServer = StatefulServer<rs::Rs, Told, kRsSessions>;

class Orders : public RsServer {
public:
    // Parts and records: of the services that the manifest names, refused ones left out.
    Orders(std::span<std::byte> memory, SessionSlots& slots, CoreServers& core, std::span<const PersistentPart> parts,
           Processes& processes, Supervisor& supervisor, std::span<ServiceRecord> records)
        : RsServer(memory, 1, slots), core_(core), parts_(parts), processes_(processes), supervisor_(supervisor), records_(records) {}

    Result<rs::ServiceLine> next(ipc::Context& context, Session&, const rs::Cursor& cursor);
    Result<rs::ServiceInfo> info(ipc::Context& context, Session&, const rs::Name& request);
    Status kill(ipc::Context& context, Session&, const rs::KillOrder& request);
    Status fault(ipc::Context& context, Session&, const rs::FaultOrder& request);
    Task<Status> restart(ipc::Context& context, Session&, rs::Name request);
    Task<Status> stop(ipc::Context& context, Session&, rs::Name request);
    Status start(ipc::Context& context, Session&, const rs::Name& request);
    Task<Status> wait(ipc::Context& context, Session&, rs::Name request);
    Task<Status> update(ipc::Context& context, Session&, rs::UpdateOrder request);
    Status shutdown(ipc::Context& context, Session&, const Empty&);
    Status reboot(ipc::Context& context, Session&, const Empty&);
    Result<rs::Phases> recovery(ipc::Context& context, Session&, const rs::Name& request);
    Result<rs::LastMessages> messages(ipc::Context& context, Session&, const rs::Name& request);
    Result<rs::TablePart> capabilities(ipc::Context& context, Session&, const rs::TableQuery& request);
    Result<rs::TablePart> held(ipc::Context& context, Session&, const rs::TableQuery& request);
    Result<rs::LogMemory> log(ipc::Context& context, Session&, const rs::Cursor& cursor);

    // After rs was woken: states may have changed.
    void look_again() { waiters_.wake(); }
    // At the end of each step: an event for every service that is not what it was.
    void raise_changes();
    // What a person wants of rs itself: now that the order has been answered.
    void obey_own_order();

private:
    // Notes the order, and that it is answered with this step. False: it is the one that was in progress when rs died.
    Result<bool> note_order(unsigned index, const Session& session, Verb verb);
    Status answered(unsigned index, const Session& session);
    Status carried_out(unsigned index, Status done);
    // NotFound; PermissionDenied for a core server.
    Result<unsigned> ordered(std::string_view name) const;
    Status order_core_server(std::string_view name, CoreSignal signal, const FaultPlan& faults = {});
    Status order_own_end(CoreSignal signal);
    Status kill_all();
    Result<rs::ServiceInfo> core_info(std::string_view name);
    void add_capabilities(Slot table, u64 slots, const PersistentPart* part);
    // NotFound: it has never died.
    Result<const CrashDump*> dump_of(std::string_view name) const;
    void set_registers(std::string_view name);
    std::string_view session_kind(std::string_view peer, Badge badge) const;
    rs::Capability capability(const kernel_object::CapInfo& found, u32 at, const PersistentPart* part) const;

    CoreServers& core_;
    std::span<const PersistentPart> parts_;
    Processes& processes_;
    Supervisor& supervisor_;
    std::span<ServiceRecord> records_;
    Waiters waiters_;
    // Of the answer in progress.
    InfoAnswer info_;
    CapabilityList capabilities_;
    std::array<rs::TakenMessage, kTraceEntries> messages_{};
    std::array<rs::MessageWords, kTraceEntries> words_{};
    CapHandle later_;
    CoreSignal own_order_ = CoreSignal::None;
};

}  // namespace eft::supervisor
