// Endpoint: where a sender and a receiver meet. It buffers nothing; one of the two waits in its
// queue. At any time the queue holds only senders or only receivers.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

enum class Wait : bool { Block, Poll };

class Endpoint : public Object {
public:
    Endpoint() : Object(ObjectType::Endpoint) {}

    // `sender`, which is the running thread or a faulting one, sends what its registers (or its
    // fault) hold. Returns what it must be told at once; success means that the operation is
    // complete or that the thread is now blocked, and its result comes later.
    Error send(Core& core, Thread& sender, Capability& via, bool call, Wait wait);

    // `receiver` takes a message or waits for one; its current Reply is free (checked before).
    Error receive(Core& core, Thread& receiver, Capability& via, Wait wait);

    // A blocked thread goes away (cancel, destruction).
    void leave(Thread& thread);
    // Everybody queued through this capability is told InvalidCapability.
    void cancel(Core& core, Capability& via);
    // The capability moved to another slot.
    void rename(Capability& from, Capability& to);
    // The object dies: everybody queued is told.
    void destroy(Core& core);

private:
    void enqueue(Thread& thread, Capability& via, ThreadState state);
    void accept(Thread& sender, Thread& receiver, bool call);

    ThreadQueue queue_;
};
static_assert(sizeof(Endpoint) <= 1u << kEndpointBits);

}  // namespace eft::kernel
