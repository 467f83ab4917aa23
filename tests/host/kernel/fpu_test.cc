// Floating point state belongs to its thread, by whatever way the processor goes from one to another. After each entry the
// machine checks that the register holds the running thread's state, or nobody's (invariants_ipc.cc).
#include "program.h"

#include "invariants.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

struct Served {
    Served() : client(machine), server(machine), endpoint(machine.make(ObjectType::Endpoint)), to(client.grant(endpoint)), from(server.grant(endpoint)) {}

    static bool live(Program& program) { return program.object().attention & Thread::LiveFpu; }
    void call_and_answer(Tag tag = Tag()) {
        client.call(to, tag);
        CHECK(machine.core().current == &server.object());
        server.reply_receive(from, tag);
        CHECK(machine.core().current == &client.object());
    }

    Machine machine;
    Program client, server;
    u32 endpoint, to, from;
};

}  // namespace

TEST_CASE("a call and its answer switch the state of either side, of both, or of none") {
    for (const unsigned words : {0, 4, 5, 40}) {
        for (const bool client : {false, true}) {
            for (const bool server : {false, true}) {
                CAPTURE(words);
                CAPTURE(client);
                CAPTURE(server);
                Served served;
                if (server) served.machine.use_fpu(served.server.object());
                served.server.receive(served.from);
                if (client) served.machine.use_fpu(served.client.object());
                REQUIRE_NOTHROW(served.call_and_answer(Tag(0, words)));
                CHECK(served.live(served.client) == client);
                CHECK(served.live(served.server) == server);
                REQUIRE_NOTHROW(served.call_and_answer(Tag(0, words)));
            }
        }
    }
}

TEST_CASE("a server that uses the register for the first time finds nothing of its caller's") {
    Served served;
    served.server.receive(served.from);
    served.machine.use_fpu(served.client.object());
    served.client.call(served.to);
    CHECK(arch::record().fpu == 0);
    served.machine.use_fpu(served.server.object());
    REQUIRE_NOTHROW(served.server.reply_receive(served.from));
    CHECK(arch::record().fpu == fpu_value(served.client.object()));
}

TEST_CASE("an answer to the fault of a thread with floating point state gives it back") {
    Served served;
    served.machine.expect(served.client.thread, Invocation::ThreadHandlers, served.machine.derive(served.endpoint, kAllRights, 1), 0);
    served.server.receive(served.from);
    served.machine.use_fpu(served.client.object());
    served.client.page_fault();
    CHECK(arch::record().fpu == 0);
    REQUIRE_NOTHROW(served.server.reply_receive(served.from, Tag(0, 0)));
    CHECK(served.machine.core().current == &served.client.object());
}

TEST_CASE("a signal that wakes somebody, and a wait that lets somebody run, switch it") {
    Machine machine;
    Program waiter(machine), other(machine);
    const u32 bits = machine.make(ObjectType::Notification), badged = machine.derive(bits, kAllRights, 1);
    const u32 wait = waiter.grant(bits), signal = other.grant(badged);
    machine.expect(waiter.thread, Invocation::ThreadPriority, kPriority + 1);
    for (const bool first : {false, true}) {
        if (first) machine.use_fpu(waiter.object());
        waiter.receive(wait);
        if (!first) machine.use_fpu(other.object());
        REQUIRE_NOTHROW(other.send(signal));
        CHECK(machine.core().current == &waiter.object());
    }
}

TEST_CASE("what dies, or starts over, leaves nothing in the register") {
    Machine machine;
    Program program(machine);
    machine.use_fpu(program.object());
    SUBCASE("it starts over") {
        machine.expect(program.thread, Invocation::ThreadSuspend);
        machine.expect(program.thread, Invocation::ThreadRegisters, 0x1000, 0x2000);
        CHECK((program.object().attention & Thread::LiveFpu) == 0);
        machine.expect(program.thread, Invocation::ThreadResume);
        REQUIRE_NOTHROW(machine.run(program.object()));
        CHECK(arch::record().fpu == 0);
    }
    SUBCASE("it is destroyed while the core idles, and was the last to run with it") {
        machine.expect(program.thread, Invocation::ThreadSuspend);
        CHECK(arch::record().fpu == 0);  // the manager runs
        REQUIRE_NOTHROW(machine.revoke(program.untyped));
        CHECK(arch::record().fpu_of == nullptr);
    }
}

TEST_CASE("it stays where it is while the core idles, and is found there") {
    Machine machine;
    Program program(machine);
    const u32 bits = machine.make(ObjectType::Notification), wait = program.grant(bits);
    machine.expect(kIrq, Invocation::IrqBind, 5, machine.derive(bits, kAllRights, 1));
    const u32 never = machine.make(ObjectType::Notification);
    machine.use_fpu(program.object());
    machine.system_call(machine.manager(), SystemCall::Recv, never);
    program.receive(wait);
    REQUIRE(machine.core().current == nullptr);
    CHECK(arch::record().fpu_of == &program.object());
    REQUIRE_NOTHROW(machine.interrupt(5));
    CHECK(machine.core().current == &program.object());
}
