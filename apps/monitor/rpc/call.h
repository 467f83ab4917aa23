// One call by reflection, with what the interface declares about the death of the server: as a stub does it
// (<eft/ipc/client.h>), for a method that is known at run time only.
#pragma once

#include "monitor/rpc/endpoints.h"
#include "monitor/rpc/message.h"

namespace eft::monitor {

// True: rpc can call it. Ring entries want memory that both sides share.
inline bool travels_as_message(const descriptor::Method& method) {
    return method.carrier() == descriptor::Carrier::Call || method.carrier() == descriptor::Carrier::Oneway ||
           method.carrier() == descriptor::Carrier::OnewayLossy;
}

// What is called, and how its answer looks.
struct Called {
    const descriptor::Service& service;
    const descriptor::Method& method;
    const descriptor::Record& response;
};

// The memory objects that the request asks for live until this returns, or longer where the server has mapped them.
// Capabilities of the reply are dropped; a memory object among them that is this process's own is released.
// Destroying the task leaves the call: its session is closed, so that the server cancels what waits there, and the next call
// opens another one. A session that names did not give (rs, mem, proc, names, dev) stays, and what waits in it at the server
// comes to its own end.
Task<Result<Message>> call(Endpoints& endpoints, Endpoint& endpoint, Called called, const Message& request);

}  // namespace eft::monitor
