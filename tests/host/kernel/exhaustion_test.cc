// The kernel has no memory of its own: what an operation needs is its user's, and can run out in the middle of it. Then
// there is one clean error, and not a byte of anything has changed.
#include "program.h"
#include "snapshot.h"

#include <object/untyped.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

struct Kind {
    ObjectType type;
    unsigned size_bits;  // as UntypedRetype wants it
    unsigned bits;       // of its memory
};
constexpr Kind kKinds[] = {
    {ObjectType::Untyped, 8, 8},
    {ObjectType::CapTable, 3, 3 + kCapabilityBits},
    {ObjectType::Thread, 0, kThreadBits},
    {ObjectType::Endpoint, 0, kEndpointBits},
    {ObjectType::Notification, 0, kNotificationBits},
    {ObjectType::Reply, 0, kReplyBits},
    {ObjectType::AddressSpace, 0, kAddressSpaceBits},
    {ObjectType::PageTable, 0, kPageBits},
    {ObjectType::CapPage, 0, kPageBits},
    {ObjectType::Frame, 0, kPageBits},
    {ObjectType::SchedContext, 0, kSchedContextBits},
};

// The operation by `asking` gives `expected`, and nothing else happens.
template <class Operation>
void refuse(Machine& machine, const Thread& asking, Error expected, Operation operation) {
    machine.run(const_cast<Thread&>(asking));
    const Snapshot before(machine, asking);
    CHECK(operation() == expected);
    CHECK(before.difference(Snapshot(machine, asking)) == "");
}

// Nothing is left of the Untyped: it is cut into pieces, and so are what is smaller than a piece.
void use_up_memory(Machine& machine) {
    for (unsigned bits = 19; bits >= kMinUntypedBits; --bits) {
        const u32 slot = machine.free_slot();
        if (machine.retype(kUntyped, ObjectType::Untyped, bits, slot, 1) == Error::None) ++bits;
    }
    REQUIRE(machine.retype(kUntyped, ObjectType::Endpoint, 0, machine.free_slot(), 1) == Error::NeedMemory);
}

void use_up_slots(Machine& machine, u32 source) {
    for (u32 slot = 1; slot < u32{1} << kTableBits; ++slot) {
        if (machine.slot(slot).empty()) machine.expect(kTable, Invocation::CapDerive, slot, source, kAllRights);
    }
}

}  // namespace

TEST_CASE("memory for some objects but not for all of them makes none") {
    for (const Kind& kind : kKinds) {
        CAPTURE(static_cast<unsigned>(kind.type));
        constexpr u32 kRoom = 4;
        for (u32 made = 0; made <= kRoom; ++made) {
            for (u32 count = 1; count <= kRoom + 1; ++count) {
                CAPTURE(made);
                CAPTURE(count);
                Machine machine;
                const u32 untyped = machine.make(ObjectType::Untyped, kind.bits + 2);
                if (made != 0) machine.make(kind.type, kind.size_bits, untyped, made);
                const u32 first = machine.free_slot();
                const auto retype = [&] { return machine.retype(untyped, kind.type, kind.size_bits, first, count); };
                if (made + count <= kRoom) {
                    CHECK(retype() == Error::None);
                } else {
                    refuse(machine, machine.manager(), Error::NeedMemory, retype);
                    CHECK(u64{machine.slot(untyped).payload<ObjectType::Untyped>().used} <= u64{kRoom} << kind.bits);
                }
            }
        }
    }
}

TEST_CASE("memory that is left, but not aligned for the object, is not enough") {
    for (const Kind& kind : kKinds) {
        if (kind.bits <= kEndpointBits) continue;
        CAPTURE(static_cast<unsigned>(kind.type));
        Machine machine;
        const u32 untyped = machine.make(ObjectType::Untyped, kind.bits + 1);
        machine.make(ObjectType::Endpoint, 0, untyped);
        machine.make(kind.type, kind.size_bits, untyped);
        const u32 first = machine.free_slot();
        refuse(machine, machine.manager(), Error::NeedMemory, [&] { return machine.retype(untyped, kind.type, kind.size_bits, first, 1); });
    }
}

TEST_CASE("slots for some objects but not for all of them make none") {
    constexpr u32 kCount = 4;
    for (const Kind& kind : kKinds) {
        CAPTURE(static_cast<unsigned>(kind.type));
        for (u32 occupied = 0; occupied < kCount; ++occupied) {
            CAPTURE(occupied);
            Machine machine;
            const u32 first = kFirstFree + 100;
            machine.expect(kTable, Invocation::CapDerive, first + occupied, kThread, kAllRights);
            refuse(machine, machine.manager(), Error::SlotOccupied, [&] { return machine.retype(kUntyped, kind.type, kind.size_bits, first, kCount); });
            const u32 last = (u32{1} << kTableBits) - 1 - occupied;
            refuse(machine, machine.manager(), Error::InvalidCapability, [&] { return machine.retype(kUntyped, kind.type, kind.size_bits, last, kCount + 1); });
        }
    }
}

TEST_CASE("a mapping that lacks one, two or three tables takes none") {
    constexpr u64 kAddress = 0x40'0000;
    // Addresses that share a table of the last, the second, the first level with kAddress, or none.
    constexpr u64 kOther[] = {kAddress + kPageSize, kAddress + (1 << 21), kAddress + (1 << 30), kAddress + (u64{1} << 39)};
    for (u32 missing = 0; missing <= 3; ++missing) {
        for (u32 spare = 0; spare <= 3; ++spare) {
            CAPTURE(missing);
            CAPTURE(spare);
            Machine machine;
            const auto donate = [&](u32 count) {
                for (u32 i = 0; i < count; ++i) machine.expect(kSpace, Invocation::SpaceDonate, machine.make(ObjectType::PageTable));
            };
            const u32 frame = machine.make(ObjectType::Frame), other = machine.make(ObjectType::Frame);
            donate(3);
            machine.expect(kSpace, Invocation::SpaceMap, frame, kAddress, bits(FrameRight::Read));
            donate(spare);
            const auto map = [&] { return machine.invoke(kSpace, Invocation::SpaceMap, other, kOther[missing], bits(FrameRight::Read)).error; };
            if (spare < missing) {
                refuse(machine, machine.manager(), Error::NeedMemory, map);
            } else {
                CHECK(map() == Error::None);
                CHECK(machine.expect(kSpace, Invocation::SpaceInspect).word == Words{2, spare - missing, 3 + missing, 5 + spare});
            }
        }
    }
}

TEST_CASE("objects that reach behind the last page of a table that grew are not made, and a page more is enough") {
    Machine machine;
    Program program(machine);
    const u32 table = machine.make(ObjectType::CapTable, 6 | 9 << 8), pages = machine.make(ObjectType::CapPage, 0, kUntyped, 2);
    machine.expect(table, Invocation::CapDonate, 64, pages);
    machine.expect(table, Invocation::CapMove, 64, machine.make(ObjectType::Untyped, 14));
    machine.expect(program.thread, Invocation::ThreadSuspend);
    machine.expect(program.thread, Invocation::ThreadConfigure, table, program.space, program.frame, kUtcbAddress);
    machine.expect(program.thread, Invocation::ThreadResume);
    for (const Kind& kind : kKinds) {
        CAPTURE(static_cast<unsigned>(kind.type));
        const auto make = [&](u64 first, u64 count) {
            return program.invoke(64, Invocation::UntypedRetype, static_cast<u64>(kind.type) | u64{kind.size_bits} << 8, first, count).error;
        };
        for (const u64 behind : {1, 2, 3}) refuse(machine, program.object(), Error::InvalidCapability, [&] { return make(128 + behind - 4, 4); });
    }
    machine.expect(table, Invocation::CapDonate, 128, pages + 1);
    CHECK(program.invoke(64, Invocation::UntypedRetype, static_cast<u64>(ObjectType::Reply), 126, 4).error == Error::None);
}

TEST_CASE("a capability has no slot to go to: derive, move and take change nothing") {
    Machine machine;
    const u32 table = machine.make(ObjectType::CapTable, 1);  // one slot
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    machine.expect(table, Invocation::CapDerive, 1, endpoint, kAllRights);
    const auto invoke = [&](u32 on, Invocation operation, u64 a, u64 b) { return [&machine, on, operation, a, b] { return machine.invoke(on, operation, a, b, kAllRights).error; }; };
    refuse(machine, machine.manager(), Error::SlotOccupied, invoke(table, Invocation::CapDerive, 1, endpoint));
    refuse(machine, machine.manager(), Error::SlotOccupied, invoke(table, Invocation::CapMove, 1, endpoint));
    refuse(machine, machine.manager(), Error::SlotOccupied, invoke(table, Invocation::CapTake, 1, endpoint));
    refuse(machine, machine.manager(), Error::InvalidCapability, invoke(table, Invocation::CapDerive, 2, endpoint));
    refuse(machine, machine.manager(), Error::InvalidCapability, invoke(table, Invocation::CapMove, 2, endpoint));
}

namespace {

// A client and a server that has no room for the capability number `full` of four, and room for all others.
struct Exchange {
    static constexpr u32 kLanding = 24;

    explicit Exchange(u32 full) : client(machine), server(machine), endpoint(machine.make(ObjectType::Endpoint)), to(client.grant(endpoint)), from(server.grant(endpoint)) {
        for (u32 i = 0; i < kMaxCaps; ++i) {
            const u32 notification = machine.make(ObjectType::Notification);
            client.page().send_slots[i] = client.grant(notification);
            server.page().send_slots[i] = server.grant(notification);
            server.page().receive_slots[i] = client.page().receive_slots[i] = kLanding + i;
        }
        const u32 occupied = machine.make(ObjectType::Endpoint);
        machine.expect(server.table, Invocation::CapDerive, kLanding + full, occupied, kAllRights);
        machine.expect(client.table, Invocation::CapDerive, kLanding + full, occupied, kAllRights);
    }
    // How many capabilities have arrived.
    unsigned arrived(Program& program) {
        unsigned count = 0;
        for (u32 i = 0; i < kMaxCaps; ++i) count += program.slot(kLanding + i).is(ObjectType::Notification);
        return count;
    }
    unsigned kept(Program& program) {
        unsigned count = 0;
        for (u32 i = 0; i < kMaxCaps; ++i) count += program.slot(program.page().send_slots[i]).is(ObjectType::Notification);
        return count;
    }

    Machine machine;
    Program client, server;
    u32 endpoint, to, from;
};

Tag four(bool move) {
    const Tag tag(1, 20, kMaxCaps);
    return move ? tag.with(Tag::Move) : tag;
}

}  // namespace

TEST_CASE("a message whose capabilities do not all have a slot is not sent") {
    for (u32 full = 0; full < kMaxCaps; ++full) {
        for (bool move : {false, true}) {
            for (u64 flags : {u64{0}, kPoll}) {
                CAPTURE(full);
                CAPTURE(move);
                CAPTURE(flags);
                Exchange exchange(full);
                exchange.server.receive(exchange.from);
                const Thread& asking = exchange.client.object();
                refuse(exchange.machine, asking, Error::PeerNoSlot, [&] { return exchange.client.call(exchange.to, four(move), {}, flags), exchange.client.error(); });
                refuse(exchange.machine, asking, Error::PeerNoSlot, [&] { return exchange.client.send(exchange.to, four(move), {}, flags), exchange.client.error(); });
                CHECK(exchange.server.state() == ThreadState::Receiving);
            }
        }
    }
}

TEST_CASE("a queued message whose capabilities do not all have a slot ends with an error, and the receiver waits") {
    for (u32 full = 0; full < kMaxCaps; ++full) {
        for (bool move : {false, true}) {
            CAPTURE(full);
            CAPTURE(move);
            Exchange exchange(full);
            exchange.client.call(exchange.to, four(move));
            exchange.server.receive(exchange.from);
            CHECK(exchange.client.error() == Error::PeerNoSlot);
            CHECK(exchange.arrived(exchange.server) == 0);
            CHECK(exchange.kept(exchange.client) == kMaxCaps);
            CHECK(exchange.server.state() == ThreadState::Receiving);
        }
    }
}

TEST_CASE("an answer whose capabilities do not all have a slot brings none, and its caller knows") {
    for (u32 full = 0; full < kMaxCaps; ++full) {
        for (bool move : {false, true}) {
            CAPTURE(full);
            CAPTURE(move);
            Exchange exchange(full);
            exchange.server.receive(exchange.from);
            exchange.client.call(exchange.to, Tag(1, 0));
            exchange.server.reply_receive(exchange.from, four(move));
            CHECK(exchange.client.error() == Error::PeerNoSlot);
            CHECK(exchange.arrived(exchange.client) == 0);
            CHECK(exchange.kept(exchange.server) == kMaxCaps);
            CHECK(exchange.server.state() == ThreadState::Receiving);
        }
    }
}

TEST_CASE("with no memory and no slot left, whatever makes something is refused and changes nothing") {
    Machine machine;
    use_up_memory(machine);
    const u32 free = machine.free_slot();
    for (const Kind& kind : kKinds) {
        refuse(machine, machine.manager(), Error::NeedMemory, [&] { return machine.retype(kUntyped, kind.type, kind.size_bits, free, 1); });
    }
    use_up_slots(machine, kThread);
    for (const Kind& kind : kKinds) {
        refuse(machine, machine.manager(), Error::SlotOccupied, [&] { return machine.retype(kUntyped, kind.type, kind.size_bits, free, 1); });
    }
    refuse(machine, machine.manager(), Error::SlotOccupied, [&] { return machine.invoke(kTable, Invocation::CapDerive, free, kSpace, kAllRights).error; });
}

TEST_CASE("with no memory and no slot left, everything goes on that exists") {
    Machine machine;
    Program client(machine), server(machine), pager(machine);
    const u32 endpoint = machine.make(ObjectType::Endpoint), faults = machine.make(ObjectType::Endpoint);
    const u32 notification = machine.derive(machine.make(ObjectType::Notification), kAllRights, 4);
    const u32 frame = machine.make(ObjectType::Frame), reply = machine.make(ObjectType::Reply);
    for (unsigned i = 0; i < 3; ++i) machine.expect(kSpace, Invocation::SpaceDonate, machine.make(ObjectType::PageTable));
    const u32 to = client.grant(endpoint), from = server.grant(endpoint), handled = pager.grant(faults);
    const u32 signal = client.grant(notification), wait = server.grant(notification);
    use_up_memory(machine);
    use_up_slots(machine, kThread);

    for (unsigned turn = 0; turn < 3; ++turn) {
        // Calls and answers, queued and not; signals, waited for and not.
        server.receive(from);
        client.call(to, Tag(1, 20));
        server.reply_receive(from, Tag(0, 20));
        CHECK(client.error() == Error::None);
        machine.expect(server.thread, Invocation::ThreadCancel);
        client.send(signal);
        server.receive(wait);
        CHECK(raw(server.answer().badge) == 4);
        client.send(to, Tag(1, 4));
        server.receive(from);
        CHECK(client.error() == Error::None);

        // Faults, with and without a handler; exceptions.
        machine.expect(client.thread, Invocation::ThreadHandlers, faults, 0);
        pager.receive(handled);
        client.page_fault();
        pager.reply_receive(handled, Tag(0, 0));
        CHECK(client.state() == ThreadState::Ready);
        machine.expect(pager.thread, Invocation::ThreadCancel);
        client.exception();
        CHECK(client.state() == ThreadState::Suspended);
        machine.expect(client.thread, Invocation::ThreadResume);

        // Memory, interrupts, threads.
        machine.expect(kSpace, Invocation::SpaceMap, frame, 0x40'0000, bits(FrameRight::Read));
        machine.expect(kSpace, Invocation::SpaceUnmap, frame);
        machine.expect(kIrq, Invocation::IrqBind, 5, notification);
        machine.interrupt(5);
        server.receive(wait, kPoll);
        CHECK(server.error() == Error::None);
        machine.expect(server.thread, Invocation::ThreadBind, notification);
        machine.expect(server.thread, Invocation::ThreadBind, 0);
        machine.expect(server.thread, Invocation::ThreadSetReply, reply);
        machine.expect(server.thread, Invocation::ThreadSuspend);
        machine.expect(server.thread, Invocation::ThreadConfigure, server.table, server.space, server.frame, kUtcbAddress);
        machine.expect(server.thread, Invocation::ThreadResume);
        machine.expect(server.context, Invocation::SchedHandler, faults);
        machine.expect(server.context, Invocation::SchedConfigure, 0, 0, kPriorities - 1);
    }
    // And what ends gives back what it had.
    CHECK(machine.revoke(client.untyped) == Error::None);
    CHECK(machine.slot(client.thread).empty());
    CHECK(machine.retype(client.untyped, ObjectType::Endpoint, 0, client.thread, 1) == Error::None);
}
