// Who runs: priorities, turns, and the direct switch from caller to server and back.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

struct Crew {
    Thread* running() { return machine.core().current; }
    void set_priority(Program& program, u64 priority) {
        machine.expect(program.thread, Invocation::ThreadPriority, priority);
    }

    Machine machine;
    Program a{machine}, b{machine}, c{machine};
};

}  // namespace

TEST_CASE("threads of one priority take turns, by slices and by yield") {
    Crew crew;
    crew.machine.run(crew.a.object());
    for (int round = 0; round < 3; ++round) {
        CHECK(crew.running() == &crew.a.object());
        crew.machine.time_slice();
        CHECK(crew.running() == &crew.b.object());
        crew.machine.system_call(crew.b.object(), SystemCall::Yield, 0);
        CHECK(crew.running() == &crew.c.object());
        CHECK(crew.b.error() == Error::None);
        crew.machine.time_slice();
        CHECK(crew.running() == &crew.machine.manager());
        crew.machine.time_slice();
    }
    crew.machine.system_call(crew.a.object(), SystemCall::Yield, 0, Tag(), {}, kPoll);
    CHECK(crew.running() == &crew.a.object());
}

TEST_CASE("a call switches to the server at once, and the answer back to the caller") {
    Crew crew;
    const u32 endpoint = crew.machine.make(ObjectType::Endpoint);
    const u32 from = crew.b.grant(endpoint), to = crew.a.grant(endpoint);
    crew.b.receive(from);
    crew.a.call(to);
    CHECK(crew.running() == &crew.b.object());  // before C and the manager, which were ready earlier
    crew.b.reply_receive(from);
    CHECK(crew.running() == &crew.a.object());
}

TEST_CASE("a send leaves the sender running; the receiver waits its turn") {
    Crew crew;
    const u32 endpoint = crew.machine.make(ObjectType::Endpoint);
    const u32 from = crew.b.grant(endpoint), to = crew.a.grant(endpoint);
    crew.b.receive(from);
    crew.a.send(to);
    CHECK(crew.running() == &crew.a.object());
    CHECK(crew.b.state() == ThreadState::Ready);
}

TEST_CASE("a more important thread runs as soon as it is ready, and as long as it is") {
    Crew crew;
    const u32 notification = crew.machine.make(ObjectType::Notification);
    const u32 wait = crew.b.grant(notification), signal = crew.a.grant(notification, kAllRights, 1);
    crew.b.receive(wait);
    crew.set_priority(crew.b, kPriority + 1);
    crew.a.send(signal);
    CHECK(crew.running() == &crew.b.object());
    crew.machine.time_slice();
    CHECK(crew.running() == &crew.b.object());
    crew.b.receive(wait);
    CHECK(crew.running() == &crew.a.object());  // it was interrupted, not at the end of its turn
}

TEST_CASE("a signal to a more important thread that had answered, and waits to receive, runs it on its own time") {
    Crew crew;
    const u32 endpoint = crew.machine.make(ObjectType::Endpoint), notification = crew.machine.make(ObjectType::Notification);
    const u32 from = crew.b.grant(endpoint), to = crew.a.grant(endpoint), signal = crew.a.grant(notification, kAllRights, 1);
    crew.machine.expect(crew.b.thread, Invocation::ThreadBind, notification);
    crew.b.receive(from);
    crew.set_priority(crew.b, kPriority + 1);
    crew.a.call(to);
    crew.b.reply_receive(from);
    REQUIRE(crew.running() == &crew.a.object());
    crew.a.send(signal);
    CHECK(crew.running() == &crew.b.object());
    CHECK(crew.b.object().charged == crew.b.object().own_context());
    CHECK(crew.b.answer().tag.has(Tag::Notification));
}

TEST_CASE("a direct switch to a less important server does not overtake who is ready between") {
    Crew crew;
    const u32 endpoint = crew.machine.make(ObjectType::Endpoint);
    const u32 from = crew.b.grant(endpoint), to = crew.a.grant(endpoint);
    crew.b.receive(from);
    crew.set_priority(crew.b, kPriority - 1);
    crew.a.call(to);
    CHECK(crew.running() != &crew.b.object());
    CHECK(crew.running()->priority == kPriority);
    CHECK(crew.b.state() == ThreadState::Ready);  // the server waits for its turn
}

TEST_CASE("answering a more important caller gives it the processor") {
    Crew crew;
    const u32 endpoint = crew.machine.make(ObjectType::Endpoint);
    const u32 from = crew.b.grant(endpoint), to = crew.a.grant(endpoint);
    crew.b.receive(from);
    crew.a.call(to);
    crew.set_priority(crew.a, kPriority + 5);
    const u32 reply = crew.b.free_slot();
    const u32 own = crew.b.grant(crew.b.thread);
    CHECK(crew.b.invoke(own, Invocation::ThreadSetReply, reply).error == Error::None);
    crew.b.send(reply);
    CHECK(crew.running() == &crew.a.object());
    CHECK(crew.b.state() == ThreadState::Ready);
}

TEST_CASE("a ready thread that becomes more important runs, and a running one that becomes less so stops") {
    Crew crew;
    const u32 own = crew.a.grant(crew.a.thread);
    crew.machine.system_call(crew.machine.manager(), SystemCall::Call, crew.a.thread,
                             Tag(static_cast<u32>(Invocation::ThreadPriority), 1), {63});
    CHECK(crew.running() == &crew.a.object());
    crew.a.call(own, Tag(static_cast<u32>(Invocation::ThreadPriority), 1), {1});
    CHECK(crew.running()->priority == kPriority);
    CHECK(crew.a.state() == ThreadState::Ready);
    CHECK(crew.machine.invoke(crew.a.thread, Invocation::ThreadPriority, kPriorities).error == Error::InvalidArgument);
    CHECK(crew.machine.invoke(crew.a.thread, Invocation::ThreadPriority, ~u64{0}).error == Error::InvalidArgument);
}

TEST_CASE("nobody is ready: the core idles until an interrupt") {
    Machine machine;
    const u32 notification = machine.make(ObjectType::Notification);
    const u32 signal = machine.derive(notification, kAllRights, 2);
    machine.expect(kIrq, Invocation::IrqBind, 30, signal);
    machine.system_call(machine.manager(), SystemCall::Recv, notification);
    CHECK(machine.core().current == nullptr);
    machine.time_slice();
    CHECK(machine.core().current == nullptr);
    machine.interrupt(30);
    CHECK(machine.core().current == &machine.manager());
    CHECK(raw(machine.answer(machine.manager()).badge) == 2);
}
