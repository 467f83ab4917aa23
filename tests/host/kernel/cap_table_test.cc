// CapTables that grow: what there is where no page was donated, what a donation needs, and what goes with a page.
#include "program.h"
#include "snapshot.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

// A table with 64 slots of its own that can grow to 1024, and a page for the slots from 128 on. The names of
// capabilities are slots of the manager's.
struct Grown {
    Grown() { CHECK(donate(128, page) == Error::None); }

    Error donate(u64 index, u32 with) { return machine.invoke(table, Invocation::CapDonate, index, with).error; }
    Error derive(u64 index) { return machine.invoke(table, Invocation::CapDerive, index, endpoint, kAllRights).error; }
    void move(u64 index, u32 from) { machine.expect(table, Invocation::CapMove, index, from); }
    Words inspect(u32 slot) { return machine.expect(kTable, Invocation::CapInspect, slot).word; }
    Words used() { return machine.expect(table, Invocation::CapUsed).word; }

    Machine machine;
    u32 untyped = machine.make(ObjectType::Untyped, 14);
    u32 table = machine.make(ObjectType::CapTable, 6 | 10 << 8);
    u32 page = machine.make(ObjectType::CapPage, 0, untyped);
    u32 other = machine.make(ObjectType::CapPage, 0, untyped);
    u32 endpoint = machine.make(ObjectType::Endpoint);
};

}  // namespace

TEST_CASE("where no page was donated there is no slot") {
    Grown g;
    for (u64 index : {u64{0}, u64{64}, u64{127}, u64{192}, u64{1023}, u64{1024}, ~u64{0}, u64{1} << 32 | 1}) {
        CAPTURE(index);
        CHECK(g.derive(index) == Error::InvalidCapability);
        CHECK(g.machine.invoke(g.table, Invocation::CapInspect, index).error == Error::InvalidCapability);
        CHECK(g.machine.invoke(g.table, Invocation::CapMove, index, g.endpoint).error == Error::InvalidCapability);
        CHECK(g.machine.invoke(g.table, Invocation::CapTake, index, g.machine.free_slot()).error == Error::InvalidCapability);
        CHECK(g.machine.invoke(g.table, Invocation::CapRevoke, index).error == Error::InvalidCapability);
    }
    for (u64 index : {1, 63, 128, 191}) CHECK(g.derive(index) == Error::None);
    CHECK(g.derive(191) == Error::SlotOccupied);
    CHECK(g.used() == Words{1024, 4, 1, 0});
    CHECK(g.machine.invoke(g.table, Invocation::CapDelete, 1, 1024).error == Error::InvalidCapability);
    g.machine.expect(g.table, Invocation::CapDelete, 1, 1023);
    CHECK(g.used() == Words{1024, 0, 1, 0});
}

TEST_CASE("a page is donated once, to a place that exists and has none") {
    Grown g;
    Machine& machine = g.machine;
    const auto refused = [&](u64 index, u32 with, Error expected) {
        CAPTURE(index);
        const Snapshot before(machine, machine.manager());
        CHECK(g.donate(index, with) == expected);
        CHECK(before.difference(Snapshot(machine, machine.manager())) == "");
    };
    refused(191, g.other, Error::AlreadyMapped);
    refused(64, g.page, Error::AlreadyMapped);
    refused(0, g.other, Error::AlreadyMapped);
    refused(63, g.other, Error::AlreadyMapped);
    refused(1024, g.other, Error::InvalidCapability);
    refused(~u64{0}, g.other, Error::InvalidCapability);
    refused(64, g.endpoint, Error::InvalidCapability);
    refused(64, machine.free_slot(), Error::InvalidCapability);
    const u32 reader = machine.derive(g.table, bits(ControlRight::Inspect));
    CHECK(machine.invoke(reader, Invocation::CapDonate, 64, g.other).error == Error::MissingRight);
    CHECK(machine.invoke(machine.make(ObjectType::CapTable, 6), Invocation::CapDonate, 64, g.other).error == Error::InvalidCapability);
    CHECK((g.inspect(g.other)[0] >> 16 & 1) == 0);
    CHECK(g.donate(1023, g.other) == Error::None);
    const Words words = g.inspect(g.other);
    CHECK((words[0] & 0x1'00ff) == (0x1'0000 | static_cast<u64>(ObjectType::CapPage)));
    CHECK(words[2] == 960);
    CHECK(words[3] == machine.slot(g.table).id());
    CHECK(g.used() == Words{1024, 0, 2, 0});
}

TEST_CASE("the largest table that can grow has a slot at its end") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 19);
    const u32 table = machine.make(ObjectType::CapTable, 6 | kMaxTableBits << 8, untyped);
    CHECK(machine.expect(untyped, Invocation::UntypedInspect).word[2] == kPageSize + (u64{1} << 18));
    constexpr u64 kLast = (u64{1} << kMaxTableBits) - 1;
    machine.expect(table, Invocation::CapDonate, kLast, machine.make(ObjectType::CapPage, 0, untyped));
    machine.expect(table, Invocation::CapDerive, kLast, untyped + 1, kAllRights);
    CHECK(machine.invoke(table, Invocation::CapInspect, kLast + 1).error == Error::InvalidCapability);
    CHECK(machine.remove(table) == Error::None);
}

TEST_CASE("a thread uses what is in a donated page, for messages of all lengths and for what they bring") {
    Grown g;
    Machine& machine = g.machine;
    Program program(machine), server(machine);
    const auto configure = [&](Program& who) {
        machine.expect(who.thread, Invocation::ThreadSuspend);
        machine.expect(who.thread, Invocation::ThreadConfigure, g.table, who.space, who.frame, kUtcbAddress);
        machine.expect(who.thread, Invocation::ThreadResume);
    };
    configure(program);
    configure(server);
    CHECK(g.derive(130) == Error::None);
    for (unsigned words : {0u, 3u, kRegisterWords, kRegisterWords + 1, kMaxWords}) {
        CAPTURE(words);
        server.receive(130);
        program.call(130, Tag(7, words));
        CHECK(server.answer().tag.words() == words);
        machine.system_call(server.object(), SystemCall::ReplyRecv, 130, Tag(8, words));
        CHECK(program.answer().tag.words() == words);
        CHECK(server.state() == ThreadState::Receiving);
        machine.expect(server.thread, Invocation::ThreadCancel);
    }
    // A message's capability comes to a slot of the page, and not to where none is.
    for (u32 to : {140u, 1000u}) {
        server.page().receive_slots[0] = to;
        server.receive(130);
        program.page().send_slots[0] = 130;
        program.call(130, Tag(1, 0, 1));
        CHECK(program.state() == (to == 140 ? ThreadState::AwaitingReply : ThreadState::Ready));
        if (to == 140) {
            CHECK(machine.expect(g.table, Invocation::CapInspect, 140).error == Error::None);
            machine.system_call(server.object(), SystemCall::ReplyRecv, 130, Tag(), {}, kPoll);
        } else {
            CHECK(program.error() == Error::PeerNoSlot);
        }
    }
    // Without its page the thread finds nothing there.
    CHECK(machine.remove(g.page) == Error::None);
    program.call(130);
    CHECK(program.error() == Error::InvalidCapability);
}

TEST_CASE("objects are made across pages, or not at all where one is missing") {
    Grown g;
    Machine& machine = g.machine;
    Program program(machine);
    machine.expect(program.thread, Invocation::ThreadSuspend);
    machine.expect(program.thread, Invocation::ThreadConfigure, g.table, program.space, program.frame, kUtcbAddress);
    g.move(130, machine.make(ObjectType::Untyped, 12));
    machine.expect(program.thread, Invocation::ThreadResume);
    const auto make = [&](u64 first, u64 count) {
        return program.invoke(130, Invocation::UntypedRetype, u64{static_cast<u8>(ObjectType::Notification)}, first, count).error;
    };
    CHECK(make(186, 9) == Error::InvalidCapability);
    CHECK(make(62, 3) == Error::InvalidCapability);
    CHECK(g.used()[1] == 1);
    CHECK(g.donate(200, g.other) == Error::None);
    CHECK(make(186, 9) == Error::None);
    CHECK(g.used()[1] == 10);
    CHECK(machine.slot(g.table).as<CapTable>().lookup(192)->is(ObjectType::Notification));
}

TEST_CASE("a deleted page takes with it what it holds") {
    Grown g;
    const u64 objects = g.machine.live_objects();
    for (bool by_revoke : {false, true}) {
        CAPTURE(by_revoke);
        g.move(150, g.machine.make(ObjectType::Endpoint));
        g.move(191, g.machine.make(ObjectType::Notification));
        CHECK(g.machine.live_objects() == objects + 2);
        CHECK((by_revoke ? g.machine.revoke(g.untyped) : g.machine.remove(g.page)) == Error::None);
        CHECK(g.machine.live_objects() == objects);
        CHECK(g.machine.slot(g.page).empty());
        CHECK(g.derive(150) == Error::InvalidCapability);
        CHECK(g.used() == Words{1024, 0, 0, 0});
        if (by_revoke) break;
        CHECK(g.donate(128, g.other) == Error::None);
        CHECK(g.used() == Words{1024, 0, 1, 0});
    }
    CHECK(g.machine.retype(g.untyped, ObjectType::Untyped, 14, g.page, 1) == Error::None);
}

TEST_CASE("pages may hold the capabilities of pages, in a ring, a row or their own") {
    for (unsigned form = 0; form < 4; ++form) {
        CAPTURE(form);
        Grown g;
        const u64 objects = g.machine.live_objects();
        CHECK(g.donate(64, g.other) == Error::None);
        g.move(140, g.machine.make(ObjectType::Endpoint));
        g.move(70, g.machine.make(ObjectType::Endpoint));
        if (form == 0) {  // each the other's
            g.move(130, g.other);
            g.move(65, g.page);
            g.machine.expect(g.table, Invocation::CapDelete, 65);
        } else if (form == 1) {  // the second before the first
            g.move(130, g.other);
            CHECK(g.machine.remove(g.page) == Error::None);
        } else if (form == 2) {
            g.move(130, g.page);
            g.move(64, g.other);
            g.machine.expect(g.table, Invocation::CapDelete, 1, 1023);
        } else {  // the table's own last capability, too
            g.machine.expect(g.table, Invocation::CapDerive, 150, g.table, kAllRights);
            g.move(130, g.other);
            CHECK(g.machine.remove(g.table) == Error::None);
            CHECK(g.machine.live_objects() == objects + 2);
            CHECK(g.machine.remove(g.page) == Error::None);
            CHECK(g.machine.live_objects() == objects - 1);
        }
        if (form < 3) {
            CHECK(g.machine.live_objects() == objects);
            CHECK(g.used() == Words{1024, 0, 0, 0});
        }
        CHECK(g.machine.retype(g.untyped, ObjectType::Untyped, 14, g.page, 1) == Error::None);
    }
}

TEST_CASE("the pages of a deleted table are free for another") {
    Grown g;
    const u64 objects = g.machine.live_objects();
    g.move(150, g.machine.make(ObjectType::Endpoint));
    CHECK(g.donate(64, g.other) == Error::None);
    g.move(151, g.other);
    CHECK(g.machine.remove(g.table) == Error::None);
    CHECK(g.machine.live_objects() == objects - 1);
    CHECK((g.inspect(g.page)[0] >> 16 & 1) == 0);
    g.table = g.machine.make(ObjectType::CapTable, 6 | 8 << 8);
    CHECK(g.donate(64, g.page) == Error::None);
    CHECK(g.used() == Words{256, 0, 1, 0});
    for (u64 i = 64; i < 128; ++i) CHECK(g.machine.expect(g.table, Invocation::CapInspect, i).word[0] == 0);
}

TEST_CASE("a page's capability can be moved while it is in use") {
    Grown g;
    CHECK(g.derive(128) == Error::None);
    g.machine.expect(kTable, Invocation::CapMove, 200, g.page);
    g.machine.expect(g.table, Invocation::CapMove, 1, 200);
    CHECK(g.used() == Words{1024, 2, 1, 0});
    g.machine.expect(g.table, Invocation::CapDelete, 1);
    CHECK(g.used() == Words{1024, 0, 0, 0});
    CHECK(g.machine.slot(g.endpoint).first_child() == nullptr);
}

TEST_CASE("who waits through a capability hears that its page went") {
    Grown g;
    Program program(g.machine);
    g.machine.expect(program.thread, Invocation::ThreadSuspend);
    g.machine.expect(program.thread, Invocation::ThreadConfigure, g.table, program.space, program.frame, kUtcbAddress);
    CHECK(g.derive(140) == Error::None);
    g.machine.expect(program.thread, Invocation::ThreadResume);
    program.send(140);
    CHECK(program.state() == ThreadState::Sending);
    CHECK(g.machine.remove(g.page) == Error::None);
    CHECK(program.error() == Error::InvalidCapability);
}
