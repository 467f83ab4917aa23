// What a handler may know about the call that it serves, and what dispatch() and the server loop say to each other.
//
// The loop's step:   IncomingMessage, Context -> Service::dispatch -> Outcome -> reply_recv -> OutgoingCaps::drop.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/cap_field.h>
#include <eft/ipc/registers.h>

#include <cstddef>
#include <span>
#include <utility>

namespace eft::ipc {

// What the loop does next. In each case the registers and the message page hold a complete reply, except Deferred.
enum class Outcome : u8 {
    Reply,     // answer the caller with the registers
    Deferred,  // a coroutine has the caller's Reply; only receive
    NoReply,   // the method is oneway. A caller who used `call` all the same gets the (empty) reply in the registers;
               // where there is no caller, only receive
};

// What the server loop offers to handlers that answer later, and to the dispatcher. One per loop.
class LoopServices {
public:
    // Moves the thread's current Reply, which holds the caller, into a slot, and gives the thread a free one.
    virtual Result<Slot> keep_reply() = 0;
    // Answers the caller in the slot with registers and message page, and makes the Reply free for the next.
    virtual void answer(Slot reply, Registers& registers) = 0;
    // Drops a caller without an answer: it is told PeerDied.
    virtual void abandon(Slot reply) = 0;
    // The message page that answers are written to.
    virtual Utcb& page() = 0;
    // The dispatcher is about to change these bytes of the session (its record of the last `once` reply), in the step
    // of the present request; a state region writes them to its undo log.
    virtual void before_change(std::span<std::byte> bytes) { static_cast<void>(bytes); }

    // Of methods that say `within`: the handler begins, and has answered.
    virtual u64 time_stamp() { return 0; }
    virtual void timed_answer(u32 label, u64 badge, u64 started, u64 within_ns) {
        static_cast<void>(label), static_cast<void>(badge), static_cast<void>(started), static_cast<void>(within_ns);
    }

protected:
    ~LoopServices() = default;
};

class Context {
public:
    Context(u64 badge, Tag tag, LoopServices* loop) : badge_(badge), tag_(tag), loop_(loop) {}

    Badge badge() const { return Badge{badge_}; }
    u32 label() const { return tag_.label(); }
    // Of a `once` request: its number in the session. 0: none.
    u16 sequence() const { return tag_.sequence(); }
    LoopServices& loop() const { return *loop_; }

private:
    u64 badge_;
    Tag tag_;
    LoopServices* loop_;
};

// A received message, as the loop hands it to dispatch(), which turns it into the reply.
//
// The loop's own one stays in machine registers, because all that gets it by reference is inlined; code that is not gets
// another one, into which it is moved and from which the reply is copied back.
class IncomingMessage {
public:
    [[gnu::always_inline]] IncomingMessage(const Registers& received, Utcb& message_page, OutgoingCaps& outgoing_caps)
        : registers(received), page(message_page), outgoing(outgoing_caps), caps([&]() -> Utcb& { return message_page; }, received.tag) {}
    [[gnu::always_inline]] IncomingMessage(IncomingMessage&&) = default;
    [[gnu::always_inline]] ~IncomingMessage() = default;

    [[gnu::always_inline]] u32 label() const { return registers.tag.label(); }

    [[gnu::always_inline]] Outcome refuse(Error error) {
        registers.tag = Tag(static_cast<u32>(error), 0);
        return Outcome::Reply;
    }

    Registers registers;  // of the request, then of the reply
    Utcb& page;
    OutgoingCaps& outgoing;
    ReceivedCaps caps;
};

// The right to answer one caller, later. Dropped without an answer, the caller is told PeerDied.
class Deferred {
public:
    Deferred(LoopServices& loop, Slot reply) : loop_(&loop), reply_(reply) {}
    Deferred(Deferred&& other) noexcept : loop_(other.loop_), reply_(std::exchange(other.reply_, Slot::None)) {}
    Deferred& operator=(Deferred&&) = delete;
    ~Deferred() {
        if (reply_ != Slot::None) loop_->abandon(reply_);
    }

    Utcb& page() const { return loop_->page(); }
    void answer(Registers& registers) { loop_->answer(std::exchange(reply_, Slot::None), registers); }

private:
    LoopServices* loop_;
    Slot reply_;
};

}  // namespace eft::ipc
