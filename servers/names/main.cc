// names: sessions between services and their clients.
#include "broker.h"

#include <eft/server.h>

int eft_main() {
    using namespace eft;
    static EFT_PROCESS_LOCAL broker::Broker server(slot(WellKnown::Endpoint));
    log("ready");
    ServerLoop loop;
    loop.run(requests_to<names::Names>(server));
}
