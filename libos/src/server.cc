#include <eft/server.h>

#include <eft/invoke.h>
#include <eft/ipc/waiting_requests.h>
#include <eft/panic.h>
#include <eft/task.h>
#include <eft/wake.h>

#include <algorithm>

namespace eft {
namespace {

Slot reply_slot(u32 index) { return static_cast<Slot>(config().table.first_reply + index); }

void wake_for_turns() {
    static EFT_PROCESS_LOCAL const Result<CapHandle> self = make_wake(static_cast<u64>(WakeBit::Turns));
    if (!self.ok()) panic("no slot for the own wake-up");
    sys::signal(self->slot());
}

EFT_PROCESS_LOCAL constinit ReplyCommit* commit_of_loop = nullptr;

}  // namespace

void ServerLoop::prepare(ReplyCommit* commit) {
    detail::turns.on_first = wake_for_turns;
    commit_of_loop = commit;
    if (!commit) return;
    ask_for_changes([] { return commit_of_loop->changing(); },
                    [](u64 request) {
                        if (ipc::WaitingRequests::waits(request)) panic("a handler waits between a change and its answer");
                    });
}

// The first of these slots is empty while its Reply is the thread's current one; the others hold spare
// ones. Keeping a caller exchanges the current Reply with a spare one.
Result<Slot> ServerLoop::keep_reply() {
    for (u32 i = 1; i < std::min(config().table.replies, kMostReplies); ++i) {
        if (waiting_replies_ >> i & 1) continue;
        EFT_CHECK(kernel_object::exchange_reply(slot(WellKnown::Thread), reply_slot(i)));
        waiting_replies_ |= u64{1} << i;
        waiting_requests_[i] = trace().current();
        return reply_slot(i);
    }
    return Error::Busy;
}

void ServerLoop::answer(Slot reply, ipc::Registers& registers) {
    const u32 index = raw(reply) - config().table.first_reply;
    waiting_replies_ &= ~(u64{1} << index);
    trace().answered(waiting_requests_[index], registers.tag.value);
    if (commit_) commit_->before_reply(replies_ + 1);
    if (sys::send(reply, registers) != Error::None) {
        if (commit_) commit_->undo_reply();
        registers = {};
        registers.tag = Tag(static_cast<u32>(Error::ProtocolViolation), 0);
        if (sys::send(reply, registers) != Error::None) return;  // who waited is gone, and the Reply is free
    }
    ++replies_;
    if (commit_) commit_->after_reply();
}

void ServerLoop::abandon(Slot reply) {
    ipc::Registers registers;
    registers.tag = Tag(static_cast<u32>(Error::Cancelled), 0);
    answer(reply, registers);
}

// What the supervisor compares a client's complaint with.
void ServerLoop::timed_answer(u32 label, u64 badge, u64 started, u64 within_ns) {
    const u64 now = sys::time_stamp();
    if (now - started > stamps_of(within_ns, config().ticks_per_ms)) [[unlikely]]
        note_slow_answer(persistent_head().slow, {label, badge, started, now});
}

ipc::Registers ServerLoop::first_received() {
    ipc::Registers registers;
    while (sys::recv(slot(WellKnown::Endpoint), registers) != Error::None) {
    }
    return registers;
}

ipc::Registers ServerLoop::after_refusal(Error error, ipc::OutgoingCaps& outgoing) {
    ipc::Registers registers;
    if (error == Error::InvalidCapability || error == Error::InvalidArgument) {
        // A capability that the handler meant to send is gone: the caller hears of an error instead,
        // and nothing of its request happens.
        if (commit_) commit_->undo_reply();
        registers.tag = Tag(static_cast<u32>(Error::ProtocolViolation), 0);
        error = sys::reply_recv(slot(WellKnown::Endpoint), registers);
    }
    if (error == Error::NothingToAnswer) {
        trace().answered(TraceEntry::kNobody);  // the sender did not wait for one
    } else {
        ++replies_;
    }
    if (commit_) commit_->after_reply();
    outgoing.drop();
    return error == Error::None ? registers : first_received();
}

u64 ServerLoop::notified(u64 bits) {
    constexpr u64 kHeartbeat = static_cast<u64>(WakeBit::Heartbeat);
    constexpr u64 kStop = static_cast<u64>(WakeBit::Stop);
    constexpr u64 kTurns = static_cast<u64>(WakeBit::Turns);
    if (bits & kHeartbeat && (!works_ || works_(judge_))) persistent_head().heartbeats = persistent_head().heartbeats + 1;
    if (bits & kStop) exit(0);
    if (bits & kTurns) {
        run_turns([this] {
            if (commit_) commit_->end_step();
        });
    }
    return bits & ~handled_;
}

}  // namespace eft
