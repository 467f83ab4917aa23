// The fast path: a call to a server that waits, and its answer while nobody else wants to be served,
// both without capabilities. The partner runs next; no queue of the scheduler is touched.
//
// It does exactly what the general path would do (syscall.cc), except for the words that travel in
// registers, which are the machine's to deliver; or it does nothing at all. It is inlined into the
// machine's entry, so that a machine can keep those words where they are, and ends in one of its
// continuations:
//
//   deliver(next, badge, tag, words)  `next` is core.current now, and finds this in its registers: so many words
//   long_message()                    there are more words than travel in registers: the same again as Long
//   retry(who)                        the same again as `other_kind`, because of `who`
//   give_up()                         the general path has to do it
//   invoke(cap)                       the capability, which may be empty, names no endpoint
//   resume(next)                      `next` is core.current now, and goes on where it had a fault
//
// `thread` is `core.current`; it has not stored the arguments of its call. docs/kernel-performance.md
// counts the instructions.
#pragma once

#include <object/cap_table.h>
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/core.h>

#include <arch/copy.h>

namespace eft::kernel {

// What there is to do beside the words in registers. Each kind is compiled apart, so that the common one has no other's tests.
enum class MessageKind {
    Short,        // up to kRegisterWords, through a capability in one of the table's own slots
    Long,         // any number of words, through any slot
    Fpu,          // the same, and one of the two threads has floating point state: `deliver` switches it
    FaultAnswer,  // the answer to a fault, which lets its thread go on
    General,      // anything: the general path
};

// As what to try again what `kind` cannot do because of a slot, or of what one of the two threads wants attention for.
[[gnu::always_inline]] inline MessageKind other_kind(MessageKind kind, const Thread& thread, Tag tag) {
    const u32 special = thread.attention & (Thread::kCannotRun | Thread::NoTable | Thread::InFault | Thread::LiveFpu);
    if (kind == MessageKind::Short && special == Thread::InFault) return tag.label() == 0 ? MessageKind::FaultAnswer : MessageKind::General;
    if (kind != MessageKind::Fpu && special == Thread::LiveFpu) return MessageKind::Fpu;
    return kind == MessageKind::Short && special == 0 ? MessageKind::Long : MessageKind::General;
}

namespace fast {

// The capability that the system call names, which may be empty; or null, as for a thread that wants other attention.
template <bool kOwnSlots>
[[gnu::always_inline]] inline Capability* find(Thread& thread, u64 slot, u32 unless = Thread::NoTable) {
    if (thread.attention & unless) [[unlikely]] return nullptr;
    CapTable& table = thread.table.as<CapTable>();
    return kOwnSlots ? table.peek_own(slot) : table.peek(slot);
}

// The number of words of a message that takes nothing but words; more than kMaxWords for others.
[[gnu::always_inline]] inline unsigned plain_words(Tag tag) { return tag.value & 0xfff; }
static_assert(Tag(0, 0, 1).value == 1 << 9 && kMaxWords < 1 << 9);

// The words that do not travel in registers, so that those that do are left; false if one side has no page for them.
[[gnu::always_inline]] inline bool copy_page(const Thread& from, Thread& to, unsigned& words) {
    if (words <= kRegisterWords) return true;
    if (!from.utcb || !to.utcb) [[unlikely]] return false;
    arch::copy_words(to.utcb->words + kRegisterWords, from.utcb->words + kRegisterWords, words - kRegisterWords);
    words = kRegisterWords;
    return true;
}

// What a thread may want attention for, though this kind does not give any: floating point state.
constexpr u32 switched(MessageKind kind) { return kind == MessageKind::Fpu ? u32{Thread::LiveFpu} : 0; }

}  // namespace fast

template <MessageKind kKind, class Deliver, class LongMessage, class Retry, class GiveUp, class Invoke>
[[gnu::always_inline]] inline void fast_call(Core& core, Thread& caller, u64 slot, Tag tag, Deliver deliver,
                                             LongMessage long_message, Retry retry, GiveUp give_up, Invoke invoke) {
    constexpr bool kShort = kKind == MessageKind::Short;
    constexpr u32 kSwitched = fast::switched(kKind);
    unsigned words = fast::plain_words(tag);
    if (kShort && words > kRegisterWords) [[unlikely]] return words <= kMaxWords ? long_message() : give_up();
    Capability* via = fast::find<kShort>(caller, slot, (Thread::NoTable | Thread::LiveFpu) & ~kSwitched);
    if (!via) [[unlikely]] return retry(caller);
    if (!via->is(ObjectType::Endpoint)) return invoke(*via);
    const EndpointCap to(*via);
    if (!to.may(EndpointRight::Send)) [[unlikely]] return give_up();
    Endpoint& endpoint = to.object();
    Thread* server = endpoint.first_receiver();
    if (!server) [[unlikely]] return give_up();
    if ((server->attention & ~kSwitched) != 0) [[unlikely]] return retry(*server);
    if (!core.scheduler.may_run_next(*server)) [[unlikely]] return give_up();
    if (!kShort && !fast::copy_page(caller, *server, words)) [[unlikely]] return give_up();

    endpoint.take_first_receiver();
    server->reply.as<Reply>().hold(caller, *server);
    server->state = ThreadState::Ready;
    core.current = server;
    deliver(*server, to->badge, tag.without(Tag::kReceiveFlags | Tag::Move), words);
}

template <MessageKind kKind, class Deliver, class LongMessage, class Retry, class GiveUp, class Resume>
[[gnu::always_inline]] inline void fast_reply_receive(Core& core, Thread& server, u64 slot, Tag tag, Deliver deliver,
                                                      LongMessage long_message, Retry retry, GiveUp give_up, Resume resume) {
    constexpr bool kShort = kKind == MessageKind::Short;
    constexpr bool kFault = kKind == MessageKind::FaultAnswer;
    constexpr u32 kSwitched = fast::switched(kKind);
    unsigned words = fast::plain_words(tag);
    if (kShort && words > kRegisterWords) [[unlikely]] return words <= kMaxWords ? long_message() : give_up();
    if ((server.attention & ~kSwitched) != 0) [[unlikely]] return server.attention == Thread::LiveFpu ? retry(server) : give_up();
    Capability* via = fast::find<kShort>(server, slot, 0);
    if (kShort && !via) [[unlikely]] return retry(server);
    if (!via || !via->is(ObjectType::Endpoint)) [[unlikely]] return give_up();
    const EndpointCap from(*via);
    if (!from.may(EndpointRight::Receive)) [[unlikely]] return give_up();
    Endpoint& endpoint = from.object();
    Reply& reply = server.reply.as<Reply>();
    // Its context was lent through this Reply, so the Reply holds a caller.
    if (server.charged->reply != &reply || endpoint.has_sender()) [[unlikely]] return give_up();
    Thread& caller = *reply.caller();
    constexpr u32 kLookedAt = Thread::InFault | Thread::kCannotRun | (Thread::LiveFpu & ~kSwitched);
    if ((caller.attention & kLookedAt) != (kFault ? u32{Thread::InFault} : 0)) [[unlikely]] return kFault ? give_up() : retry(caller);
    if (!core.scheduler.may_run_next(caller)) [[unlikely]] return give_up();
    if (!kShort && !kFault && !fast::copy_page(server, caller, words)) [[unlikely]] return give_up();

    reply.return_lent(server);
    ++server.replies_delivered;
    endpoint.await_message(server, from);
    caller.state = ThreadState::Ready;
    core.current = &caller;
    if (kFault) {
        caller.end_fault();
        return resume(caller);
    }
    deliver(caller, Badge::None, tag.without(Tag::kReceiveFlags | Tag::Move), words);
}

// System calls that only change a bit and never block: a signal that wakes nobody, a yield to nobody, and
// the shortest entry. True if `thread` has its answer, which is no more than success.
[[gnu::always_inline]] inline bool finished_at_once(Core& core, Thread& thread, u64 slot, u64 number) {
    if ((number & ~kPoll) == static_cast<u64>(SystemCall::Yield)) return number & kPoll || !core.scheduler.has_rival(thread);
    if ((number & ~kPoll) != static_cast<u64>(SystemCall::Send)) return false;
    Capability* cap = fast::find<true>(thread, slot);
    if (!cap || !cap->is(ObjectType::Notification)) return false;
    const NotificationCap to(*cap);
    return to.may(NotificationRight::Signal) && to.object().signal_quietly(raw(to->badge));
}

// The others that are common, as ordinary functions (switch_path.cc): who runs next, which `core.current` is
// then, or null if nothing was done. The thread's own answer, if it has one, is in its registers.
Thread* signal_and_switch(Core& core, Thread& thread, Capability& cap);
Thread* wait_and_switch(Core& core, Thread& thread, Capability& cap);

[[gnu::always_inline]] inline Thread* switch_at_once(Core& core, Thread& thread, u64 slot, u64 number) {
    Capability* cap = fast::find<true>(thread, slot);
    if (!cap) return nullptr;
    if ((number & ~kPoll) == static_cast<u64>(SystemCall::Send)) return signal_and_switch(core, thread, *cap);
    return number == static_cast<u64>(SystemCall::Recv) ? wait_and_switch(core, thread, *cap) : nullptr;
}

}  // namespace eft::kernel
