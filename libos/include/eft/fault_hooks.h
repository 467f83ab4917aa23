// Faults on order: rs writes which call of a service is to go wrong, how, and every how many times into the service's
// configuration page, and wakes it. The server loop then dispatches through FaultyDispatch, until the order is taken back; a
// service without an order pays nothing (server.h).
//
//   Drop       the request is lost: no handler sees it, and its caller is told what it is told after a death
//   Delay      the handler comes 1 to 16 ms late
//   Duplicate  the handler sees the request twice, as after a death before the reply: what the first did in the state region
//              is undone. Not if it carries capabilities, or its handler waits
//   Corrupt    one bit of its words is another
//   Kill       the server meets an exception, before the handler or after it and before the reply
//
// Calls are counted over incarnations. What is chosen (how late, which bit, before or after) depends on the seed and the
// number of the call alone, so the same order on the same requests does the same.
#pragma once

#include <eft/ipc/context.h>
#include <eft/service_config.h>

namespace eft {

// The decisions, apart from the machine.
class FaultDecision {
public:
    FaultDecision(const FaultPlan& plan, FaultProgress& progress) : plan_(plan), progress_(progress) {}

    bool ordered() const { return plan_.kind != FaultKind::None; }

    // What is to happen to this call.
    FaultKind next(u32 label) {
        if (progress_.order != plan_.order) progress_ = {plan_.order, 0};
        if (!ordered() || (plan_.label != 0 && plan_.label != label)) return FaultKind::None;
        ++progress_.calls;
        return plan_.every != 0 && progress_.calls % plan_.every == 0 ? plan_.kind : FaultKind::None;
    }
    // For the present call. SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    u64 random() const {
        u64 mixed = plan_.seed + progress_.calls * 0x9e37'79b9'7f4a'7c15;
        mixed = (mixed ^ mixed >> 30) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d0'49bb'1331'11eb;
        return mixed ^ mixed >> 31;
    }

private:
    const FaultPlan& plan_;
    FaultProgress& progress_;
};

// Flips one bit of the message's words; which one, `random` says.
inline void corrupt(ipc::IncomingMessage& message, u64 random) {
    const unsigned words = message.registers.tag.words();
    if (words == 0) return;
    const unsigned index = static_cast<unsigned>(random % words);
    u64& word = index < kRegisterWords ? message.registers.w[index] : message.page.words[index];
    word ^= u64{1} << (random >> 32) % 64;
}

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
            case FaultKind::Delay: machine_.late(1 + decision_.random() % 16); break;
            case FaultKind::Duplicate: return twice(context, message);
            case FaultKind::Corrupt: corrupt(message, decision_.random()); break;
            case FaultKind::Kill:
                if (decision_.random() % 2 != 0) static_cast<void>(handle(context, message));
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
