// Long operations that pause for interrupts (scene.h).
#include "scene.h"

#include <object/endpoint.h>
#include <object/untyped.h>

using namespace eft;
using namespace eft::kernel::test;
using eft::kernel::Thread;

namespace {

// A capability with descendants of all kinds, through some of which programs wait.
struct RevokedTree : Scene {
    RevokedTree() : endpoint(machine.make(ObjectType::Endpoint)), bell(machine.make(ObjectType::Notification)) {
        parent = machine.derive(endpoint);
        for (unsigned i = 0; i < 5; ++i) {
            const u32 child = machine.derive(parent, kAllRights, 100 + i);
            for (unsigned j = 0; j < i; ++j) machine.derive(child);
        }
        const u32 chain = machine.derive(parent);
        for (u32 i = 0, at = chain; i < 6; ++i) at = machine.derive(at);
        to = caller.grant(chain);
        to_kept = other.grant(endpoint);
        for (unsigned i = 0; i < 3; ++i) machine.derive(parent);
        caller.call(to);
        other.call(to_kept);
    }
    void operate() override { CHECK(machine.revoke(parent) == Error::None); }
    void disturb() override {
        if (caller.state() == ThreadState::Ready) caller.call(to);  // it tries again, without end
    }
    void look(Picture& picture) override { add(picture, caller), add(picture, other); }

    u32 endpoint, bell, parent = 0, to = 0, to_kept = 0;
    Program caller{machine}, other{machine};
};

// Many wait through one capability, others through another one of the same endpoint.
struct DeletedQueue : Scene {
    DeletedQueue() : endpoint(machine.make(ObjectType::Endpoint)), going(machine.derive(endpoint)) {
        for (unsigned i = 0; i < 8; ++i) {
            const bool goes = i % 2 == 0;
            if (goes) {
                share_table(machine, *programs[i]);
                programs[i]->call(going);
            } else {
                programs[i]->call(programs[i]->grant(endpoint));
            }
        }
    }
    void operate() override { CHECK(machine.remove(going) == Error::None); }
    void disturb() override {
        for (auto& program : programs) {
            if (program->state() != ThreadState::Ready) continue;
            CHECK(program->error() == Error::InvalidCapability);
            program->call(going);  // it cannot queue there again
            CHECK(program->error() == Error::InvalidCapability);
        }
        CHECK(machine.invoke(kTable, Invocation::CapMove, machine.free_slot(), going).error == Error::InvalidCapability);
        CHECK(machine.invoke(kTable, Invocation::CapDerive, machine.free_slot(), going, kAllRights).error == Error::InvalidCapability);
    }
    void look(Picture& picture) override {
        for (auto& program : programs) add(picture, *program);
    }

    u32 endpoint, going;
    std::unique_ptr<Program> programs[8] = {
        std::make_unique<Program>(machine), std::make_unique<Program>(machine), std::make_unique<Program>(machine),
        std::make_unique<Program>(machine), std::make_unique<Program>(machine), std::make_unique<Program>(machine),
        std::make_unique<Program>(machine), std::make_unique<Program>(machine)};
};

// Tables within tables, and a program that serves a caller, all made of one Untyped.
struct KilledProgram : Scene {
    KilledProgram() : endpoint(machine.make(ObjectType::Endpoint)) {
        from = server.grant(endpoint);
        to = caller.grant(endpoint);
        server.receive(from);
        caller.call(to);
        for (unsigned i = 0; i < 8; ++i) server.grant(endpoint, kAllRights, 10 + i);
        const u32 inner = machine.make(ObjectType::CapTable, 3, server.untyped);
        machine.expect(inner, Invocation::CapDerive, 3, endpoint, kAllRights);
        machine.expect(server.table, Invocation::CapMove, 20, inner);
        const u32 table = machine.make(ObjectType::PageTable, 0, kUntyped, 3);
        for (u32 i = 0; i < 3; ++i) machine.expect(server.space, Invocation::SpaceDonate, table + i);
        const u32 frame = machine.make(ObjectType::Frame, 0, kUntyped, 5);
        for (u32 i = 0; i < 5; ++i) machine.expect(server.space, Invocation::SpaceMap, frame + i, (0x400 + i) << kPageBits, 1);
    }
    void operate() override { CHECK(machine.revoke(server.untyped) == Error::None); }
    void disturb() override {
        if (caller.state() == ThreadState::Ready) caller.receive(to, kPoll);
        // What is dying keeps its memory: this waits, or takes other memory.
        machine.invoke(kTable, Invocation::CapUsed);
    }
    void look(Picture& picture) override { add(picture, caller); }

    u32 endpoint, from = 0, to = 0;
    Program server{machine}, caller{machine};
};

// A table that grew: its pages hold what others wait through, and the second's and third's own capabilities.
struct GrownTable : Scene {
    GrownTable() : endpoint(machine.make(ObjectType::Endpoint)) {
        for (u32 i = 0; i < 3; ++i) machine.expect(table, Invocation::CapDonate, 64 * (i + 1), pages + i);
        for (u32 i = 0; i < 3; ++i) {
            for (u32 j = 0; j < 4; ++j) machine.expect(table, Invocation::CapDerive, 64 * (i + 1) + 7 * j, endpoint, kAllRights);
            machine.expect(table, Invocation::CapMove, 64 * (i + 1) + 30, machine.make(ObjectType::CapTable, 3, untyped));
        }
        machine.expect(table, Invocation::CapMove, 64 + 63, pages + 1);
        machine.expect(table, Invocation::CapMove, 128 + 1, pages + 2);
        machine.expect(caller.thread, Invocation::ThreadSuspend);
        machine.expect(caller.thread, Invocation::ThreadConfigure, table, caller.space, caller.frame, kUtcbAddress);
        machine.expect(caller.thread, Invocation::ThreadResume);
        caller.call(64 + 7);
    }
    // The memory of what goes is still its own, and so are its slots.
    void disturb() override {
        machine.invoke(table, Invocation::CapDonate, 64, spare);
        machine.invoke(table, Invocation::CapDelete, 1, 255);
        machine.retype(untyped, ObjectType::CapPage, 0, machine.free_slot(), 1);
    }
    void look(Picture& picture) override { add(picture, caller); }

    u32 endpoint;
    u32 untyped = machine.make(ObjectType::Untyped, 15);
    u32 table = machine.make(ObjectType::CapTable, 6 | 8 << 8, untyped);
    u32 pages = machine.make(ObjectType::CapPage, 0, untyped, 3);
    u32 spare = machine.make(ObjectType::CapPage, 0, untyped);
    Program caller{machine};
};
struct LostPage : GrownTable {
    void operate() override {
        CHECK(machine.remove(pages) == Error::None);
        CHECK(caller.error() == Error::InvalidCapability);
    }
};
// The thread that has the table is gone before, so that it dies with its last capability; one is in the table.
struct DeletedGrownTable : GrownTable {
    DeletedGrownTable() {
        machine.expect(table, Invocation::CapDerive, 64 + 40, table, kAllRights);
        machine.expect(table, Invocation::CapMove, 128 + 41, pages);
        CHECK(machine.revoke(caller.untyped) == Error::None);
    }
    void operate() override {
        CHECK(machine.remove(table) == Error::None);
        CHECK(machine.revoke(untyped) == Error::None);
    }
    void disturb() override { machine.retype(untyped, ObjectType::CapPage, 0, machine.free_slot(), 1); }
    void look(Picture&) override {}
};

struct DeletedRange : Scene {
    DeletedRange() : endpoint(machine.make(ObjectType::Endpoint)) {
        first = machine.derive(endpoint);
        for (unsigned i = 1; i < 12; ++i) i % 3 == 0 ? machine.free_slot() : machine.derive(endpoint);
    }
    void operate() override { CHECK(machine.invoke(kTable, Invocation::CapDelete, first, 12).error == Error::None); }
    u32 endpoint, first = 0;
};

}  // namespace

TEST_CASE("a revoke ends the same wherever it pauses") { pause_everywhere<RevokedTree>(); }
TEST_CASE("a capability is deleted the same wherever the end of the waits through it pauses") { pause_everywhere<DeletedQueue>(); }
TEST_CASE("a program is destroyed the same wherever that pauses") { pause_everywhere<KilledProgram>(); }
TEST_CASE("a page of a table goes the same wherever that pauses") { pause_everywhere<LostPage>(); }
TEST_CASE("a table that grew is destroyed the same wherever that pauses") { pause_everywhere<DeletedGrownTable>(); }
TEST_CASE("a range of slots is emptied the same wherever that pauses") { pause_everywhere<DeletedRange>(); }

TEST_CASE("memory is cleared in pieces, and an object is made when all is") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 17);
    const u32 big = machine.free_slot(), small = machine.free_slot();
    unsigned pauses = 0;
    bool inside = false;
    // Another thread of the manager's table takes memory from the front while the large table is under way.
    Program other(machine);
    share_table(machine, other);
    machine.preempt([&] { return !inside; },
                    [&] {
                        inside = true;
                        CHECK(machine.slot(big).empty());
                        if (pauses > 16) {
                            // Now it gets on: each time that the front is free again, it starts over.
                        } else if (pauses % 4 == 1) {
                            CHECK(other.invoke(untyped, Invocation::UntypedRetype, static_cast<u64>(ObjectType::Endpoint), small, 1).error == Error::None);
                        } else if (pauses % 4 == 3) {
                            CHECK(other.invoke(kTable, Invocation::CapDelete, small).error == Error::None);
                        }
                        ++pauses;
                        inside = false;
                    });
    CHECK(machine.retype(untyped, ObjectType::CapTable, 10, big, 1) == Error::None);
    CHECK(pauses > 10);
    inside = true;
    CHECK(machine.slot(big).is(ObjectType::CapTable));
    CHECK(machine.expect(big, Invocation::CapUsed).word[1] == 0);
    // A second one does not fit; that is known before anything is cleared.
    pauses = 0;
    inside = false;
    CHECK(machine.retype(untyped, ObjectType::CapTable, 11, machine.free_slot(), 1) == Error::NeedMemory);
    CHECK(pauses == 0);
}

TEST_CASE("counting goes on where it paused") {
    Machine machine;
    const u64 used = machine.expect(kTable, Invocation::CapUsed).word[1];
    machine.preempt([] { return true; }, [] {});
    CHECK(machine.expect(kTable, Invocation::CapUsed).word == Words{1u << kTableBits, used, 0, 0});
    const Words space = machine.expect(kSpace, Invocation::SpaceInspect).word;
    machine.preempt({}, {});
    CHECK(machine.expect(kSpace, Invocation::SpaceInspect).word == space);
}

TEST_CASE("whoever is killed while it revokes leaves something that others can finish") {
    for (unsigned pauses = 1; pauses < 40; ++pauses) {
        CAPTURE(pauses);
        Machine machine;
        const u32 endpoint = machine.make(ObjectType::Endpoint);
        const u32 parent = machine.derive(endpoint);
        Program victim(machine), revoker(machine), server(machine);
        const u32 table = machine.make(ObjectType::CapTable, 4);
        for (u32 i = 1; i < 10; ++i) machine.expect(table, Invocation::CapDerive, i, parent, kAllRights);
        server.receive(server.grant(endpoint));
        victim.call(victim.grant(endpoint));
        const u64 before = machine.live_objects();
        revoker.grant(kTable);
        const u32 own = 1;
        // It kills the server, and is killed itself after so many pauses.
        unsigned seen = 0;
        bool killed = false;
        bool inside = false;
        machine.preempt([&] { return !inside; },
                        [&] {
                            if (++seen != pauses) return;
                            inside = killed = true;
                            CHECK(machine.revoke(revoker.untyped) == Error::None);
                            inside = false;
                        });
        machine.system_call(revoker.object(), SystemCall::Call, own, Tag(static_cast<u32>(Invocation::CapRevoke), 1), {server.untyped});
        if (!killed) {
            machine.system_call(revoker.object(), SystemCall::Call, own, Tag(static_cast<u32>(Invocation::CapDelete), 2), {table, 1});
        }
        machine.preempt({}, {});
        if (!machine.slot(server.untyped).empty()) CHECK(machine.revoke(server.untyped) == Error::None);
        CHECK(machine.revoke(parent) == Error::None);
        CHECK(machine.live_objects() <= before);
    }
}

TEST_CASE("what died is reaped although its killer is stopped") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    Program server(machine), caller(machine), killer(machine);
    server.receive(server.grant(endpoint));
    caller.call(caller.grant(endpoint));
    for (u32 i = 0; i < 12; ++i) server.grant(endpoint);
    const u32 held = machine.make(ObjectType::CapTable, 4);
    machine.expect(held, Invocation::CapMove, 1, server.untyped);
    killer.grant(kTable);
    bool stop = true;
    machine.preempt([&] { return stop; },
                    [&] {
                        if (machine.core().kernel.dying == nullptr) return;
                        stop = false;
                        machine.expect(killer.thread, Invocation::ThreadSuspend);
                    });
    machine.system_call(killer.object(), SystemCall::Call, 1, Tag(static_cast<u32>(Invocation::CapRevoke), 1), {held});
    machine.system_call(killer.object(), SystemCall::Call, 1, Tag(static_cast<u32>(Invocation::CapDelete), 2), {held, 1});
    unsigned slices = 0;
    while (machine.core().kernel.dying != nullptr && slices++ < 200) {
        CHECK(machine.core().deadline != 0);
        machine.time_slice();
    }
    CHECK(machine.core().kernel.dying == nullptr);
}
