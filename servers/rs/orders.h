// rs as a server: what people and programs may ask of the supervisor.
//
// Who may do so is decided by the session's badge, which the manifest's grants determine. Orders about core servers are
// refused: rs is not their supervisor.
#pragma once

#include "describe.h"
#include "machine.h"
#include "supervisor.h"
#include "waiters.h"

namespace eft::supervisor {

class Orders {
public:
    Orders(Machine& machine, Supervisor<Machine>& supervisor, std::span<ServiceRecord> records)
        : machine_(machine), supervisor_(supervisor), records_(records) {}

    Result<rs::ServiceLine> next(ipc::Context& context, const rs::Cursor& cursor);
    Result<rs::Details> info(ipc::Context& context, const rs::Name& request);
    Status kill(ipc::Context& context, const rs::KillOrder& request);
    Status fault(ipc::Context& context, const rs::FaultOrder& request);
    Task<Status> restart(ipc::Context& context, rs::Name request);
    Task<Status> stop(ipc::Context& context, rs::Name request);
    Status start(ipc::Context& context, const rs::Name& request);
    Task<Status> wait(ipc::Context& context, rs::Name request);
    Status shutdown(ipc::Context& context, const Empty&);
    Status reboot(ipc::Context& context, const Empty&);
    Result<rs::Phases> recovery(ipc::Context& context, const rs::Name& request);
    Result<rs::LastMessages> messages(ipc::Context& context, const rs::Name& request);
    Result<rs::LogMemory> log(ipc::Context& context, const rs::Cursor& cursor);

    // After rs was woken: states may have changed.
    void look_again() { waiters_.wake(); }

private:
    // NotFound; PermissionDenied for a core server, or if the session may not give orders.
    Result<unsigned> ordered(const ipc::Context& context, std::string_view name) const;
    void describe_capabilities(unsigned index);

    Machine& machine_;
    Supervisor<Machine>& supervisor_;
    std::span<ServiceRecord> records_;  // of the services that the manifest names, refused ones included
    Waiters waiters_;
    InfoText info_;  // the answer in progress
};

}  // namespace eft::supervisor
