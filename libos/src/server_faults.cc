// Faults on order, for messages: rs writes which call of a service is to go wrong, how, and every how many times into the
// service's configuration page, and wakes it. From then on the server loop brings every request here, until the order is
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
#include <eft/server.h>

namespace eft {
namespace {

u64& word_at(ipc::Registers& registers, Utcb& page, unsigned index) {
    return index < kRegisterWords ? registers.w[index] : page.words[index];
}

}  // namespace

bool ServerLoop::faults_are_ordered() { return FaultDecision(config().faults, persistent_head().faults).ordered(); }

void ServerLoop::step_with_faults(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, const Handler& handler) {
    begin_request(registers);
    const ipc::Outcome outcome = serve_faulty(registers, outgoing, handler);
    store_word(persistent_head().session, 0);
    if (outcome == ipc::Outcome::Deferred) receive(registers);
    else answer_and_receive(registers, outgoing, commit_);
}

ipc::Outcome ServerLoop::serve_faulty(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, const Handler& handler) {
    FaultDecision decision(config().faults, persistent_head().faults);
    switch (decision.next(registers.tag.label())) {
        case FaultKind::None: break;
        case FaultKind::Drop: registers.tag = Tag(static_cast<u32>(Error::PeerDied), 0); return ipc::Outcome::Reply;
        case FaultKind::Delay: fault_hooks().late(lateness_ms(decision.random())); break;
        case FaultKind::Duplicate:
            if (registers.tag.caps() == 0 && !serve_first_time(registers, outgoing, handler)) return ipc::Outcome::Deferred;
            break;
        case FaultKind::Corrupt:
            corrupt(registers.tag.words(), decision.random(), [&](unsigned index) -> u64& { return word_at(registers, page(), index); });
            break;
        case FaultKind::Kill:
            if (dies_after_handler(decision.random())) static_cast<void>(handler.run(handler.dispatch, *this, registers, outgoing));
            arch::crash();
    }
    return handler.run(handler.dispatch, *this, registers, outgoing);
}

// Then takes back what was done, and puts the request back. False: the handler waits.
bool ServerLoop::serve_first_time(ipc::Registers& registers, ipc::OutgoingCaps& outgoing, const Handler& handler) {
    const ipc::Registers request = registers;
    u64 words[kMaxWords];
    for (unsigned i = kRegisterWords; i < request.tag.words(); ++i) words[i] = page().words[i];
    if (handler.run(handler.dispatch, *this, registers, outgoing) == ipc::Outcome::Deferred) return false;
    if (commit_) commit_->undo_reply();
    outgoing.drop();
    registers = request;
    for (unsigned i = kRegisterWords; i < request.tag.words(); ++i) page().words[i] = words[i];
    return true;
}

}  // namespace eft
