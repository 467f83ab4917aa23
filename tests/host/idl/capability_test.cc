// Capabilities in messages: lent, given up, kept, not taken; and none left over, whatever happens.
#include "gallery.h"

#include <doctest/doctest.h>

using namespace gallery;

namespace {

ipc::LocalHandle make(u64 object) { return ipc::LocalHandle(ipc::local_caps().create(object)); }

}  // namespace

TEST_CASE("a lent capability stays the sender's, the receiver gets a copy") {
    std::size_t before = ipc::local_caps().live();
    {
        World world;
        auto first = make(11), second = make(22), third = make(33);
        auto reply = world.client.lend({.first = first, .number = 5, .second = second, .third = third});
        REQUIRE(reply.ok());
        CHECK(reply->number == 6);
        CHECK(ipc::local_caps().object(first.slot()) == 11);
        CHECK(world.server.lent == std::vector<u64>{11});
        CHECK(ipc::local_caps().object(reply->first.slot()) == 11);
        CHECK(ipc::local_caps().object(reply->second.slot()) == 22);
        CHECK(ipc::local_caps().object(reply->third.slot()) == 33);
        // ours three, the server's one, the reply's three
        CHECK(ipc::local_caps().live() == before + 7);
    }
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("an optional capability may be absent") {
    World world;
    auto first = make(11), second = make(22);
    auto reply = world.client.lend({.first = first, .second = second});
    REQUIRE(reply.ok());
    CHECK(!reply->third.present());
}

TEST_CASE("a required capability that is absent is refused before it is sent") {
    World world;
    auto first = make(11);
    CHECK(world.client.lend({.first = first}).error() == Error::InvalidArgument);
    CHECK(world.local.calls() == 0);
}

TEST_CASE("a capability that was not asked for is deleted, with or without an error") {
    World world;
    std::size_t before = ipc::local_caps().live();
    auto send = [&](u32 label, unsigned caps) {
        ipc::LocalTransport<Local> transport(world.local, Badge{1});
        std::vector<ipc::LocalHandle> handles;
        for (unsigned i = 0; i < caps; ++i) {
            handles.push_back(make(50 + i));
            transport.page().send_slots[i] = raw(handles.back().slot());
        }
        ipc::Registers registers;
        registers.tag = Tag(label, 0, caps);
        CHECK(transport.call(registers) == Error::None);
        return static_cast<Error>(registers.tag.label());
    };
    CHECK(send(Gallery::CopyMethod::kLabel, 4) == Error::None);
    CHECK(send(Gallery::LendMethod::kLabel, 1) == Error::BadMessage);
    CHECK(send(Gallery::kDescribeLabel + 77, 3) == Error::NoSuchMethod);
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("a receiver without free slots: nothing is transferred, the sender is told") {
    World world;
    auto first = make(11), second = make(22);
    ipc::local_caps().slots_left = false;
    REQUIRE(world.client.lend({.first = first, .second = second}).ok());  // its slots are used now, and not replaced
    std::size_t before = ipc::local_caps().live();
    CHECK(world.client.lend({.first = first, .second = second}).error() == Error::PeerNoSlot);
    CHECK(ipc::local_caps().live() == before);
    ipc::local_caps().slots_left = true;
}

TEST_CASE("a repeated request sends its capabilities again") {
    World world;
    auto first = make(11), second = make(22);
    world.local.die_before(1);
    auto reply = world.client.lend({.first = first, .second = second});
    REQUIRE(reply.ok());
    CHECK(world.local.calls() == 2);
    CHECK(world.server.lent == std::vector<u64>{11});
}

TEST_CASE("the capabilities of a once reply are kept for its repeat, and replaced by the next") {
    std::size_t before = ipc::local_caps().live();
    {
        World world;
        auto reply = world.client.grant({70});
        REQUIRE(reply.ok());
        world.client.set_sequence(0);  // the caller restarts and repeats
        auto repeated = world.client.grant({70});
        REQUIRE(repeated.ok());
        CHECK(world.server.handled == 1);
        CHECK(ipc::local_caps().object(repeated->first.slot()) == 70);
        CHECK(ipc::local_caps().object(repeated->second.slot()) == 71);
        CHECK(ipc::local_caps().live() == before + 6);
        REQUIRE(world.client.grant({80}).ok());
        CHECK(ipc::local_caps().live() == before + 6);
        world.server.only.last.drop_caps();
    }
    CHECK(ipc::local_caps().live() == before);
}
