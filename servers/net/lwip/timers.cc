// Memory of lwIP's timers. lwIP ends the program if it gets none for one of them, so these never depend on the heap, which peers can
// fill. There are one for TCP and one for each of nine protocols; timeouts.c is built with these names (CMakeLists.txt).
#include "lwip/memp.h"
#include "lwip/timeouts.h"

namespace {

struct Place {
    sys_timeo timer;
    bool is_taken;
};
Place places[16];

}  // namespace

extern "C" {

void* eft_net_allocate_timer(memp_t) {
    for (Place& each : places) {
        if (each.is_taken) continue;
        each.is_taken = true;
        return &each.timer;
    }
    return nullptr;
}

void eft_net_free_timer(memp_t, void* timer) {
    for (Place& each : places)
        if (&each.timer == timer) each.is_taken = false;
}

}  // extern "C"
