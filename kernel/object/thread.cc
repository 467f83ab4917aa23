#include <object/thread.h>

#include <object/address_space.h>
#include <object/derivation.h>
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/core.h>

namespace eft::kernel {

void QueueHand::move(Thread* to) {
    if (thread_) thread_->note(Thread::AtHand, false);
    if (to) to->note(Thread::AtHand, true);
    thread_ = to;
}

void Thread::set_inner(Core& core, Capability& inner, Capability* source) {
    if (!inner.empty()) delete_capability(core, inner);
    if (!source) return;
    derive_capability(*source, inner, kAllRights);
    if (!inner.is(ObjectType::Endpoint)) inner.holder() = this;
    if (inner.is(ObjectType::AddressSpace)) space_root = inner.as<AddressSpace>().root();
    review();
}

void Thread::review() {
    note(NoTable, table.empty());
    note(NoSpace, space.empty());
    note(NoContext, context.empty());
    note(NoReply, reply.empty());
    utcb = utcb_frame.empty() ? nullptr : to_pointer<Utcb>(utcb_frame.address());
    note(SignalPending, !bound_notification.empty() && bound_notification.as<Notification>().pending());
}

void Thread::inner_cleared(Core& core, ObjectType kind) {
    review();
    if (kind == ObjectType::Reply && state == ThreadState::Receiving) {
        via->as<Endpoint>().leave(*this);
        core.scheduler.end_wait(*this, Error::ReplyMissing);
    }
}

void Thread::unblock() {
    switch (state) {
        case ThreadState::Sending:
        case ThreadState::Receiving:
            via->as<Endpoint>().leave(*this);
            break;
        case ThreadState::Waiting:
            via->as<Notification>().leave(*this);
            break;
        case ThreadState::AwaitingReply:
            awaiting->lose_caller();
            break;
        case ThreadState::Ready:
        case ThreadState::Exhausted:
        case ThreadState::Suspended:
            break;
    }
    end_fault();
    state = ThreadState::Suspended;
}

void Thread::destroy(Core& core) {
    let_go_of_lent();
    arch::drop_fpu(*this);
    for (Capability* slot : {&table, &space, &utcb_frame, &pager, &exception_handler, &bound_notification, &reply, &context}) {
        if (!slot->empty()) delete_capability(core, *slot);
    }
}

}  // namespace eft::kernel
