// A thread: its registers, what it refers to, and where in an IPC it stands.
//
// Blocked threads are in exactly one of three places: a queue of an Endpoint or Notification
// (`blocked_on`), a Reply (`awaiting`), or nowhere (suspended). Ready threads that do not run are in
// the scheduler's queue of their priority; the running one is in none (Benno scheduling).
#pragma once

#include <eft/abi/message.h>

#include <object/capability.h>
#include <object/object.h>

#include <arch/registers.h>

namespace eft::kernel {

class Reply;
class Notification;
class ThreadQueue;

// A message that the kernel sends for a thread.
struct FaultMessage {
    u32 label = 0;  // 0: the thread is not in a fault
    u64 words[4] = {};
};

class Thread : public Object {
public:
    explicit Thread() : Object(ObjectType::Thread) {}

    arch::UserRegisters registers{};  // first, so that the entry code finds it (see arch)

    // Inner slots (see capability.h).
    Capability table;
    Capability space;
    Capability utcb_frame;  // data: its user address
    Capability pager;
    Capability exception_handler;
    Capability bound_notification;
    Capability reply;

    ThreadState state = ThreadState::Suspended;
    u8 priority = 0;

    // IPC in progress.
    bool wants_reply = false;           // Sending: it is a call
    bool reply_lost = false;            // Receiving: the caller that it answered before was gone
    Object* blocked_on = nullptr;       // Sending, Receiving, Waiting: whose queue it is in
    Capability* via = nullptr;          // Sending, Receiving: the capability it came through
    Reply* awaiting = nullptr;          // AwaitingReply: who holds it
    Badge sender_badge = Badge::None;   // Sending
    FaultMessage fault;
    u64 replies_delivered = 0;

    Thread* queue_next = nullptr;  // of the scheduler, Endpoint or Notification
    Thread* queue_prev = nullptr;

    Utcb* utcb() const { return utcb_frame.empty() ? nullptr : to_pointer<Utcb>(utcb_frame.address()); }
    bool in_fault() const { return fault.label != 0; }
    bool runnable() const { return state == ThreadState::Ready; }
    bool ready_to_run() const { return !space.empty(); }

    // What its IPC operation gave; all message registers are zero then.
    void set_result(Error error, Badge badge, Tag tag) {
        registers.set_result(error, badge, reply_lost ? tag.with(Tag::ReplyLost) : tag);
        reply_lost = false;
    }
    // Ends an IPC operation with an error or without a message.
    void finish(Error error) { set_result(error, Badge::None, Tag()); }

    // Leaves the queue or Reply that it is blocked in; its state becomes Suspended. A fault in
    // progress is forgotten: the instruction will be executed again.
    void unblock();

    // Stops for good: it leaves every queue, its inner slots are cleared.
    void destroy(Core& core);
};
static_assert(sizeof(Thread) <= 1u << kThreadBits);

// An intrusive FIFO of threads.
class ThreadQueue {
public:
    bool empty() const { return !head_; }
    Thread* head() const { return head_; }
    void push_back(Thread& thread) {
        thread.queue_next = nullptr;
        thread.queue_prev = tail_;
        (tail_ ? tail_->queue_next : head_) = &thread;
        tail_ = &thread;
    }
    void push_front(Thread& thread) {
        thread.queue_prev = nullptr;
        thread.queue_next = head_;
        (head_ ? head_->queue_prev : tail_) = &thread;
        head_ = &thread;
    }
    void remove(Thread& thread) {
        (thread.queue_prev ? thread.queue_prev->queue_next : head_) = thread.queue_next;
        (thread.queue_next ? thread.queue_next->queue_prev : tail_) = thread.queue_prev;
        thread.queue_next = thread.queue_prev = nullptr;
    }

private:
    Thread* head_ = nullptr;
    Thread* tail_ = nullptr;
};

}  // namespace eft::kernel
