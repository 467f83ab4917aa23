#include <syscall/fast_path.h>

#include <object/cap_table.h>
#include <object/endpoint.h>
#include <object/notification.h>
#include <object/reply.h>

namespace eft::kernel {
namespace {

// The endpoint capability that the system call names, or null.
Capability* find_endpoint(Thread& thread, EndpointRight right) {
    const u64 slot = thread.registers.slot();
    if (thread.table.empty() || slot > ~u32{0}) return nullptr;
    Capability* cap = thread.table.as<CapTable>().lookup(Slot(static_cast<u32>(slot)));
    return cap && cap->is(ObjectType::Endpoint) && cap->may(right) ? cap : nullptr;
}

// A message that takes nothing but words: its tag is plain, and both sides have the page it needs.
bool is_simple(const Thread& from, const Thread& to, Tag tag) {
    if (tag.words() > kMaxWords || tag.caps() != 0) return false;
    return tag.words() <= kRegisterWords || (!from.utcb_frame.empty() && !to.utcb_frame.empty());
}

[[gnu::always_inline]] inline void copy_message(const Thread& from, Thread& to, Badge badge, Tag tag) {
    const unsigned words = tag.words();
    u64 w[kRegisterWords];
    for (unsigned i = 0; i < kRegisterWords; ++i) w[i] = from.registers.word(i);
    if (words < kRegisterWords) {  // registers without a word are zero
        switch (words) {
            case 0: w[0] = 0; [[fallthrough]];
            case 1: w[1] = 0; [[fallthrough]];
            case 2: w[2] = 0; [[fallthrough]];
            case 3: w[3] = 0;
        }
    } else if (words > kRegisterWords) {
        const u64* source = from.utcb()->words;
        u64* target = to.utcb()->words;
        for (unsigned i = kRegisterWords; i < words; ++i) target[i] = source[i];
    }
    to.set_result(Error::None, badge, tag.without(Tag::kReceiveFlags | Tag::Move));
    for (unsigned i = 0; i < kRegisterWords; ++i) to.registers.set_word(i, w[i]);
}

Thread* fast_call(Core& core, Thread& caller) {
    Capability* via = find_endpoint(caller, EndpointRight::Send);
    if (!via) return nullptr;
    Endpoint& endpoint = via->as<Endpoint>();
    Thread* server = endpoint.first_receiver();
    const Tag tag = caller.registers.tag();
    if (!server || !has_free_reply(*server) || !is_simple(caller, *server, tag)) return nullptr;
    if (!core.scheduler.may_run_next(*server)) return nullptr;

    copy_message(caller, *server, Badge(via->data), tag);
    endpoint.leave(*server);
    server->reply.as<Reply>().hold(caller);
    core.scheduler.hand_over(*server);
    return core.current = server;
}

Thread* fast_reply_receive(Core& core, Thread& server) {
    Capability* via = find_endpoint(server, EndpointRight::Receive);
    if (!via || server.reply.empty()) return nullptr;
    Endpoint& endpoint = via->as<Endpoint>();
    Reply& reply = server.reply.as<Reply>();
    Thread* caller = reply.caller();
    if (!caller || endpoint.has_sender() || caller->in_fault()) return nullptr;
    if (!server.bound_notification.empty() && server.bound_notification.as<Notification>().pending()) return nullptr;
    const Tag tag = server.registers.tag();
    if (!is_simple(server, *caller, tag) || !caller->ready_to_run() || !core.scheduler.may_run_next(*caller)) return nullptr;

    copy_message(server, *caller, Badge::None, tag);
    reply.release();
    ++server.replies_delivered;
    endpoint.await_message(server, *via);
    core.scheduler.hand_over(*caller);
    return core.current = caller;
}

}  // namespace

Thread* fast_path(Core& core, Thread& thread) {
    const u64 number = thread.registers.system_call();
    if (number == static_cast<u64>(SystemCall::Call)) return fast_call(core, thread);
    if (number == static_cast<u64>(SystemCall::ReplyRecv)) return fast_reply_receive(core, thread);
    return nullptr;
}

}  // namespace eft::kernel
