// Stands on the persistent part of a service that is held or stopped, and tells its clients so. The manifest's `canary`
// is the same program: it shows by its heartbeats that the processor gets down to the lowest priority.
#include <eft/server.h>

using namespace eft;

int eft_main() {
    ServerLoop loop;
    loop.run([](ipc::Context&, ipc::IncomingMessage& message) { return message.refuse(Error::ServiceHeld); });
}
