// The services that this process may call, and its sessions with them, by the names that people know.
//
// A name is that of a capability which the manifest grants ("rs"), of a server that every process has a session with
// (mem, proc, names), of a service that the manifest lets this process connect to ("timer"), or of the program that
// provides such a service ("hpet"). Sessions are opened as stubs open theirs, through names, at the first use, and kept:
// so calls of one session follow on each other. They are other ones than those of the prompt's own stubs, apart from the
// first two kinds, of which a process has only one.
#pragma once

#include "monitor/calls.h"
#include "monitor/rpc/catalogue.h"

#include <eft/cap.h>
#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>

#include <manifest_generated.h>

#include <memory>
#include <vector>

namespace eft::monitor {

struct Endpoint {
    std::string name;
    Slot slot = Slot::None;  // None: its session was closed
    u64 badge = 0;     // of a session that names gave; 0: it did not
    u16 sequence = 0;  // of the last `once` call
    std::vector<const descriptor::Service*> interfaces;
};

// A name that may be called, or one of the manifest's that may not.
struct EndpointName {
    std::string name;
    bool allowed;
    std::vector<std::string> providers = {};  // the programs, of which one runs; none: as the name
};

class Endpoints {
public:
    Endpoints(Calls& calls, const Catalogue& catalogue, const manifest::Manifest& manifest);

    Calls& calls() { return calls_; }
    std::vector<EndpointName> list() const;
    // The session, and which interfaces answer there. PermissionDenied: the manifest does not allow it. NotFound. The pointer
    // stays valid.
    Task<Result<Endpoint*>> open(std::string name);
    // One more session beside it, for a subscription. Of what names does not give there is only the one.
    Result<Endpoint> another(const Endpoint& endpoint);
    // A session in place of one that the server does not know any more, or that is revoked. NotSupported: of one that
    // names does not give.
    Status reopen(Endpoint& endpoint);
    // What names did not give stays.
    void close(Endpoint& endpoint);

private:
    std::string_view published_name(std::string_view name) const;
    Endpoint* find(std::string_view name) const;
    Result<Slot> session(std::string_view name, u64& badge);
    Task<Status> ask_interfaces(Endpoint& endpoint);
    Task<Error> ask(Slot slot, const descriptor::Service& service);

    const Catalogue& catalogue_;
    const manifest::Manifest& manifest_;
    const manifest::Service* own_ = nullptr;
    names::NamesClient<> broker_;
    Calls& calls_;
    std::vector<std::unique_ptr<Endpoint>> open_;  // who has one may keep a pointer to it
};

}  // namespace eft::monitor
