// Faults as messages: delivered, answered, refused, delivered again, and without a handler.
#include "program.h"

#include <object/fault.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

constexpr u64 kBad = 0xbad'0008;
constexpr u64 kPagerBadge = 71, kHandlerBadge = 72;

struct Faulting {
    Faulting()
        : program(machine),
          pager(machine),
          handler(machine),
          pager_endpoint(machine.make(ObjectType::Endpoint)),
          handler_endpoint(machine.make(ObjectType::Endpoint)),
          page_faults(pager.grant(pager_endpoint)),
          exceptions(handler.grant(handler_endpoint)) {
        machine.expect(program.thread, Invocation::ThreadHandlers,
                       machine.derive(pager_endpoint, kAllRights, kPagerBadge),
                       machine.derive(handler_endpoint, kAllRights, kHandlerBadge));
    }

    Machine machine;
    Program program, pager, handler;
    u32 pager_endpoint, handler_endpoint;
    u32 page_faults, exceptions;
};

}  // namespace

TEST_CASE("a page fault tells its handler where, and goes on after an answer with label 0") {
    for (bool handler_first : {true, false}) {
        CAPTURE(handler_first);
        Faulting faulting;
        if (handler_first) faulting.pager.receive(faulting.page_faults);
        const arch::UserRegisters before = faulting.program.object().registers;
        faulting.program.page_fault(kBad);
        if (!handler_first) faulting.pager.receive(faulting.page_faults);
        const Answer fault = faulting.pager.answer();
        CHECK(raw(fault.badge) == kPagerBadge);
        CHECK(fault.tag.value == Tag(kPageFaultLabel, 4).with(Tag::Fault).value);
        CHECK(fault.word == Words{kBad, 0x40'1000, u64{14} << 32 | 4, 0x7f'f000});
        CHECK(faulting.program.state() == ThreadState::AwaitingReply);
        faulting.pager.reply_receive(faulting.page_faults, Tag(0, 0));
        CHECK(faulting.program.state() == ThreadState::Ready);
        CHECK(faulting.program.object().registers.target == before.target);  // its registers are its own
        CHECK(faulting.program.object().registers.words[0] == before.words[0]);
        CHECK(faulting.pager.object().replies_delivered == 1);
    }
}

TEST_CASE("a refused page fault goes to the exception handler, which may stop the thread") {
    Faulting faulting;
    faulting.pager.receive(faulting.page_faults);
    faulting.handler.receive(faulting.exceptions);
    faulting.program.page_fault(kBad);
    faulting.pager.reply_receive(faulting.page_faults, Tag(1, 0));
    const Answer exception = faulting.handler.answer();
    CHECK(exception.tag.label() == kExceptionLabel);
    CHECK(exception.word[0] == kBad);
    CHECK(raw(exception.badge) == kHandlerBadge);
    faulting.handler.reply_receive(faulting.exceptions, Tag(1, 0));
    CHECK(faulting.program.state() == ThreadState::Suspended);
    CHECK(faulting.program.object().in_fault());  // to be inspected
    const Answer inspected = faulting.machine.expect(faulting.program.thread, Invocation::ThreadInspect);
    CHECK(inspected.word[0] == (static_cast<u64>(ThreadState::Suspended) | u64{kPriority} << 8));
    const Utcb& page = utcb(faulting.machine.manager());
    CHECK(page.words[kRegisterWords + static_cast<unsigned>(UserRegister::FaultAddress)] == kBad);
    faulting.machine.expect(faulting.program.thread, Invocation::ThreadResume);
    CHECK_FALSE(faulting.program.object().in_fault());
}

TEST_CASE("a refused page fault reaches the server that refused it if it handles exceptions, too") {
    Faulting faulting;
    faulting.machine.expect(faulting.program.thread, Invocation::ThreadHandlers, faulting.pager_endpoint,
                            faulting.pager_endpoint);
    faulting.pager.receive(faulting.page_faults);
    faulting.program.page_fault();
    faulting.pager.reply_receive(faulting.page_faults, Tag(1, 0));
    CHECK(faulting.pager.answer().tag.label() == kExceptionLabel);
    CHECK(faulting.program.state() == ThreadState::AwaitingReply);
}

TEST_CASE("a fault is delivered again when the Reply that holds it dies") {
    Faulting faulting;
    faulting.pager.receive(faulting.page_faults);
    faulting.program.page_fault(kBad);
    CHECK(faulting.machine.revoke(faulting.pager.untyped) == Error::None);
    CHECK(faulting.program.state() == ThreadState::Sending);
    Program next(faulting.machine);
    const u32 from = next.grant(faulting.pager_endpoint);
    next.receive(from);
    CHECK(next.answer().word[0] == kBad);
    next.reply_receive(from);
    CHECK(faulting.program.state() == ThreadState::Ready);
}

TEST_CASE("a fault whose Reply dies goes to another receiver that waits already") {
    Faulting faulting;
    Program second(faulting.machine);
    faulting.pager.receive(faulting.page_faults);
    second.receive(second.grant(faulting.pager_endpoint));
    faulting.program.page_fault(kBad);
    CHECK(faulting.machine.revoke(faulting.pager.untyped) == Error::None);
    CHECK(second.answer().word[0] == kBad);
    CHECK(faulting.program.state() == ThreadState::AwaitingReply);
}

TEST_CASE("without a page-fault handler the exception handler is asked; without both the thread stops") {
    Faulting faulting;
    faulting.machine.expect(faulting.program.thread, Invocation::ThreadHandlers, 0, faulting.handler_endpoint);
    faulting.handler.receive(faulting.exceptions);
    faulting.program.page_fault(kBad);
    CHECK(faulting.handler.answer().tag.label() == kExceptionLabel);
    Faulting alone;
    alone.machine.expect(alone.program.thread, Invocation::ThreadHandlers, 0, 0);
    alone.program.page_fault(kBad);
    CHECK(alone.program.state() == ThreadState::Suspended);
    CHECK(alone.program.object().in_fault());
    Faulting exception;
    exception.machine.expect(exception.program.thread, Invocation::ThreadHandlers, exception.pager_endpoint, 0);
    exception.program.exception();
    CHECK(exception.program.state() == ThreadState::Suspended);
}

TEST_CASE("a handler needs the right to send, and does not change during a fault") {
    Faulting faulting;
    const u32 mute = faulting.machine.derive(faulting.pager_endpoint, bits(EndpointRight::Receive));
    const auto handlers = [&](u32 pager) {
        return faulting.machine.invoke(faulting.program.thread, Invocation::ThreadHandlers, pager, 0).error;
    };
    CHECK(handlers(mute) == Error::MissingRight);
    CHECK(handlers(kThread) == Error::InvalidCapability);
    faulting.program.page_fault();
    CHECK(handlers(0) == Error::InvalidOperation);
}

TEST_CASE("suspending a thread in a fault forgets the fault, and answering it then finds nobody") {
    Faulting faulting;
    faulting.pager.receive(faulting.page_faults);
    faulting.program.page_fault();
    faulting.machine.expect(faulting.program.thread, Invocation::ThreadSuspend);
    CHECK_FALSE(faulting.program.object().in_fault());
    faulting.pager.reply_receive(faulting.page_faults, Tag(), {}, kPoll);
    CHECK(faulting.pager.answer().tag.has(Tag::ReplyLost));
    CHECK(faulting.program.state() == ThreadState::Suspended);
    faulting.machine.expect(faulting.program.thread, Invocation::ThreadResume);
    CHECK(faulting.program.state() == ThreadState::Ready);
}

TEST_CASE("a fault needs no message page on either side") {
    Faulting faulting;
    CHECK(faulting.machine.revoke(faulting.program.frame) == Error::None);
    CHECK(faulting.machine.revoke(faulting.pager.frame) == Error::None);
    faulting.pager.receive(faulting.page_faults);
    faulting.program.page_fault(kBad);
    CHECK(faulting.pager.answer().word[0] == kBad);
}
