// Whose time it is: contexts are lent with calls, come back in every way in which a call can end, and stop who has none.
#include "program.h"

#include <arch/timer.h>
#include <object/reply.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

constexpr u64 kBudget = 300, kPeriod = 5000;

struct Chain {
    Chain() {
        machine.expect(client.thread, Invocation::ThreadPriority, kPriority);
        middle.receive(middle_from);
        last.receive(last_from);
    }
    void call_through() {
        client.call(to_middle);
        middle.call(to_last);
    }
    SchedContext& own(Program& program) { return *program.object().own_context(); }
    bool charged_to_itself(Program& program) { return program.object().charged == &own(program); }

    Machine machine;
    Program client{machine}, middle{machine}, last{machine};
    u32 first = machine.make(ObjectType::Endpoint), second = machine.make(ObjectType::Endpoint);
    u32 to_middle = client.grant(first), middle_from = middle.grant(first);
    u32 to_last = middle.grant(second), last_from = last.grant(second);
};

void pass(u64 ticks) { arch::record().time += ticks; }

}  // namespace

TEST_CASE("a call lends the caller's context as far as calls go, and the answers bring it back") {
    Chain chain;
    chain.call_through();
    SchedContext& lent = chain.own(chain.client);
    CHECK(chain.last.object().charged == &lent);
    CHECK(lent.holder == &chain.last.object());
    pass(100);
    chain.last.reply_receive(chain.last_from);
    CHECK(chain.middle.object().charged == &lent);
    pass(10);
    chain.middle.reply_receive(chain.middle_from);
    CHECK(chain.charged_to_itself(chain.client));
    CHECK(lent.reply == nullptr);
    pass(1);
    chain.machine.time_slice();
    CHECK(lent.consumed() >= 111);
    CHECK(chain.own(chain.last).consumed() == 0);
}

TEST_CASE("a context comes back at once when the call is cut") {
    Chain chain;
    chain.call_through();
    SchedContext& lent = chain.own(chain.client);
    SUBCASE("the caller is cancelled") { chain.machine.expect(chain.client.thread, Invocation::ThreadCancel); }
    SUBCASE("the server between dies") {
        CHECK(chain.machine.revoke(chain.middle.untyped) == Error::None);
        CHECK(chain.client.error() == Error::PeerDied);
    }
    CHECK(chain.charged_to_itself(chain.client));
    CHECK(lent.reply == nullptr);
    CHECK(chain.charged_to_itself(chain.last));  // it goes on with its own
    chain.last.reply_receive(chain.last_from);
    CHECK(chain.charged_to_itself(chain.client));
}

TEST_CASE("a context whose owner dies is gone, and the servers go on with their own") {
    Chain chain;
    chain.call_through();
    CHECK(chain.machine.revoke(chain.client.untyped) == Error::None);
    CHECK(chain.charged_to_itself(chain.last));
    chain.last.reply_receive(chain.last_from);
    CHECK(chain.charged_to_itself(chain.middle));
    chain.middle.reply_receive(chain.middle_from);
    CHECK(chain.middle.state() == ThreadState::Receiving);
}

TEST_CASE("a context that is revoked while it is lent stops its owner only") {
    Chain chain;
    chain.call_through();
    CHECK(chain.machine.revoke(chain.client.context) == Error::None);
    CHECK(chain.client.state() == ThreadState::Suspended);
    CHECK(chain.charged_to_itself(chain.last));
    CHECK(chain.machine.invoke(chain.client.thread, Invocation::ThreadResume).error == Error::InvalidOperation);
    chain.machine.expect(chain.client.thread, Invocation::ThreadContext, chain.client.context);
    chain.machine.expect(chain.client.thread, Invocation::ThreadResume);
    CHECK(chain.client.state() == ThreadState::Ready);
}

TEST_CASE("a server that puts its answer off is charged for itself until it answers") {
    Chain chain;
    const u32 spare = chain.machine.make(ObjectType::Reply);
    chain.client.call(chain.to_middle);
    chain.machine.expect(chain.middle.thread, Invocation::ThreadSetReply, spare);  // now `spare` holds the client
    chain.middle.receive(chain.middle_from);
    SchedContext& lent = chain.own(chain.client);
    CHECK(lent.holder == nullptr);
    CHECK(lent.reply == &chain.machine.slot(spare).as<Reply>());
    chain.machine.system_call(chain.machine.manager(), SystemCall::Send, spare);
    CHECK(chain.client.error() == Error::None);
    CHECK(chain.charged_to_itself(chain.client));
    CHECK(lent.reply == nullptr);
}

TEST_CASE("a thread without budget waits for its next period") {
    Chain chain;
    chain.machine.expect(chain.client.context, Invocation::SchedConfigure, kBudget, kPeriod, kPriority);
    chain.machine.run(chain.client.object());
    pass(kBudget);
    chain.machine.time_slice();
    while (chain.client.state() == ThreadState::Ready) chain.machine.time_slice();  // it notices when it is its turn
    CHECK(chain.client.state() == ThreadState::Exhausted);
    CHECK(arch::record().timer != 0);
    for (u64 waited = 0; waited < kPeriod && chain.client.state() == ThreadState::Exhausted; waited += 1000) chain.machine.time_slice();
    CHECK(chain.client.state() == ThreadState::Ready);
    chain.machine.run(chain.client.object());
}

TEST_CASE("a thread without budget runs again as soon as it is given some") {
    Chain chain;
    const auto configure = [&](u64 budget, u64 period) {
        chain.machine.expect(chain.client.context, Invocation::SchedConfigure, budget, period, kPriority);
    };
    for (const bool limited : {true, false}) {
        CAPTURE(limited);
        configure(kBudget, kPeriod * 100);
        chain.machine.run(chain.client.object());
        pass(kBudget);
        while (chain.client.state() == ThreadState::Ready) chain.machine.time_slice();
        REQUIRE(chain.client.state() == ThreadState::Exhausted);
        limited ? configure(kBudget, kPeriod) : configure(0, 0);
        CHECK(chain.client.state() == ThreadState::Ready);
    }
}

TEST_CASE("the timer is set for the end of a budget, and for its return while nobody can run") {
    Machine machine;
    Program program(machine);
    const u32 bell = machine.make(ObjectType::Notification);
    machine.time_slice();
    machine.expect(program.context, Invocation::SchedConfigure, kBudget, kPeriod, kPriority);
    machine.system_call(machine.manager(), SystemCall::Recv, bell);
    REQUIRE(machine.core().charged == program.object().own_context());
    CHECK(machine.core().deadline == machine.core().charged_since + kBudget);  // before the end of the slice
    machine.time_slice();
    CHECK(program.state() == ThreadState::Exhausted);
    CHECK(machine.core().current == nullptr);
    const u64 refill = program.object().own_context()->next_refill();
    for (unsigned slices = 0; machine.core().deadline != refill; ++slices) {
        REQUIRE(slices < kPeriod / arch::ticks_per_slice());
        CHECK(machine.core().deadline == arch::record().time + arch::ticks_per_slice());
        machine.time_slice();
        CHECK(program.state() == ThreadState::Exhausted);
    }
}

TEST_CASE("who has the same priority takes turns, however far ahead a budget ends or comes back") {
    constexpr u64 kFar = 1000 * kPeriod;
    Machine machine;
    Program limited(machine), b(machine), c(machine);
    const auto turns = [&](Thread& first, Thread& second) {
        unsigned firsts = 0, seconds = 0;
        for (unsigned i = 0; i < 12; ++i) {
            REQUIRE(arch::record().timer != 0);
            REQUIRE(arch::record().timer <= arch::record().time + arch::ticks_per_slice());
            machine.time_slice();
            firsts += machine.core().current == &first;
            seconds += machine.core().current == &second;
        }
        CHECK(firsts >= 2);
        CHECK(seconds >= 2);
    };
    SUBCASE("it has been used up") {
        machine.expect(limited.context, Invocation::SchedConfigure, kBudget, kFar, kPriority);
        for (unsigned i = 0; i < 12 && limited.state() == ThreadState::Ready; ++i) machine.time_slice();
        REQUIRE(limited.state() == ThreadState::Exhausted);
        turns(b.object(), c.object());
    }
    SUBCASE("it lasts") {
        machine.expect(limited.context, Invocation::SchedConfigure, kFar / 2, kFar, kPriority);
        turns(limited.object(), b.object());
    }
}

TEST_CASE("a server that uses up its client's budget goes on with its own; the client has to wait") {
    Chain chain;
    chain.machine.expect(chain.client.context, Invocation::SchedConfigure, kBudget, kPeriod * 100, kPriority);
    chain.client.call(chain.to_middle);
    pass(2 * kBudget);
    chain.machine.time_slice();
    chain.machine.run(chain.middle.object());
    CHECK(chain.charged_to_itself(chain.middle));
    CHECK(chain.middle.state() == ThreadState::Ready);
    chain.middle.reply_receive(chain.middle_from);
    chain.machine.time_slice();
    CHECK(chain.client.state() == ThreadState::Exhausted);
}

TEST_CASE("the handler of a context hears once in a period, and may give more") {
    Chain chain;
    Program handler(chain.machine);
    const u32 endpoint = chain.machine.make(ObjectType::Endpoint);
    const u32 from = handler.grant(endpoint);
    handler.receive(from);
    chain.machine.expect(chain.client.context, Invocation::SchedHandler, chain.machine.derive(endpoint, kAllRights, 42));
    chain.machine.expect(chain.client.context, Invocation::SchedConfigure, kBudget, kPeriod * 100, kPriority);
    while (chain.client.state() == ThreadState::Ready) chain.machine.time_slice();
    CHECK(chain.client.state() == ThreadState::AwaitingReply);
    CHECK(handler.answer().badge == Badge(42));
    CHECK(handler.answer().tag.label() == kBudgetLabel);
    CHECK(handler.answer().word[0] == chain.machine.slot(chain.client.context).id());
    CHECK(handler.answer().word[1] >= kBudget);

    SUBCASE("it gives nothing") {
        handler.reply_receive(from);
        chain.machine.time_slice();
        CHECK(chain.client.state() == ThreadState::Exhausted);
        CHECK(handler.state() == ThreadState::Receiving);
    }
    SUBCASE("it gives more") {
        chain.machine.expect(chain.client.context, Invocation::SchedConfigure, kPeriod * 10, kPeriod * 100, kPriority);
        handler.reply_receive(from);
        chain.machine.run(chain.client.object());
    }
    SUBCASE("it dies") {
        CHECK(chain.machine.revoke(handler.untyped) == Error::None);
        CHECK(chain.machine.revoke(endpoint) == Error::None);
        CHECK(chain.machine.remove(endpoint) == Error::None);
        chain.machine.time_slice();
        CHECK(chain.client.state() == ThreadState::Exhausted);
    }
}

TEST_CASE("a ceiling bounds the priority, and a thread without context does not run") {
    Machine machine;
    Program program(machine);
    CHECK(machine.invoke(program.context, Invocation::SchedConfigure, 0, 0, kPriority - 1).error == Error::InvalidArgument);
    machine.expect(program.context, Invocation::SchedConfigure, 0, 0, kPriority);
    CHECK(machine.invoke(program.thread, Invocation::ThreadPriority, kPriority + 1).error == Error::MissingRight);
    CHECK(machine.invoke(program.thread, Invocation::ThreadContext, program.context).error == Error::InvalidOperation);

    machine.expect(program.thread, Invocation::ThreadSuspend);
    machine.expect(program.thread, Invocation::ThreadContext, 0);
    CHECK(machine.invoke(program.thread, Invocation::ThreadResume).error == Error::InvalidOperation);
    Program other(machine);
    CHECK(machine.invoke(program.thread, Invocation::ThreadContext, other.context).error == Error::InvalidOperation);
    const u32 low = machine.make(ObjectType::SchedContext);
    CHECK(machine.invoke(program.thread, Invocation::ThreadContext, low).error == Error::MissingRight);
    CHECK(machine.invoke(low, Invocation::SchedConfigure, 5, 4, kPriority).error == Error::InvalidArgument);
    CHECK(machine.invoke(low, Invocation::SchedConfigure, 0, 4, kPriority).error == Error::InvalidArgument);
    CHECK(machine.invoke(low, Invocation::SchedConfigure, 4, 4, kPriorities).error == Error::InvalidArgument);
    CHECK(machine.invoke(low, Invocation::SchedConfigure, 4, u64{1} << 49, 1).error == Error::InvalidArgument);
    machine.expect(low, Invocation::SchedConfigure, 4, 4, kPriority);
    machine.expect(program.thread, Invocation::ThreadContext, low);
    machine.expect(program.thread, Invocation::ThreadResume);
    CHECK(program.state() == ThreadState::Ready);
    const u32 inspect_only = machine.derive(low, bits(ControlRight::Inspect));
    CHECK(machine.expect(inspect_only, Invocation::SchedInspect).word[2] == 4);
    CHECK(machine.invoke(inspect_only, Invocation::SchedConfigure, 4, 4, kPriority).error == Error::MissingRight);
}

TEST_CASE("a thread that waits for its context's handler stops waiting when there is another one") {
    for (const bool replaced : {false, true}) {
        CAPTURE(replaced);
        Chain chain;
        const u32 deaf = chain.machine.make(ObjectType::Endpoint), other = chain.machine.make(ObjectType::Endpoint);
        chain.machine.expect(chain.client.context, Invocation::SchedHandler, deaf);
        chain.machine.expect(chain.client.context, Invocation::SchedConfigure, kBudget, kPeriod * 100, kPriority);
        while (chain.client.state() == ThreadState::Ready) chain.machine.time_slice();
        REQUIRE(chain.client.state() == ThreadState::Sending);
        chain.machine.expect(chain.client.context, Invocation::SchedHandler, replaced ? other : 0);
        chain.machine.time_slice();
        CHECK(chain.client.state() == ThreadState::Exhausted);
        Program pollster(chain.machine);
        pollster.receive(pollster.grant(deaf), kPoll);
        CHECK(pollster.error() == Error::WouldBlock);
    }
}
