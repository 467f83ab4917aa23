// Reply: the right to answer one call. It is free, holds the caller, or knows that its caller is
// gone. Destroying it answers the caller PeerDied; a fault that it holds is delivered again.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

class Reply : public Object {
public:
    Reply() : Object(ObjectType::Reply) {}

    bool free() const { return state_ == State::Free; }
    Thread* caller() const { return caller_; }

    // The caller's message was accepted: it waits here from now on.
    void hold(Thread& caller) {
        state_ = State::Holding;
        caller_ = &caller;
        caller.awaiting = this;
        caller.state = ThreadState::AwaitingReply;
    }
    // The caller stops waiting (cancelled, destroyed).
    void lose_caller();

    // Ends the holding: the caller has its answer.
    Thread& release() {
        Thread& caller = *caller_;
        caller.awaiting = nullptr;
        caller_ = nullptr;
        state_ = State::Free;
        return caller;
    }

    // Answers with what `server`'s registers hold. `lost` says that the caller was gone. An error
    // is the server's and changes nothing. The Reply is free afterwards.
    Error answer(Core& core, Thread& server, bool& lost);

    void destroy(Core& core);

private:
    enum class State : u8 { Free, Holding, CallerGone };

    void resume_faulted(Core& core, Thread& thread, u32 label);

    State state_ = State::Free;
    Thread* caller_ = nullptr;
};
static_assert(sizeof(Reply) <= 1u << kReplyBits);

inline bool has_free_reply(const Thread& thread) {
    return !thread.reply.empty() && thread.reply.as<Reply>().free();
}

}  // namespace eft::kernel
