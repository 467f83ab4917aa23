// Endpoint: where a sender and a receiver meet. It buffers nothing; one of the two waits in its
// queue. At any time there are only senders or only receivers.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

enum class Wait : bool { Block, Poll };

class Endpoint : public Object {
public:
    static constexpr ObjectType kType = ObjectType::Endpoint;

    Endpoint() : Object(kType) {}

    // `sender`, which is the running thread or a faulting one, sends what its registers (or its
    // fault) hold. Returns what it must be told at once; success means that the operation is
    // complete or that the thread is now blocked, and its result comes later.
    Error send(Core& core, Thread& sender, EndpointCap via, bool call, Wait wait);

    // The same for the fault of a thread, which carries nothing that a receiver could have no room for: it is
    // taken or queued.
    void send_fault(Core& core, Thread& thread, EndpointCap via);

    // `receiver` takes a message or waits for one; its current Reply is free (checked before). It may
    // pause: then nothing has happened yet to the receiver.
    Error receive(Core& core, Thread& receiver, EndpointCap via, Wait wait);

    // For the fast path: the thread that waits to receive longest, or null; to take it out, if nothing wants its
    // attention; whether nobody waits to send; to receive as the last.
    Thread* first_receiver() const { return receivers_.head(); }
    void take_first_receiver() { receivers_.pop_front(); }
    bool has_sender() const { return !senders_.empty(); }
    void await_message(Thread& thread, EndpointCap via) {
        thread.state = ThreadState::Receiving;
        thread.via = &via.slot();
        via->awaited = 1;
        receivers_.push_back(thread);
    }

    // A blocked thread goes away (cancel, destruction).
    void leave(Thread& thread);
    // The capability goes: everybody queued through it is told InvalidCapability. False: it paused.
    bool cancel(Core& core, EndpointCap via);
    // The capability moves to another slot, if too long a queue does not prevent it.
    bool can_rename(EndpointCap from) const;
    void rename(EndpointCap from, Capability& to);

private:
    void take_first(ThreadQueue& queue) { hand_.pass(*queue.head()), queue.pop_front(); }
    void await_receiver(Thread& thread, EndpointCap via, bool call);

    ThreadQueue senders_;
    ThreadQueue receivers_;
    QueueHand hand_;  // in the queue that is not empty
};
static_assert(sizeof(Endpoint) <= 1u << kEndpointBits);

}  // namespace eft::kernel
