// A thread: its registers, what it refers to, and where in an IPC it stands.
//
// Blocked threads are in exactly one of three places: a queue of an Endpoint or Notification (`via`),
// a Reply (`awaiting`), or nowhere (suspended). Ready threads that do not run are in
// the scheduler's queue of their priority, those without budget in its queue of the exhausted; the
// running one is in none (Benno scheduling).
#pragma once

#include <eft/abi/message.h>

#include <object/capability.h>
#include <object/object.h>
#include <object/sched_context.h>

#include <arch/fpu.h>
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

// Where a thread's system calls go that are not the kernel's: to a handler in its own address space, as for a program of
// another operating system. Which they are, the address of the SYSCALL says, so that the handler, whose code lies in a range
// of its own, can call the kernel.
struct ForeignCalls {
    static constexpr u64 kMark = u64{1} << 63;

    u64 mark = 0;  // ORed into the number of each system call: kMark, or 0 if all are the kernel's
    u64 handler = 0;
    u64 first = 0, size = 0;  // of the code whose system calls are the kernel's

    // The SYSCALL, which is two bytes long, before this address is the kernel's.
    bool is_native(u64 behind) const { return behind - 2 - first < size; }
};

class Thread : public Object {
public:
    static constexpr ObjectType kType = ObjectType::Thread;

    explicit Thread() : Object(kType) {}

    // First, so that the entry code finds them (see arch).
    arch::UserRegisters registers{};
    Utcb* utcb = nullptr;  // what utcb_frame holds; null: none
    ForeignCalls foreign;

    // What keeps it from the fast path, gathered in one word so that one test finds nothing of it.
    enum Attention : u32 {
        NoTable = 1, NoSpace = 2, NoContext = 4, NoReply = 8,  // these inner slots are empty
        SignalPending = 16,  // its bound notification has bits
        InFault = 32,
        LiveFpu = 128,       // it has floating point state, which is switched with it
        ReplyLost = 64,      // the caller that it answered last was gone: told with what it receives next
        AtHand = 256,        // a QueueHand is at it: it must not leave its queue without a word
    };
    static constexpr u32 kCannotRun = NoSpace | NoContext;
    u32 attention = NoTable | NoSpace | NoContext | NoReply;
    ThreadState state = ThreadState::Suspended;
    u8 priority = 0;           // set_priority
    bool wants_reply = false;  // Sending: it is a call
    bool queued = false;       // it is in a queue of the scheduler

    // Inner slots (see capability.h).
    Capability table;
    Capability space;
    Capability utcb_frame;
    Capability pager;
    Capability exception_handler;
    Capability bound_notification;
    Capability reply;
    Capability context;

    // IPC in progress.
    SchedContext* charged = nullptr;   // whose budget it uses; never null while it is ready
    // Where it waits; each means something only in the states named.
    Capability* via = nullptr;         // Sending, Receiving, Waiting: the capability to the Endpoint or Notification
    Reply* awaiting = nullptr;         // AwaitingReply: who holds it
    Badge sender_badge = Badge::None;  // Sending
    FaultMessage fault;
    u64 replies_delivered = 0;

    arch::FpuState fpu;

    Thread* queue_next = nullptr;  // of the scheduler, Endpoint or Notification; null in no queue
    Thread* queue_prev = nullptr;

    PhysAddr space_root;   // of what `space` holds; means nothing if that is empty
    u64 above = ~u64{1};  // bit p: priority p is higher than its own

    void set_priority(u8 value) {
        priority = value;
        above = ~u64{1} << value;
    }
    SchedContext* own_context() const { return context.empty() ? nullptr : &context.as<SchedContext>(); }
    bool in_fault() const { return attention & InFault; }
    bool ready_to_run() const { return !(attention & kCannotRun); }
    void note(Attention what, bool on) { attention = on ? attention | what : attention & ~what; }
    void begin_fault(u32 label) {
        fault.label = label;
        note(InFault, true);
    }
    void end_fault() {
        fault.label = 0;
        note(InFault, false);
    }

    // Fills or exchanges what an inner slot holds; null empties it. The thread knows it afterwards.
    void set_inner(Core& core, Capability& inner, Capability* source);
    // `inner`, one of its slots other than Endpoints, was emptied by a deletion.
    void inner_cleared(Core& core, ObjectType kind);
    // Its inner slots have changed.
    void review();
    // It has finished what it did for a caller: what it does next is charged to itself.
    void let_go_of_lent() {
        if (charged && charged->reply && charged->holder == this) charged->holder = nullptr;
        charged = own_context();
    }

    // What its IPC operation gave; all message registers are zero then.
    void set_result(Error error, Badge badge, Tag tag) {
        if (attention & ReplyLost) [[unlikely]] {
            tag = tag.with(Tag::ReplyLost);
            note(ReplyLost, false);
        }
        registers.set_result(error, badge, tag);
    }
    // Ends an IPC operation with an error or without a message.
    void finish(Error error) { set_result(error, Badge::None, Tag()); }

    // To be asked before `unblock`: whoever was lent what it is charged to, further in than the call that it waits for,
    // has it no more. False: it paused.
    bool draw_back_lent(Core& core) { return state != ThreadState::AwaitingReply || charged->draw_back(core, *awaiting); }
    // Leaves the queue or Reply that it is blocked in; its state becomes Suspended. A fault in
    // progress is forgotten: the instruction will be executed again.
    void unblock();

    // Its inner slots are cleared. It has been stopped since its last capability went.
    void destroy(Core& core);
};
static_assert(sizeof(Thread) <= 1u << kThreadBits);

// An intrusive FIFO of threads.
class ThreadQueue {
public:
    bool empty() const { return !head_; }
    Thread* head() const { return head_; }
    void push_back(Thread& thread) {
        if (head_) {
            thread.queue_prev = tail_;
            tail_->queue_next = &thread;
        } else {
            head_ = &thread;
        }
        tail_ = &thread;
    }
    void push_front(Thread& thread) {
        if (head_) {
            thread.queue_next = head_;
            head_->queue_prev = &thread;
        } else {
            tail_ = &thread;
        }
        head_ = &thread;
    }
    void pop_front() {
        Thread* first = head_;
        head_ = first->queue_next;
        if (head_) [[unlikely]] {
            head_->queue_prev = nullptr;
            first->queue_next = nullptr;
        }
    }
    void remove(Thread& thread) {
        (thread.queue_prev ? thread.queue_prev->queue_next : head_) = thread.queue_next;
        (thread.queue_next ? thread.queue_next->queue_prev : tail_) = thread.queue_prev;
        thread.queue_next = thread.queue_prev = nullptr;
    }

private:
    Thread* head_ = nullptr;
    Thread* tail_ = nullptr;  // means nothing in an empty queue
};

// Where in a queue the ends of waits go on that paused (waiters.h): at one of its threads; null: at the first.
class QueueHand {
public:
    Thread* at() const { return thread_; }
    void move(Thread* to);
    // The thread is about to leave the queue.
    void pass(Thread& thread) {
        if (thread_ == &thread) [[unlikely]] move(thread.queue_next);
    }

private:
    Thread* thread_ = nullptr;
};

}  // namespace eft::kernel
