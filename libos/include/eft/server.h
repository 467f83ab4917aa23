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
#include <eft/fault_hooks.h>
#include <eft/ipc/context.h>
#include <eft/process.h>
#include <eft/step.h>
#include <eft/syscall.h>

#include <concepts>

namespace eft {

// What must happen around the moment at which a request commits; see state regions.
class ReplyCommit {
public:
    // The kernel's count of delivered replies will be `expected` once this request's reply is out.
    virtual void before_reply(u64 expected) = 0;
    virtual void after_reply() = 0;
    // The reply could not be sent as it is, and an error goes out instead: take the changes back.
    virtual void undo_reply() = 0;
    virtual void before_change(std::span<std::byte> bytes) = 0;

protected:
    ~ReplyCommit() = default;
};

class ServerLoop final : public ipc::LoopServices {
public:
    explicit ServerLoop(ReplyCommit* commit = nullptr) : commit_(commit) {}

    // Called with the bits of the notification that libos does not handle itself.
    template <class Dispatch, class Wake>
    [[noreturn]] void run(Dispatch dispatch, Wake wake);
    template <class Dispatch>
    [[noreturn]] void run(Dispatch dispatch) {
        run(std::move(dispatch), [](u64) {});
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
    // Serves until the supervisor orders faults, or takes the order back. `commit` is what commit_ is: a copy that the
    // compiler knows to be null in servers without state.
    template <class Dispatch, class Wake>
    void serve(Dispatch& dispatch, Wake& wake, ReplyCommit* commit, bool with_faults);
    static FaultDecision faults() { return FaultDecision(config().faults, persistent_head().faults); }
    // What FaultyDispatch does to this process.
    struct FaultMachine {
        ReplyCommit* commit;
        static void late(u64 milliseconds) { fault_hooks().late(milliseconds); }
        void undo_reply() const {
            if (commit) commit->undo_reply();
        }
        [[noreturn]] static void crash() { arch::crash(); }
    };

    // The message being served stays in machine registers: these get it inlined, or give it back as a whole.
    static void receive(ipc::Registers& registers);
    void answer_and_receive(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, ReplyCommit* commit);
    static ipc::Registers first_received();
    // What the kernel did not take as an answer, or who was not there for it; then receives.
    [[gnu::cold]] ipc::Registers after_refusal(Error error, ipc::OutgoingCaps& outgoing);
    static MessageTrace trace() { return MessageTrace(persistent_head().trace); }
    // Handles libos' own bits and returns the others.
    u64 notified(u64 bits);

    u64 replies_ = incarnation().replies_delivered;  // of all incarnations, as the kernel counts them
    u32 waiting_replies_ = 0;  // bit i: slot FirstReply + i holds a caller
    MessageTrace::Place waiting_requests_[kSpareReplies];  // of the callers in these slots
    ReplyCommit* commit_;  // set last: no call comes between this and run()
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

template <class Dispatch, class Wake>
[[noreturn]] void ServerLoop::run(Dispatch dispatch, Wake wake) {
    ReplyCommit* const commit = commit_;
    report_ready();
    for (;;) {
        serve(dispatch, wake, commit, false);
        FaultyDispatch<Dispatch, FaultMachine> faulty(dispatch, FaultMachine{commit}, faults());
        serve(faulty, wake, commit, true);
    }
}

template <class Dispatch, class Wake>
void ServerLoop::serve(Dispatch& dispatch, Wake& wake, ReplyCommit* commit, bool with_faults) {
    if (faults().ordered() != with_faults) return;
    ipc::OutgoingCaps outgoing;
    ipc::Registers registers;
    receive(registers);
    for (;;) {
        if (registers.tag.has(Tag::Notification)) [[unlikely]] {
            if (const u64 bits = notified(registers.badge); bits != 0) wake(bits);
            if (faults().ordered() != with_faults) [[unlikely]]
                return;
            receive(registers);
            continue;
        }
        trace().received(registers.tag.value, registers.badge, sys::time_stamp(), note_first_request);
        store_word(persistent_head().session, registers.badge);
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
