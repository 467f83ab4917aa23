// Capabilities in messages: derived or moved, all or none.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

constexpr u32 kLanding = 24;  // the server's slots for what it receives

struct Exchange {
    Exchange()
        : client(machine),
          server(machine),
          endpoint(machine.make(ObjectType::Endpoint)),
          to(client.grant(endpoint)),
          from(server.grant(endpoint)) {
        for (u32 i = 0; i < kMaxCaps; ++i) {
            cap[i] = client.grant(machine.make(ObjectType::Notification), bits(NotificationRight::Signal), 10 + i);
            client.page().send_slots[i] = cap[i];
            server.page().receive_slots[i] = kLanding + i;
        }
    }
    // The message reaches the server, which waits before or comes later; the client's error if there is one.
    Error send(Tag tag, bool server_first) {
        if (server_first) server.receive(from);
        client.send(to, tag);
        if (!server_first) server.receive(from, kPoll);
        return client.error();
    }

    Machine machine;
    Program client, server;
    u32 endpoint, to, from;
    u32 cap[kMaxCaps];
};

}  // namespace

TEST_CASE("capabilities are derived or moved, with badge and rights") {
    for (bool server_first : {true, false}) {
        for (bool move : {true, false}) {
            for (unsigned count = 1; count <= kMaxCaps; ++count) {
                CAPTURE(server_first);
                CAPTURE(move);
                CAPTURE(count);
                Exchange exchange;
                const Tag tag(1, 0, count);
                CHECK(exchange.send(move ? tag.with(Tag::Move) : tag, server_first) == Error::None);
                CHECK(exchange.server.answer().tag.caps() == count);
                CHECK_FALSE(exchange.server.answer().tag.has(Tag::Move));
                for (u32 i = 0; i < kMaxCaps; ++i) {
                    const Capability& landed = exchange.server.slot(kLanding + i);
                    CHECK(landed.empty() == (i >= count));
                    CHECK(exchange.client.slot(exchange.cap[i]).empty() == (move && i < count));
                    if (i >= count) continue;
                    CHECK(landed.detail() == 10 + i);
                    CHECK(landed.rights() == bits(NotificationRight::Signal));
                    CHECK(exchange.client.slot(exchange.cap[i]).has_children() == !move);
                }
            }
        }
    }
}

TEST_CASE("one slot too few, and nothing is transferred") {
    for (bool server_first : {true, false}) {
        for (unsigned bad = 0; bad < kMaxCaps; ++bad) {
            for (u32 slot : {u32{0}, u32{1}, u32{1} << Program::kTableSizeBits, ~u32{0}}) {
                CAPTURE(bad);
                CAPTURE(slot);
                Exchange exchange;
                exchange.server.page().receive_slots[bad] = slot;
                exchange.server.page().words[10] = 1;
                CHECK(exchange.send(Tag(1, 20, kMaxCaps), server_first) == Error::PeerNoSlot);
                for (u32 i = 0; i < kMaxCaps; ++i) CHECK(exchange.server.slot(kLanding + i).empty());
                CHECK(exchange.server.page().words[10] == 1);
            }
        }
    }
}

TEST_CASE("one wrong capability, and nothing is transferred") {
    for (bool move : {true, false}) {
        for (u32 slot : {u32{0}, u32{20}, u32{1} << Program::kTableSizeBits, ~u32{0}}) {
            CAPTURE(move);
            CAPTURE(slot);
            Exchange exchange;
            exchange.client.page().send_slots[2] = slot;
            const Tag tag(1, 0, 3);
            CHECK(exchange.send(move ? tag.with(Tag::Move) : tag, true) == Error::InvalidCapability);
            CHECK(exchange.server.slot(kLanding).empty());
            CHECK_FALSE(exchange.client.slot(exchange.cap[0]).empty());
        }
    }
}

TEST_CASE("two capabilities cannot land in one slot, and one cannot be moved twice") {
    Exchange exchange;
    exchange.server.page().receive_slots[1] = kLanding;
    CHECK(exchange.send(Tag(1, 0, 2), true) == Error::PeerNoSlot);
    exchange.server.page().receive_slots[1] = kLanding + 1;
    exchange.client.page().send_slots[1] = exchange.cap[0];
    exchange.client.send(exchange.to, Tag(1, 0, 2).with(Tag::Move));
    CHECK(exchange.client.error() == Error::InvalidCapability);
    exchange.client.send(exchange.to, Tag(1, 0, 2));
    CHECK(exchange.client.error() == Error::None);
    CHECK_FALSE(exchange.server.slot(kLanding + 1).empty());
}

TEST_CASE("what cannot be derived can be moved") {
    Exchange exchange;
    const u32 untyped = exchange.machine.make(ObjectType::Untyped, 12);
    const u32 slot = exchange.client.free_slot();
    exchange.machine.expect(exchange.client.table, Invocation::CapMove, slot, untyped);
    exchange.client.page().send_slots[0] = slot;
    exchange.server.receive(exchange.from);
    exchange.client.send(exchange.to, Tag(1, 0, 1));
    CHECK(exchange.client.error() == Error::InvalidCapability);
    exchange.client.send(exchange.to, Tag(1, 0, 1).with(Tag::Move));
    CHECK(exchange.client.error() == Error::None);
    CHECK(exchange.server.slot(kLanding).is(ObjectType::Untyped));
}

TEST_CASE("the capability that a message is sent through may be moved by it") {
    for (bool server_first : {true, false}) {
        CAPTURE(server_first);
        Exchange exchange;
        exchange.client.page().send_slots[0] = exchange.to;
        CHECK(exchange.send(Tag(1, 0, 1).with(Tag::Move), server_first) == Error::None);
        CHECK(exchange.server.slot(kLanding).is(ObjectType::Endpoint));
        CHECK(exchange.client.slot(exchange.to).empty());
    }
}

TEST_CASE("a queued thread stays queued when its capability moves, and is cancelled through the new slot") {
    Exchange exchange;
    exchange.client.call(exchange.to);
    const u32 away = exchange.machine.free_slot();
    exchange.machine.expect(exchange.client.table, Invocation::CapTake, exchange.to, away);
    CHECK(exchange.client.state() == ThreadState::Sending);
    CHECK(exchange.machine.remove(away) == Error::None);
    CHECK(exchange.client.error() == Error::InvalidCapability);
}

TEST_CASE("an answer carries capabilities back") {
    Exchange exchange;
    const u32 gift = exchange.server.grant(exchange.machine.make(ObjectType::Endpoint));
    exchange.server.receive(exchange.from);
    exchange.client.call(exchange.to, Tag(1, 0));
    exchange.server.page().send_slots[0] = gift;
    exchange.client.page().receive_slots[0] = 30;
    exchange.server.reply_receive(exchange.from, Tag(0, 0, 1));
    CHECK(exchange.client.error() == Error::None);
    CHECK(exchange.client.slot(30).is(ObjectType::Endpoint));

    exchange.client.call(exchange.to, Tag(1, 0));
    exchange.server.reply_receive(exchange.from, Tag(0, 0, 1));  // slot 30 is occupied now
    CHECK(exchange.client.error() == Error::PeerNoSlot);
    CHECK(exchange.server.state() == ThreadState::Receiving);
}

TEST_CASE("a derived frame is not mapped, a moved one stays so") {
    Exchange exchange;
    const u32 frame = exchange.machine.make(ObjectType::Frame);
    const u32 slot = exchange.client.grant(frame);
    for (unsigned i = 0; i < 3; ++i) {
        exchange.machine.expect(kSpace, Invocation::SpaceDonate, exchange.machine.make(ObjectType::PageTable));
    }
    const u32 space = exchange.client.grant(kSpace);
    constexpr u64 kReadable = bits(FrameRight::Read);
    CHECK(exchange.client.invoke(space, Invocation::SpaceMap, slot, 0x40'0000, kReadable).error == Error::None);
    exchange.client.page().send_slots[0] = slot;
    exchange.client.page().send_slots[1] = slot;
    CHECK(exchange.send(Tag(1, 0, 1), true) == Error::None);
    CHECK(exchange.server.slot(kLanding).link().space == nullptr);
    exchange.server.page().receive_slots[0] = kLanding + 5;
    CHECK(exchange.send(Tag(1, 0, 1).with(Tag::Move), true) == Error::None);
    CHECK(exchange.server.slot(kLanding + 5).link().space != nullptr);
    CHECK(exchange.machine.expect(kSpace, Invocation::SpaceInspect).word[0] == 1);
}

TEST_CASE("an answer may move away the capability that its thread wants to receive with") {
    Exchange exchange;
    exchange.client.page().receive_slots[0] = kLanding;
    exchange.server.receive(exchange.from);
    exchange.client.call(exchange.to);
    exchange.server.page().send_slots[0] = exchange.from;
    exchange.server.reply_receive(exchange.from, Tag(0, 0, 1).with(Tag::Move));
    CHECK(exchange.server.error() == Error::InvalidCapability);
    CHECK(exchange.client.error() == Error::None);
    CHECK(exchange.client.slot(kLanding).is(ObjectType::Endpoint));
    CHECK(exchange.server.object().replies_delivered == 1);
}
