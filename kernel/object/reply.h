// Reply: the right to answer one call. It is free, holds the caller, or knows that its caller is
// gone. Destroying it answers the caller PeerDied; a fault that it holds is delivered again.
//
// The caller's SchedContext is lent through it (sched_context.h).
#pragma once

#include <object/thread.h>

namespace eft::kernel {

class Reply : public Object {
public:
    static constexpr ObjectType kType = ObjectType::Reply;

    Reply() : Object(kType) {}

    bool free() const { return caller_ == nullptr; }
    bool holds() const { return caller_ > gone(); }
    // Only while it holds one.
    Thread* caller() const { return caller_; }

    // The caller's message was accepted by `server`, whose current Reply this is: the caller waits here
    // from now on, and the server uses its context.
    [[gnu::always_inline]] void hold(Thread& caller, Thread& server) {
        caller_ = &caller;
        caller.awaiting = this;
        caller.state = ThreadState::AwaitingReply;
        SchedContext& context = *caller.charged;
        outer = context.reply;
        context.reply = this;
        context.holder = &server;
        server.charged = &context;
    }
    // The caller stops waiting (cancelled, destroyed).
    void lose_caller();
    // For the fast path: the end of a call whose context was lent through this and which `server` holds.
    [[gnu::always_inline]] void return_lent(Thread& server) {
        SchedContext& context = *server.charged;
        context.reply = outer;
        context.holder = caller_;
        server.charged = nullptr;
        caller_ = nullptr;
    }

    // Answers with what `server`'s registers hold. `lost` says that the caller was gone. An error
    // is the server's and changes nothing but that the caller's context is not lent from further in any more. It
    // may pause; otherwise the Reply is free afterwards.
    Error answer(Core& core, Thread& server, bool& lost);

    bool destroy(Core& core);  // false: it paused

    Reply* outer = nullptr;  // while a context is lent through this: the Reply that it came through before

private:
    static Thread* gone() { return reinterpret_cast<Thread*>(1); }

    void resume_faulted(Core& core, Thread& thread, u32 label);
    Thread& give_back();

    Thread* caller_ = nullptr;  // or null: free; or gone()
};
static_assert(sizeof(Reply) <= 1u << kReplyBits);

inline bool has_free_reply(const Thread& thread) {
    return !thread.reply.empty() && thread.reply.as<Reply>().free();
}

}  // namespace eft::kernel
