// The service Slow: keeps to its `within` only if it is asked to.
#include "busy.h"

#include <eft/idl/slow.h>
#include <eft/server.h>

using namespace eft;

namespace {

struct Server {
    Result<Empty> work(ipc::Context&, const slow::Work& request) {
        stay_busy(request.milliseconds);
        return Empty{};
    }
};

}  // namespace

int eft_main() {
    Server server;
    ServerLoop loop;
    loop.run([&](ipc::Context& context, ipc::IncomingMessage& message) { return slow::Slow::dispatch(server, context, message); });
}
