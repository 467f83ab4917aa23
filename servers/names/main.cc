// names: sessions between services and their clients.
#include "broker.h"

#include <eft/panic.h>
#include <eft/server.h>
#include <eft/state/region_commit.h>
#include <eft/state_memory.h>

int eft_main() {
    using namespace eft;
    if (SessionSlots::count() < broker::kPersistentSlots) panic_for_slots(broker::kPersistentSlots);
    static EFT_PROCESS_LOCAL broker::Broker server(state_memory_of<broker::Region::kBytes>(), slot(WellKnown::Endpoint));
    if (!server.recover(incarnation().replies_delivered).ok()) panic("the state cannot be used");
    log("ready");
    static EFT_PROCESS_LOCAL RegionCommit commit(server.log());
    ServerLoop loop(&commit);
    loop.run(requests_to<names::Names>(server));
}
