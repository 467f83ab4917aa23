// Cases that programs rarely meet: partners that have lost their table, queues too long for a move, tables that were
// replaced, and threads that die in the moment in which they would run.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel::test;
using eft::kernel::Thread;

namespace {

// The capability through which it waits is taken to the manager's table, and its own table destroyed.
u32 leave_without_table(Machine& machine, Program& program, u32 waits_through) {
    const u32 kept = machine.free_slot();
    machine.expect(program.table, Invocation::CapTake, waits_through, kept);
    machine.expect(kTable, Invocation::CapRevoke, program.table);
    machine.expect(kTable, Invocation::CapDelete, program.table);
    return kept;
}

// So many threads that share a table, a space and a page wait at one object.
constexpr u32 kCrowd = 257;

void gather(Machine& machine, ObjectType at, SystemCall call, u32 slot) {
    constexpr u32 kBatch = 32;
    machine.check_each_entry(false);
    const u32 space = machine.make(ObjectType::AddressSpace), frame = machine.make(ObjectType::Frame);
    const u32 hidden = machine.make(ObjectType::CapTable, 10);  // nobody looks for them again
    const u32 threads = kFirstFree + 100, contexts = threads + kBatch, replies = contexts + kBatch;
    const bool receives = at == ObjectType::Endpoint && call == SystemCall::Recv;
    u32 hidden_slot = 1;
    for (u32 done = 0; done < kCrowd; done += kBatch) {
        const u32 count = std::min(kBatch, kCrowd - done);
        CHECK(machine.retype(kUntyped, ObjectType::Thread, 0, threads, count) == Error::None);
        CHECK(machine.retype(kUntyped, ObjectType::SchedContext, 0, contexts, count) == Error::None);
        if (receives) CHECK(machine.retype(kUntyped, ObjectType::Reply, 0, replies, count) == Error::None);
        for (u32 i = 0; i < count; ++i) {
            machine.expect(threads + i, Invocation::ThreadConfigure, kTable, space, frame, kUtcbAddress);
            machine.expect(contexts + i, Invocation::SchedConfigure, 0, 0, kPriority);
            machine.expect(threads + i, Invocation::ThreadContext, contexts + i);
            machine.expect(threads + i, Invocation::ThreadPriority, kPriority);
            if (receives) machine.expect(threads + i, Invocation::ThreadSetReply, replies + i);
            machine.expect(threads + i, Invocation::ThreadResume);
            machine.system_call(machine.slot(threads + i).as<Thread>(), call, slot);
            machine.expect(hidden, Invocation::CapMove, hidden_slot++, threads + i);
            machine.expect(hidden, Invocation::CapMove, hidden_slot++, contexts + i);
        }
    }
    machine.check_each_entry(true);
}

}  // namespace

TEST_CASE("words that an invocation's message does not have are 0, whatever the registers hold") {
    Machine machine;
    const auto invoke = [&](u32 slot, Invocation operation, unsigned words, Words in_registers) {
        machine.system_call(machine.manager(), SystemCall::Call, slot, Tag(static_cast<u32>(operation), words), in_registers);
        return machine.answer(machine.manager()).error;
    };
    const u32 endpoint = machine.make(ObjectType::Endpoint), copy = machine.derive(endpoint), other = machine.derive(endpoint);
    // With the second word it would be both copies.
    CHECK(invoke(kTable, Invocation::CapDelete, 1, {copy, 2}) == Error::None);
    CHECK(machine.slot(copy).empty());
    CHECK(!machine.slot(other).empty());
    // Without the fourth word there is no badge, without the third no right.
    CHECK(invoke(kTable, Invocation::CapDerive, 2, {copy, endpoint, kAllRights, 17}) == Error::None);
    CHECK(machine.slot(copy).rights() == 0);
    CHECK(machine.slot(copy).detail() == 0);
    CHECK(invoke(kThread, Invocation::ThreadPriority, 0, {kPriorities}) == Error::None);
    CHECK(machine.manager().priority == 0);
}

TEST_CASE("a sender that waits and loses its table can send no capability") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    Program sender(machine), receiver(machine);
    const u32 to = sender.grant(endpoint);
    sender.page().send_slots[0] = sender.grant(endpoint);
    sender.send(to, Tag(0, 0, 1));
    leave_without_table(machine, sender, to);
    REQUIRE(sender.state() == ThreadState::Sending);
    receiver.receive(receiver.grant(endpoint));
    CHECK(sender.error() == Error::InvalidCapability);
    CHECK(receiver.state() == ThreadState::Receiving);
    // It can make no call from now on, and no invocation.
    sender.call(to);
    CHECK(sender.error() == Error::InvalidCapability);
    sender.send(to);
    CHECK(sender.error() == Error::InvalidCapability);
    sender.receive(to);
    CHECK(sender.error() == Error::InvalidCapability);
    sender.reply_receive(to);
    CHECK(sender.error() == Error::InvalidCapability);
}

TEST_CASE("a receiver that waits and loses its table can be sent no capability") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    Program sender(machine), receiver(machine);
    const u32 to = sender.grant(endpoint), from = receiver.grant(endpoint);
    receiver.receive(from);
    leave_without_table(machine, receiver, from);
    REQUIRE(receiver.state() == ThreadState::Receiving);
    sender.page().send_slots[0] = to;
    sender.send(to, Tag(0, 0, 1));
    CHECK(sender.error() == Error::PeerNoSlot);
    sender.call(to, Tag(9, 0));
    CHECK(receiver.answer().tag.label() == 9);
    // It cannot answer and receive again, as it has no capability to do so.
    receiver.reply_receive(from);
    CHECK(receiver.error() == Error::InvalidCapability);
}

TEST_CASE("a capability through which too many threads wait cannot be moved") {
    struct Kind { ObjectType type; SystemCall call; };
    for (const Kind kind : {Kind{ObjectType::Endpoint, SystemCall::Send}, Kind{ObjectType::Endpoint, SystemCall::Recv}, Kind{ObjectType::Notification, SystemCall::Recv}}) {
        CAPTURE(static_cast<u32>(kind.type));
        CAPTURE(static_cast<u32>(kind.call));
        Machine machine;
        const u32 object = machine.make(kind.type), slot = machine.derive(object), to = machine.free_slot();
        gather(machine, kind.type, kind.call, slot);
        CHECK(machine.invoke(kTable, Invocation::CapMove, to, slot).error == Error::InvalidOperation);
        const u32 elsewhere = machine.make(ObjectType::Endpoint);
        Program listener(machine);
        listener.receive(listener.grant(elsewhere));
        utcb(machine.manager()).send_slots[0] = slot;
        machine.system_call(machine.manager(), SystemCall::Send, elsewhere, Tag(0, 0, 1).with(Tag::Move));
        CHECK(machine.answer(machine.manager()).error == Error::InvalidCapability);
        CHECK(!machine.slot(slot).empty());
        // With one of them less it can; those who wait through the other slot are the same.
        if (kind.call == SystemCall::Send) {
            machine.expect(kThread, Invocation::ThreadSetReply, machine.make(ObjectType::Reply));
            machine.system_call(machine.manager(), SystemCall::Recv, object);
        } else {
            const u32 bell = kind.type == ObjectType::Notification ? machine.derive(object, kAllRights, 1) : object;
            machine.system_call(machine.manager(), SystemCall::Send, bell);
        }
        machine.expect(kTable, Invocation::CapMove, to, slot);
        CHECK(machine.slot(slot).empty());
        machine.expect(kTable, Invocation::CapDelete, to);
    }
}

TEST_CASE("a page table that another has replaced takes nothing with it") {
    Machine machine;
    const u32 first = machine.make(ObjectType::PageTable, 0, kUntyped, 3), frame = machine.make(ObjectType::Frame, 0, kUntyped, 2);
    constexpr u64 kAddress = 0x40'0000;
    for (u32 i = 0; i < 3; ++i) machine.expect(kSpace, Invocation::SpaceDonate, first + i);
    machine.expect(kSpace, Invocation::SpaceMap, frame, kAddress, 1);
    const auto at_level = [&](u64 level) {
        for (u32 i = 0; i < 3; ++i) {
            if (machine.slot(first + i).payload<ObjectType::PageTable>().use.level() == level) return first + i;
        }
        throw std::logic_error("no table of this level");
    };
    const u32 lowest = at_level(1), middle = at_level(2);
    machine.expect(kTable, Invocation::CapDelete, middle);
    const u32 second = machine.make(ObjectType::PageTable, 0, kUntyped, 2);
    for (u32 i = 0; i < 2; ++i) machine.expect(kSpace, Invocation::SpaceDonate, second + i);
    machine.expect(kSpace, Invocation::SpaceMap, frame + 1, kAddress, 1);
    machine.expect(kTable, Invocation::CapDelete, lowest);
    CHECK(machine.expect(kSpace, Invocation::SpaceInspect).word[0] == 1);
    SUBCASE("the page of the old one goes first") {
        machine.expect(kSpace, Invocation::SpaceUnmap, frame);  // it was mapped in a table that is gone
        CHECK(machine.expect(kSpace, Invocation::SpaceInspect).word[0] == 1);
        machine.expect(kSpace, Invocation::SpaceUnmap, frame + 1);
    }
    SUBCASE("the page of the new one goes first") {
        machine.expect(kSpace, Invocation::SpaceUnmap, frame + 1);
        machine.expect(kSpace, Invocation::SpaceUnmap, frame);
    }
    CHECK(machine.expect(kSpace, Invocation::SpaceInspect).word[0] == 0);
}

TEST_CASE("a table that loses one of its pages keeps the others") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint), table = machine.make(ObjectType::CapTable, 6 | 8 << 8);
    const u32 pages = machine.make(ObjectType::CapPage, 0, kUntyped, 3);
    for (u32 i = 0; i < 3; ++i) {
        machine.expect(table, Invocation::CapDonate, 64 * (i + 1), pages + i);
        machine.expect(table, Invocation::CapDerive, 64 * (i + 1) + 5, endpoint, kAllRights);
    }
    machine.expect(kTable, Invocation::CapDelete, pages);
    CHECK(machine.expect(table, Invocation::CapUsed).word == Words{256, 2, 2, 0});
    CHECK(machine.invoke(table, Invocation::CapInspect, 64 + 5).error == Error::InvalidCapability);
    CHECK(machine.expect(table, Invocation::CapInspect, 192 + 5).word[1] == machine.slot(endpoint).id());
}

// The Reply that holds a fault dies: the fault is delivered again, to a thread that receives; it dies, too, before it runs.
TEST_CASE("a thread that dies in the moment in which it is given the processor does not run") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    Program faulty(machine), server(machine), next(machine);
    machine.expect(faulty.thread, Invocation::ThreadHandlers, endpoint, 0);
    server.receive(server.grant(endpoint));
    faulty.page_fault();
    REQUIRE(faulty.state() == ThreadState::AwaitingReply);
    next.receive(next.grant(endpoint));
    const u32 table = machine.make(ObjectType::CapTable, 2), reply = machine.make(ObjectType::Reply);
    const u32 last = machine.free_slot();
    machine.expect(server.thread, Invocation::ThreadSetReply, reply);
    machine.expect(table, Invocation::CapMove, 1, next.thread);
    machine.expect(kTable, Invocation::CapMove, last, table);
    machine.expect(kTable, Invocation::CapDelete, reply, 2);
    CHECK(machine.core().current == &machine.manager());
    CHECK(faulty.state() != ThreadState::AwaitingReply);
}

TEST_CASE("of two who are given the processor at once, both run") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint), replies = machine.make(ObjectType::Reply, 0, kUntyped, 2);
    Program faulty[2] = {Program(machine), Program(machine)}, servers[2] = {Program(machine), Program(machine)};
    Program next[2] = {Program(machine), Program(machine)};
    for (u32 i = 0; i < 2; ++i) {
        machine.expect(faulty[i].thread, Invocation::ThreadHandlers, endpoint, 0);
        servers[i].receive(servers[i].grant(endpoint));
        faulty[i].page_fault();
        machine.expect(servers[i].thread, Invocation::ThreadSetReply, replies + i);
    }
    for (Program& one : next) one.receive(one.grant(endpoint));
    machine.expect(kTable, Invocation::CapDelete, replies, 2);  // the faults are delivered again
    for (Program& one : next) CHECK(one.answer().tag.has(Tag::Fault));
}

TEST_CASE("a signal wakes somebody more important although no timer runs") {
    Machine machine;
    Program urgent(machine);
    const u32 bell = machine.make(ObjectType::Notification), ring = machine.derive(bell, kAllRights, 4);
    urgent.receive(urgent.grant(bell));
    machine.expect(urgent.thread, Invocation::ThreadPriority, kPriority + 1);
    machine.time_slice();
    REQUIRE(machine.core().deadline == 0);
    machine.system_call(machine.manager(), SystemCall::Send, ring);
    CHECK(machine.core().current == &urgent.object());
    CHECK(urgent.answer().badge == Badge(4));
    CHECK(machine.core().deadline != 0);
}

TEST_CASE("bits that come while a server works are taken with its next answer") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint), bell = machine.make(ObjectType::Notification);
    Program server(machine), client(machine), ringer(machine);
    machine.expect(server.thread, Invocation::ThreadBind, bell);
    const u32 from = server.grant(endpoint);
    server.receive(from);
    client.call(client.grant(endpoint));
    ringer.send(ringer.grant(bell, kAllRights, 8));
    server.reply_receive(from);
    CHECK(client.error() == Error::None);
    REQUIRE(server.state() == ThreadState::Ready);
    CHECK(server.answer().badge == Badge(8));
    CHECK(server.answer().tag.has(Tag::Notification));
}

TEST_CASE("a Reply that a thread has given away is nothing to it") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint), slot = machine.make(ObjectType::Reply);
    Program server(machine);
    machine.expect(server.thread, Invocation::ThreadSetReply, slot);
    server.receive(server.grant(endpoint));
    machine.expect(kTable, Invocation::CapDelete, slot);
    CHECK(server.state() == ThreadState::Receiving);
}

TEST_CASE("rights are asked for where the partner waits already, too") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint), bell = machine.make(ObjectType::Notification);
    Program server(machine), client(machine), urgent(machine);
    urgent.receive(urgent.grant(bell));
    machine.expect(urgent.thread, Invocation::ThreadPriority, kPriority + 1);
    const u32 from = server.grant(endpoint), only_send = server.grant(endpoint, 1), only_receive = client.grant(endpoint, 2);
    server.receive(from);
    client.call(only_receive);
    CHECK(client.error() == Error::MissingRight);
    client.send(only_receive);
    CHECK(client.error() == Error::MissingRight);
    CHECK(server.state() == ThreadState::Receiving);
    client.call(client.grant(endpoint));
    server.reply_receive(1u << Program::kTableSizeBits);
    CHECK(server.error() == Error::InvalidCapability);
    server.reply_receive(only_send, Tag(3, 0));
    CHECK(server.error() == Error::MissingRight);
    CHECK(client.state() == ThreadState::AwaitingReply);
    server.reply_receive(from, Tag(4, 0));
    CHECK(client.answer().tag.label() == 4);
    client.receive(client.grant(bell, 1));  // others are ready
    CHECK(client.error() == Error::MissingRight);
    client.send(client.grant(bell, 2, 1));  // it would wake somebody more important
    CHECK(client.error() == Error::MissingRight);
    CHECK(urgent.state() == ThreadState::Waiting);
}

TEST_CASE("what a thread is made of needs the right to control it, and its page an address of user space") {
    Machine machine;
    Program program(machine);
    machine.expect(program.thread, Invocation::ThreadSuspend);
    const u32 table = machine.derive(program.table, 2), space = machine.derive(program.space, 2);
    const auto configure = [&](u32 with_table, u32 with_space, u64 address) {
        return machine.invoke(program.thread, Invocation::ThreadConfigure, with_table, with_space, program.frame, address).error;
    };
    CHECK(configure(table, program.space, kUtcbAddress) == Error::MissingRight);
    CHECK(configure(program.table, space, kUtcbAddress) == Error::MissingRight);
    CHECK(configure(program.table, program.space, kUserTop) == Error::InvalidArgument);
    CHECK(configure(program.table, program.space, kUtcbAddress + 1) == Error::InvalidArgument);
    CHECK(configure(program.table, program.space, kUtcbAddress) == Error::None);
}

TEST_CASE("who has no message page is told of a thread what fits into registers") {
    Machine machine;
    Program curious(machine);
    const u32 own = curious.grant(curious.thread);
    const Answer with_page = curious.invoke(own, Invocation::ThreadInspect);
    CHECK(machine.revoke(curious.frame) == Error::None);
    const Answer without = curious.invoke(own, Invocation::ThreadInspect);
    CHECK(without.error == Error::None);
    CHECK(without.tag.words() < with_page.tag.words());
}
