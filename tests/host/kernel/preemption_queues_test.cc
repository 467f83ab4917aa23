// Long operations that pause while threads wait through what goes away (scene.h), and queues too long for a move.
#include "scene.h"

#include <array>

using namespace eft;
using namespace eft::kernel::test;

namespace {

using Programs = std::array<std::unique_ptr<Program>, 4>;

Programs four(Machine& machine) {
    Programs made;
    for (auto& program : made) program = std::make_unique<Program>(machine);
    return made;
}

// What can no longer be used while it goes.
void cannot_use(Machine& machine, u32 going, ObjectType type) {
    const auto refused = [&](Invocation operation, u32 on, u64 a, u64 b = 0, u64 c = 0) {
        CHECK(machine.invoke(on, operation, a, b, c).error == Error::InvalidCapability);
    };
    refused(Invocation::CapMove, kTable, machine.free_slot(), going);
    refused(Invocation::CapDerive, kTable, machine.free_slot(), going, kAllRights);
    if (type == ObjectType::Endpoint) {
        refused(Invocation::ThreadHandlers, kThread, going, 0);
    } else {
        refused(Invocation::ThreadBind, kThread, going);
        refused(Invocation::IrqBind, kIrq, 9, going);
        machine.system_call(machine.manager(), SystemCall::Send, going);
        CHECK(machine.answer(machine.manager()).error == Error::InvalidCapability);
    }
}

// Threads wait to receive, or for a notification, half of them through the capability that goes.
template <ObjectType kType>
struct DeletedWait : Scene {
    DeletedWait() {
        for (std::size_t i = 0; i < 4; ++i) {
            share_table(machine, *programs[i]);
            // Receivers are looked at from the first one on after each pause: here nobody is passed by.
            programs[i]->receive(i % 2 == 0 || kType == ObjectType::Endpoint ? going : object);
        }
        listener.receive(listener.grant(elsewhere));
    }
    void operate() override { CHECK(machine.remove(going) == Error::None); }
    void disturb() override {
        for (auto& program : programs) {
            if (program->state() != ThreadState::Ready) continue;
            CHECK(program->error() == Error::InvalidCapability);
            if (machine.slot(going).empty()) continue;
            program->receive(going);  // it cannot wait there again
            CHECK(program->error() == Error::InvalidCapability);
            // Nor can it be sent, as a copy or moved.
            program->page().send_slots[0] = going;
            program->send(elsewhere, Tag(0, 0, 1));
            CHECK(program->error() == Error::InvalidCapability);
            program->send(elsewhere, Tag(0, 0, 1).with(Tag::Move));
            CHECK(program->error() == Error::InvalidCapability);
            CHECK(listener.state() == ThreadState::Receiving);
        }
        if (!machine.slot(going).empty()) cannot_use(machine, going, kType);
    }
    void look(Picture& picture) override {
        for (auto& program : programs) add(picture, *program);
    }

    u32 object = machine.make(kType), going = machine.derive(object), elsewhere = machine.make(ObjectType::Endpoint);
    Programs programs = four(machine);
    Program listener{machine};
};

// The slot through which threads wait lies in a table that dies.
struct KilledTable : Scene {
    KilledTable() {
        for (u32 i = 1; i < 4; ++i) machine.expect(table, Invocation::CapDerive, i, endpoint, kAllRights);
        for (auto& program : programs) {
            machine.expect(program->thread, Invocation::ThreadSuspend);
            machine.expect(program->thread, Invocation::ThreadConfigure, table, program->space, program->frame, kUtcbAddress);
            machine.expect(program->thread, Invocation::ThreadResume);
            program->call(2);
        }
    }
    void operate() override {
        CHECK(machine.revoke(table) == Error::None);
        CHECK(machine.remove(table) == Error::None);
    }
    void look(Picture& picture) override {
        for (auto& program : programs) add(picture, *program);
    }

    u32 endpoint = machine.make(ObjectType::Endpoint), table = machine.make(ObjectType::CapTable, 3);
    Programs programs = four(machine);
};

// Threads in a fault wait through their own slots for a handler, which goes; they fault again in between.
struct DeletedHandler : Scene {
    DeletedHandler() {
        for (auto& program : programs) {
            machine.expect(program->thread, Invocation::ThreadHandlers, handler, 0);
            program->page_fault();
        }
    }
    void operate() override { CHECK(machine.revoke(handler) == Error::None); }
    void disturb() override {
        for (auto& program : programs) {
            if (program->state() != ThreadState::Suspended || machine.slot(program->thread).as<kernel::Thread>().pager.empty()) continue;
            machine.expect(program->thread, Invocation::ThreadResume);
            program->page_fault();
            CHECK(program->state() == ThreadState::Suspended);
        }
    }
    void look(Picture& picture) override {
        for (auto& program : programs) picture.words.push_back(static_cast<u64>(program->state()));
    }

    u32 endpoint = machine.make(ObjectType::Endpoint), handler = machine.derive(endpoint);
    Programs programs = four(machine);
};

}  // namespace

TEST_CASE("threads that wait for a notification hear that their capability goes wherever that pauses") {
    pause_everywhere<DeletedWait<ObjectType::Notification>>();
}
TEST_CASE("threads that receive hear that their capability goes wherever that pauses") { pause_everywhere<DeletedWait<ObjectType::Endpoint>>(); }
TEST_CASE("threads that wait through a table that dies hear of it wherever that pauses") { pause_everywhere<KilledTable>(); }
TEST_CASE("a fault whose handler is going finds none") { pause_everywhere<DeletedHandler>(); }

TEST_CASE("a receive that passes by bad messages pauses, and an answer before it is given once") {
    for (const bool answers : {false, true}) {
        CAPTURE(answers);
        Machine machine;
        const u32 endpoint = machine.make(ObjectType::Endpoint);
        Program server(machine), caller(machine), bad(machine), worse(machine), good(machine);
        const u32 from = server.grant(endpoint), to = caller.grant(endpoint);
        if (answers) {
            server.receive(from);
            caller.call(to);
        }
        for (Program* program : {&bad, &worse}) {
            program->page().send_slots[0] = 30;  // empty
            program->call(program->grant(endpoint), Tag(0, 0, 1));
        }
        good.call(good.grant(endpoint, kAllRights, 77));
        unsigned pauses = 0;
        machine.preempt([] { return true; }, [&pauses] { ++pauses; });
        answers ? server.reply_receive(from, Tag(5, 0)) : server.receive(from);
        CHECK(pauses == 2);
        CHECK(bad.error() == Error::InvalidCapability);
        CHECK(worse.error() == Error::InvalidCapability);
        CHECK(server.error() == Error::None);
        CHECK(server.answer().badge == Badge(77));
        CHECK(server.object().replies_delivered == answers);
        if (answers) CHECK(caller.answer().tag.label() == 5);
    }
}

TEST_CASE("memory is handed out again only when those who died in it are reaped") {
    Machine machine;
    Program killer(machine);
    share_table(machine, killer);
    const u32 pool = machine.make(ObjectType::Untyped, 14);
    const u32 table = machine.make(ObjectType::CapTable, 5, pool), endpoint = machine.make(ObjectType::Endpoint);
    for (u32 i = 1; i < 32; ++i) machine.expect(table, Invocation::CapDerive, i, endpoint, kAllRights);
    const u64 before = machine.live_objects();
    machine.time_slice();
    machine.preempt([] { return true; }, {});
    killer.call(kTable, Tag(static_cast<u32>(Invocation::CapDelete), 1), {table});
    REQUIRE(machine.core().kernel.dying != nullptr);
    REQUIRE(machine.slot(table).empty());
    const u32 slot = machine.free_slot();
    machine.system_call(machine.manager(), SystemCall::Call, pool, Tag(static_cast<u32>(Invocation::UntypedRetype), 3),
                        {static_cast<u64>(ObjectType::Notification), slot, 1});
    unsigned pauses = 0;
    for (; machine.manager().registers.repeats; ++pauses) {
        CHECK(machine.slot(slot).empty());
        machine.repeat(machine.manager());
    }
    CHECK(pauses > 10);
    CHECK(machine.core().kernel.dying == nullptr);
    CHECK(machine.slot(slot).is(ObjectType::Notification));
    CHECK(machine.live_objects() == before);
}

TEST_CASE("the timer is armed for the reaping of dying objects, though nobody else is ready") {
    Machine machine;
    const u32 table = machine.make(ObjectType::CapTable, 5);
    machine.time_slice();
    REQUIRE(machine.core().deadline == 0);
    machine.preempt([] { return true; }, {});
    machine.system_call(machine.manager(), SystemCall::Call, kTable, Tag(static_cast<u32>(Invocation::CapDelete), 1), {table});
    CHECK(machine.core().kernel.dying != nullptr);
    CHECK(machine.core().deadline != 0);
    while (machine.manager().registers.repeats) machine.repeat(machine.manager());
    CHECK(machine.core().kernel.dying == nullptr);
}

// It revokes the space that it runs in, and a table that takes long to reap.
TEST_CASE("whoever stops itself by what it destroys leaves the reaping to interrupts, or to the idle kernel") {
    struct Case { bool alone, once; };
    for (const auto [alone, once] : {Case{false, false}, Case{true, false}, Case{true, true}}) {
        CAPTURE(alone);
        CAPTURE(once);
        Machine machine;
        Program suicide(machine);
        share_table(machine, suicide);
        const u32 pool = machine.make(ObjectType::Untyped, 15), bell = machine.make(ObjectType::Notification);
        machine.make(ObjectType::CapTable, 6, pool);
        const u32 space = machine.make(ObjectType::AddressSpace, 0, pool);
        machine.expect(suicide.thread, Invocation::ThreadSuspend);
        machine.expect(suicide.thread, Invocation::ThreadConfigure, kTable, space, suicide.frame, kUtcbAddress);
        machine.expect(suicide.thread, Invocation::ThreadResume);
        const u64 before = machine.live_objects();
        if (alone) machine.system_call(machine.manager(), SystemCall::Recv, bell);
        // It has stopped with the first piece of work after which it is asked.
        unsigned asked = 0;
        machine.preempt([&, once = once] { return suicide.state() == ThreadState::Suspended && (++asked == 2 || (asked > 2 && !once)); }, {});
        suicide.call(kTable, Tag(static_cast<u32>(Invocation::CapRevoke), 1), {pool});
        CHECK(suicide.state() == ThreadState::Suspended);
        CHECK((machine.core().kernel.dying == nullptr) == once);
        CHECK((machine.core().current == nullptr) == alone);
        unsigned slices = 0;
        while (machine.core().kernel.dying != nullptr && ++slices < 200) machine.time_slice();
        CHECK((slices > 1) == !once);
        CHECK(machine.live_objects() == before - 2);
    }
}

TEST_CASE("a deletion that paused has reaped what died when it returns, whoever else ran in between") {
    for (const bool revoke : {false, true}) {
        CAPTURE(revoke);
        Machine machine;
        Program killer(machine), other(machine);
        share_table(machine, killer);
        share_table(machine, other);
        const u32 pool = machine.make(ObjectType::Untyped, 15), endpoint = machine.make(ObjectType::Endpoint);
        const u32 table = machine.make(ObjectType::CapTable, 7, pool), rest = machine.derive(endpoint);
        REQUIRE(rest == table + 1);
        machine.preempt([] { return true; }, {});
        // The table dies at once; what is left to do after the pause kills nothing.
        if (revoke) killer.call(kTable, Tag(static_cast<u32>(Invocation::CapRevoke), 1), {pool});
        else killer.call(kTable, Tag(static_cast<u32>(Invocation::CapDelete), 2), {table, 2});
        REQUIRE(killer.object().registers.repeats);
        REQUIRE(machine.core().kernel.dying != nullptr);
        other.call(kTable, Tag(static_cast<u32>(Invocation::CapInspect), 1), {kTable});
        unsigned pauses = 0;
        for (; killer.object().registers.repeats; ++pauses) machine.repeat(killer.object());
        CHECK(killer.error() == Error::None);
        CHECK(pauses > 10);
        CHECK(machine.core().kernel.dying == nullptr);
        CHECK(machine.slot(table).empty());
        CHECK(machine.slot(rest).empty() != revoke);
    }
}

TEST_CASE("whoever takes the last capability to something from a thread goes on when it is reaped") {
    Machine machine;
    Program victim(machine);
    machine.expect(victim.thread, Invocation::ThreadSuspend);
    REQUIRE(machine.remove(victim.table) == Error::None);
    unsigned pauses = 0;
    machine.preempt([] { return true; }, [&] { ++pauses; });
    const u64 before = machine.live_objects();
    machine.expect(victim.thread, Invocation::ThreadConfigure, kTable, victim.space, victim.frame, kUtcbAddress);
    CHECK(machine.live_objects() == before - 1);
    CHECK(machine.core().kernel.dying == nullptr);
    CHECK(pauses > 1);
}
