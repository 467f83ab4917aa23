#include <object/reply.h>

#include <object/fault.h>
#include <object/transfer.h>
#include <schedule/core.h>

namespace eft::kernel {

void Reply::lose_caller() {
    caller_->awaiting = nullptr;
    caller_ = nullptr;
    state_ = State::CallerGone;
}

Error Reply::answer(Core& core, Thread& server, bool& lost) {
    if (state_ == State::Free) return Error::NothingToAnswer;
    lost = state_ == State::CallerGone;
    if (!lost) {
        Thread& caller = *caller_;
        if (caller.in_fault()) {
            caller_ = nullptr;
            caller.awaiting = nullptr;
            caller.state = ThreadState::Suspended;
            resume_faulted(core, caller, server.registers.tag().label());
        } else {
            const Error error = transfer(server, caller, Badge::None);
            if (error != Error::None) {
                // PeerNoSlot and PeerNoUtcb are the caller's own fault: it is told, and answered.
                if (error != Error::PeerNoSlot && error != Error::PeerNoUtcb) return error;
                caller.finish(error);
            }
            caller_ = nullptr;
            caller.awaiting = nullptr;
            core.scheduler.switch_to(caller);
        }
    }
    state_ = State::Free;
    ++server.replies_delivered;
    return Error::None;
}

// Label 0: go on. Otherwise a page fault goes to the exception handler, an exception stops the thread.
void Reply::resume_faulted(Core& core, Thread& thread, u32 label) {
    if (label == 0) {
        thread.fault.label = 0;
        core.scheduler.switch_to(thread);
    } else if (thread.fault.label == kPageFaultLabel) {
        escalate_page_fault(core, thread);
    } else {
        core.scheduler.suspend_faulted(thread);
    }
}

void Reply::destroy(Core& core) {
    if (state_ != State::Holding) return;
    Thread& caller = *caller_;
    lose_caller();
    caller.state = ThreadState::Suspended;
    if (caller.in_fault()) {
        deliver_fault(core, caller);
    } else {
        caller.finish(Error::PeerDied);
        core.scheduler.wake(caller);
    }
}

}  // namespace eft::kernel
