// The program: the broker over the kernel's capabilities.
#include "broker.h"

#include <eft/invoke.h>
#include <eft/server.h>

namespace {

using namespace eft;

struct Kernel {
    Result<Slot> mint(Slot endpoint, u64 badge) {
        const Slot own = allocate_slot();
        if (own == Slot::None) return Error::LimitReached;
        const Status derived = kernel_object::derive(slot(WellKnown::Table), own, endpoint, bits(EndpointRight::Send), badge);
        if (derived.ok()) return own;
        return_slot(own);
        return derived.error();
    }
    void recall(Slot parent) { static_cast<void>(kernel_object::revoke(slot(WellKnown::Table), parent)); }
    void revoke(Slot parent) {
        recall(parent);
        drop_slot(parent);
    }
    void drop(Slot capability) { drop_slot(capability); }
    void signal(Slot notification) { sys::signal(notification); }
};

}  // namespace

int eft_main() {
    static Kernel kernel;
    static broker::Broker<Kernel> server(kernel, slot(WellKnown::Endpoint));
    log("ready");
    ServerLoop loop;
    loop.run(requests_to<names::Names>(server));
}
