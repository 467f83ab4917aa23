#include <object/thread.h>

#include <object/derivation.h>
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/core.h>

namespace eft::kernel {

void Thread::unblock() {
    switch (state) {
        case ThreadState::Sending:
        case ThreadState::Receiving:
            static_cast<Endpoint*>(blocked_on)->leave(*this);
            break;
        case ThreadState::Waiting:
            static_cast<Notification*>(blocked_on)->leave(*this);
            break;
        case ThreadState::AwaitingReply:
            awaiting->lose_caller();
            break;
        case ThreadState::Ready:
        case ThreadState::Suspended:
            break;
    }
    fault.label = 0;
    state = ThreadState::Suspended;
}

void Thread::destroy(Core& core) {
    core.scheduler.stop(*this);
    for (Capability* slot : {&table, &space, &utcb_frame, &pager, &exception_handler, &bound_notification, &reply}) {
        if (!slot->empty()) delete_capability(core, *slot);
    }
}

}  // namespace eft::kernel
