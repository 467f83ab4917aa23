#include <object/reply.h>

#include <object/fault.h>
#include <object/transfer.h>
#include <schedule/core.h>

namespace eft::kernel {

// The call has ended: the caller is charged for itself again, and waits here no longer.
Thread& Reply::give_back() {
    Thread& caller = *caller_;
    caller.charged->return_from(*this);
    caller.state = ThreadState::Suspended;
    caller_ = nullptr;
    return caller;
}

void Reply::lose_caller() {
    give_back();
    caller_ = gone();
}

Error Reply::answer(Core& core, Thread& server, bool& lost) {
    if (free()) return Error::NothingToAnswer;
    lost = !holds();
    if (!lost && !caller_->charged->draw_back(core, *this)) return kPaused;
    if (lost) {
        caller_ = nullptr;
    } else if (caller_->in_fault()) {
        resume_faulted(core, give_back(), server.registers.tag().label());
    } else {
        const Error error = transfer(server, *caller_, Badge::None);
        // PeerNoSlot and PeerNoUtcb are the caller's own fault: it is told, and answered.
        if (error != Error::None) {
            if (error != Error::PeerNoSlot && error != Error::PeerNoUtcb) return error;
            caller_->finish(error);
        }
        core.scheduler.switch_to(give_back());
    }
    ++server.replies_delivered;
    return Error::None;
}

// Label 0: go on. Otherwise a page fault goes to the exception handler, an exception stops the thread. A
// thread that waits for budget goes on in any case, as soon as it has some.
void Reply::resume_faulted(Core& core, Thread& thread, u32 label) {
    if (label == 0 || thread.fault.label == kBudgetLabel) {
        thread.end_fault();
        core.scheduler.switch_to(thread);
    } else if (thread.fault.label == kPageFaultLabel) {
        escalate_page_fault(core, thread);
    } else {
        core.scheduler.suspend_faulted(thread);
    }
}

bool Reply::destroy(Core& core) {
    if (!holds()) return true;
    if (!caller_->charged->draw_back(core, *this)) return false;
    Thread& caller = give_back();
    if (caller.in_fault()) {
        deliver_fault(core, caller);
    } else {
        caller.finish(Error::PeerDied);
        core.scheduler.wake(caller);
    }
    return true;
}

}  // namespace eft::kernel
