// The one server loop.
//
// A server is one thread that receives from the service's endpoint; its bound notification wakes the
// same receive. Each request is one step: receive, dispatch, commit, answer-and-receive. Handlers
// that wait are coroutines; their callers' Reply objects are kept in slots meanwhile.
//
//   int eft_main() {
//       Echo server;
//       ServerLoop loop;
//       loop.run([&](auto& context, auto& message) { return echo::Echo::dispatch(server, context, message); });
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

private:
    // Serves until the supervisor orders faults, or takes the order back.
    template <class Dispatch, class Wake>
    void serve(Dispatch& dispatch, Wake& wake, bool with_faults);
    static FaultDecision faults() { return FaultDecision(config().faults, persistent_head().faults); }
    // What FaultyDispatch does to this process.
    struct FaultMachine {
        ReplyCommit* commit;
        static void late(u64 milliseconds);
        void undo_reply() const {
            if (commit) commit->undo_reply();
        }
        [[noreturn]] static void crash() { __builtin_trap(); }
    };

    void receive(ipc::Registers& registers);
    void answer_and_receive(ipc::Registers& registers, ipc::OutgoingCaps& outgoing);
    static MessageTrace trace() { return MessageTrace(persistent_head().trace); }
    // Handles libos' own bits and returns the others.
    u64 notified(u64 bits);

    ReplyCommit* commit_;
    u64 replies_ = incarnation().replies_delivered;  // of all incarnations, as the kernel counts them
    u32 waiting_replies_ = 0;  // bit i: slot FirstReply + i holds a caller
    MessageTrace::Place waiting_requests_[kSpareReplies];  // of the callers in these slots
};

template <class Dispatch, class Wake>
[[noreturn]] void ServerLoop::run(Dispatch dispatch, Wake wake) {
    report_ready();
    for (;;) {
        serve(dispatch, wake, false);
        FaultyDispatch<Dispatch, FaultMachine> faulty(dispatch, FaultMachine{commit_}, faults());
        serve(faulty, wake, true);
    }
}

template <class Dispatch, class Wake>
void ServerLoop::serve(Dispatch& dispatch, Wake& wake, bool with_faults) {
    if (faults().ordered() != with_faults) return;
    ipc::Registers registers;
    ipc::OutgoingCaps outgoing;
    bool first = true;
    receive(registers);
    for (;;) {
        if (registers.tag.has(Tag::Notification)) [[unlikely]] {
            if (const u64 bits = notified(registers.badge); bits != 0) wake(bits);
            if (faults().ordered() != with_faults) [[unlikely]]
                return;
            receive(registers);
            continue;
        }
        trace().received(registers.tag.value, registers.badge, sys::time_stamp());
        if (first) [[unlikely]] {
            note_first_request();
            first = false;
        }
        ipc::Context context(registers.badge, registers.tag, this);
        ipc::IncomingMessage message(registers, page(), outgoing);
        set_step_session(registers.badge);
        const ipc::Outcome outcome = dispatch(context, message);
        set_step_session(0);
        if (outcome == ipc::Outcome::Deferred) {
            receive(registers);
        } else {
            answer_and_receive(registers, outgoing);
        }
    }
}

}  // namespace eft
