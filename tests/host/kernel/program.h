// A program of a test: a thread with a table, an address space, a message page and a Reply of its own, all made of one
// small Untyped. Its slots are numbers of its own table; what it does is a system call of its thread.
#pragma once

#include "machine.h"

namespace eft::kernel::test {

class Program {
public:
    static constexpr unsigned kTableSizeBits = 5;

    explicit Program(Machine& machine, u8 priority = kPriority);

    // A capability derived from the manager's `source`, in a new slot of this program's table.
    u32 grant(u32 source, Rights rights = kAllRights, u64 badge = 0);
    Capability& slot(u32 index);
    u32 free_slot() { return next_slot_++; }

    void call(u32 to, Tag tag = Tag(), Words words = {}, u64 flags = 0) {
        enter(SystemCall::Call, to, tag, words, flags);
    }
    void send(u32 to, Tag tag = Tag(), Words words = {}, u64 flags = 0) {
        enter(SystemCall::Send, to, tag, words, flags);
    }
    void receive(u32 from, u64 flags = 0) { enter(SystemCall::Recv, from, Tag(), {}, flags); }
    void reply_receive(u32 from, Tag tag = Tag(), Words words = {}, u64 flags = 0) {
        enter(SystemCall::ReplyRecv, from, tag, words, flags);
    }
    Answer invoke(u32 to, Invocation operation, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0);
    void page_fault(u64 address = 0xbad000) { machine_.page_fault(object(), address); }
    void exception(u32 vector = 6) { machine_.exception(object(), vector); }

    Thread& object() { return *object_; }
    ThreadState state() const { return object_->state; }
    Answer answer() const { return machine_.answer(*object_); }
    Error error() const { return answer().error; }
    Utcb& page() { return utcb(*object_); }

    // The manager's slots with what the program is made of. Its Reply is the thread's, in no slot.
    u32 untyped, table, thread, space, frame, context;

private:
    void enter(SystemCall call, u64 slot, Tag tag, Words words, u64 flags) {
        machine_.system_call(object(), call, slot, tag, words, flags);
    }

    Machine& machine_;
    Thread* object_;
    u32 next_slot_ = 1;
};

}  // namespace eft::kernel::test
