// When the next incarnation of a service is prepared, for supervisor.h.
#include "supervisor.h"

namespace eft::supervisor {

// The next incarnation of a service that has taken its first request, or of one at each tick: mem and proc do nothing else
// meanwhile. What cannot be prepared is not tried again before the next death.
void Supervisor::prepare_one() {
    for (unsigned index = 0; index < plans_.size(); ++index)
        if (prepare(index)) return;
}

bool Supervisor::prepare(unsigned index) {
    ServiceRecord& service = records_[index];
    const bool is_wanted = service.state == rs::ServiceState::Up && service.order == Order::None && plans_[index].policy != Policy::Never;
    if (!is_wanted || service.is_prepared) return false;
    service.is_prepared = true;
    static_cast<void>(processes_.prepare(index));
    store(index);
    return true;
}

}  // namespace eft::supervisor
