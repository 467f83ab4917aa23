// The one server loop.
//
// A server is one thread that receives from the service's endpoint; its bound notification wakes the
// same receive. Each request is one step: receive, dispatch, commit, answer-and-receive. Handlers
// that wait are coroutines; their callers' Reply objects are kept in slots meanwhile.
//
//   int eft_main() {
//       Echo server;
//       ServerLoop loop;
//       loop.run(requests_to<echo::Echo>(server));
//   }
#pragma once

#include <eft/cap.h>
#include <eft/fault_order.h>
#include <eft/ipc/context.h>
#include <eft/process.h>
#include <eft/reply_commit.h>
#include <eft/step.h>
#include <eft/syscall.h>

#include <concepts>

namespace eft {

class ServerLoop final : public ipc::LoopServices {
public:
    explicit ServerLoop(ReplyCommit* commit = nullptr) {
        prepare(commit);
        commit_ = commit;  // here and last, so that run() knows whether it is null
    }

    // Called with the bits of the notification that libos does not handle itself.
    template <class Dispatch, class Wake>
    [[noreturn]] void run(Dispatch dispatch, Wake wake);
    template <class Dispatch>
    [[noreturn]] void run(Dispatch dispatch) {
        run(std::move(dispatch), [](u64) {});
    }

    // run()'s `wake` gets the heartbeats, too: a clock for who must not wait for ever, as slow as the manifest's heartbeat_ms.
    void pass_heartbeats() { handled_ &= ~static_cast<u64>(WakeBit::Heartbeat); }

    // Whether a heartbeat is answered: false if work waits and none is done.
    void judge_heartbeats(bool (*works)(void* object), void* object) {
        works_ = works;
        judge_ = object;
    }

    Result<Slot> keep_reply() override;
    void answer(Slot reply, ipc::Registers& registers) override;
    void abandon(Slot reply) override;
    Utcb& page() override { return sys::utcb(); }
    void before_change(std::span<std::byte> bytes) override {
        if (commit_) commit_->before_change(bytes);
    }
    u64 time_stamp() override { return sys::time_stamp(); }
    void timed_answer(u32 label, u64 badge, u64 started, u64 within_ns) override;

private:
    // What tasks and state regions ask of the process's loop.
    static void prepare(ReplyCommit* commit);
    // A request's way to its handler that is not inlined into the loop: for faults on order (src/server_faults.cc).
    struct Handler {
        ipc::Outcome (*run)(void* dispatch, ServerLoop& loop, ipc::Registers& registers, ipc::OutgoingCaps& outgoing);
        void* dispatch;
    };
    template <class Dispatch>
    [[gnu::noinline, gnu::cold]] static ipc::Outcome run_handler(void* dispatch, ServerLoop& loop, ipc::Registers& registers,
                                                                 ipc::OutgoingCaps& outgoing);
    static bool faults_are_ordered();
    // All of a request's step, and receives.
    [[gnu::cold]] void step_with_faults(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, const Handler& handler);
    ipc::Outcome serve_faulty(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, const Handler& handler);
    bool serve_first_time(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, const Handler& handler);
    static u64 unusual_bits() { return faults_are_ordered() ? ~u64{0} : u64{Tag::Notification}; }

    // The message being served stays in machine registers: these get it inlined, or give it back as a whole.
    static void receive(ipc::Registers& registers);
    [[gnu::always_inline]] static void begin_request(const ipc::Registers& registers) {
        trace().received(registers.tag.value, registers.badge, sys::time_stamp(), registers.w, sys::utcb().words, note_first_request);
        store_word(persistent_head().session, registers.badge);
    }
    void answer_and_receive(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, ReplyCommit* commit);
    static ipc::Registers first_received();
    // What the kernel did not take as an answer, or who was not there for it; then receives.
    [[gnu::cold]] ipc::Registers after_refusal(Error error, ipc::OutgoingCaps& outgoing);
    static MessageTrace trace() { return MessageTrace(persistent_head().trace); }
    // Handles libos' own bits and returns the others.
    u64 notified(u64 bits);

    u64 replies_ = incarnation().replies_delivered;  // of all incarnations, as the kernel counts them
    // The notification's bits that end here.
    u64 handled_ = static_cast<u64>(WakeBit::Heartbeat) | static_cast<u64>(WakeBit::Stop) | static_cast<u64>(WakeBit::Turns);
    u64 waiting_replies_ = 0;  // bit i: the slot of Reply i holds a caller
    MessageTrace::Place waiting_requests_[kMostReplies];  // of the callers in these slots
    // The bits of a received tag that lead out of the loop's straight way: that of a notification, and all of them while
    // faults are ordered. So the loop tests for both at once. A member, because it is not worth a register.
    u64 unusual_ = 0;
    ReplyCommit* commit_;
    bool (*works_)(void* object) = nullptr;
    void* judge_ = nullptr;
};

// What run() calls for each request, where it is for one service. Inlined into the loop, as whoever writes it out should have
// it, too: only so a short message stays in machine registers (ipc/context.h).
template <class Service, class Server>
auto requests_to(Server& server) {
    return [&server](ipc::Context& context, ipc::IncomingMessage& message)
               __attribute__((always_inline)) { return Service::dispatch(server, context, message); };
}

[[gnu::always_inline]] inline void ServerLoop::receive(ipc::Registers& registers) {
    const ipc::Registers received = first_received();
    registers = received;
}

[[gnu::always_inline]] inline void ServerLoop::answer_and_receive(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, ReplyCommit* commit) {
    trace().answered(registers.tag.value);
    if (commit) commit->before_reply(replies_ + 1);
    if (Error error = sys::reply_recv(slot(WellKnown::Endpoint), registers); error != Error::None) [[unlikely]] {
        const ipc::Registers received = after_refusal(error, outgoing);
        registers = received;
        return;
    }
    ++replies_;
    if (commit) commit->after_reply();
    outgoing.drop();
}

template <class Dispatch>
ipc::Outcome ServerLoop::run_handler(void* dispatch, ServerLoop& loop, ipc::Registers& registers, ipc::OutgoingCaps& outgoing) {
    ipc::Context context(registers.badge, registers.tag, &loop);
    ipc::IncomingMessage message(registers, loop.page(), outgoing);
    const ipc::Outcome outcome = (*static_cast<Dispatch*>(dispatch))(context, message);
    registers = message.registers;
    return outcome;
}

template <class Dispatch, class Wake>
[[noreturn]] void ServerLoop::run(Dispatch dispatch, Wake wake) {
    ReplyCommit* const commit = commit_;  // a copy that the compiler knows to be null in servers without state
    report_ready();
    unusual_ = unusual_bits();
    ipc::OutgoingCaps outgoing;
    ipc::Registers registers;
    receive(registers);
    for (;;) {
        if (registers.tag.value & unusual_) [[unlikely]] {
            if (registers.tag.has(Tag::Notification)) {
                if (const u64 bits = notified(registers.badge); bits != 0) wake(bits);
                unusual_ = unusual_bits();
                receive(registers);
            } else {
                Dispatch apart = dispatch;  // a copy, like that of the registers: the loop's own stay where they are
                ipc::Registers copy = registers;
                step_with_faults(copy, outgoing, {run_handler<Dispatch>, &apart});
                registers = copy;
            }
            continue;
        }
        begin_request(registers);
        ipc::Context context(registers.badge, registers.tag, this);
        ipc::Outcome outcome;
        {
            ipc::IncomingMessage message(registers, page(), outgoing);
            outcome = dispatch(context, message);
            registers = message.registers;
        }
        store_word(persistent_head().session, 0);
        if (outcome == ipc::Outcome::Deferred) {
            receive(registers);
        } else {
            answer_and_receive(registers, outgoing, commit);
        }
    }
}

}  // namespace eft
