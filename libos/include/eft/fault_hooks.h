// Faults on order, for messages: rs writes which call of a service is to go wrong, how, and every how many times into the
// service's configuration page, and wakes it. The server loop then dispatches through FaultyDispatch, until the order is
// taken back; a service without an order pays nothing (server.h).
//
//   Drop       the request is lost: no handler sees it, and its caller is told what it is told after a death
//   Delay      the handler comes 1 to 16 ms late
//   Duplicate  the handler sees the request twice, as after a death before the reply: what the first did in the state region
//              is undone. Not if it carries capabilities, or its handler waits
//   Corrupt    one bit of its words is another
//   Kill       the server meets an exception, before the handler or after it and before the reply
//
// How calls are counted and choices are made: fault_order.h. Entries of rings: ring/fault_hooks.h.
#pragma once

#include <eft/fault_order.h>
#include <eft/ipc/context.h>

namespace eft {

// Machine: `late(milliseconds)`, `undo_reply()`, `crash()`.
template <class Dispatch, class Machine>
class FaultyDispatch {
public:
    FaultyDispatch(Dispatch& dispatch, Machine machine, FaultDecision decision)
        : dispatch_(dispatch), machine_(machine), decision_(decision) {}

    ipc::Outcome operator()(ipc::Context& context, ipc::IncomingMessage& message) {
        switch (decision_.next(message.label())) {
            case FaultKind::None: break;
            case FaultKind::Drop: return message.refuse(Error::PeerDied);
            case FaultKind::Delay: machine_.late(lateness_ms(decision_.random())); break;
            case FaultKind::Duplicate: return twice(context, message);
            case FaultKind::Corrupt:
                corrupt(message.registers.tag.words(), decision_.random(), [&](unsigned index) -> u64& {
                    return index < kRegisterWords ? message.registers.w[index] : message.page.words[index];
                });
                break;
            case FaultKind::Kill:
                if (dies_after_handler(decision_.random())) static_cast<void>(handle(context, message));
                machine_.crash();
        }
        return handle(context, message);
    }

private:
    // Once, however often it is inlined elsewhere.
    [[gnu::noinline]] ipc::Outcome handle(ipc::Context& context, ipc::IncomingMessage& message) { return dispatch_(context, message); }

    ipc::Outcome twice(ipc::Context& context, ipc::IncomingMessage& message) {
        if (message.caps.count() != 0) return handle(context, message);
        const ipc::Registers request = message.registers;
        u64 words[kMaxWords];
        for (unsigned i = kRegisterWords; i < request.tag.words(); ++i) words[i] = message.page.words[i];
        const ipc::Outcome first = handle(context, message);
        if (first == ipc::Outcome::Deferred) return first;
        machine_.undo_reply();
        message.outgoing.drop();
        message.registers = request;
        for (unsigned i = kRegisterWords; i < request.tag.words(); ++i) message.page.words[i] = words[i];
        return handle(context, message);
    }

    Dispatch& dispatch_;
    Machine machine_;
    FaultDecision decision_;
};

}  // namespace eft
