// What a client does when its server dies, as its interface declares it.
#include "gallery.h"

#include <doctest/doctest.h>

using namespace gallery;

TEST_CASE("a request that may be repeated is repeated once") {
    World world;
    world.local.die_before(1);
    CHECK(world.client.copy({.c = 5})->c == 5);
    CHECK(world.local.calls() == 2);
    world.local.die_after(1);
    CHECK(world.client.copy({.c = 6})->c == 6);
    CHECK(world.local.calls() == 4);
}

TEST_CASE("a request that was in progress at two deaths is not sent a third time") {
    World world;
    world.local.on_death = [&] { world.local.die_before(1); };
    world.local.die_before(1);
    CHECK(world.client.copy({}).error() == Error::ServiceFailed);
    CHECK(world.local.calls() == 2);
}

TEST_CASE("on_restart fail: PeerDied is the result") {
    World world;
    world.local.die_before(1);
    CHECK(world.client.frame({}).error() == Error::PeerDied);
    CHECK(world.local.calls() == 1);
}

TEST_CASE("nothing declared: the caller settles what a death means") {
    World world;
    world.local.die_before(1);
    auto lost = world.client.spend({3});
    CHECK(lost.lost());
    Result<Number> settled = std::move(lost).if_lost([&](Error why) {
        CHECK(why == Error::PeerDied);
        return world.client.spend({3}).or_error();
    });
    CHECK(settled->value == 3);
    CHECK(world.local.calls() == 2);
    CHECK(!world.client.spend({1}).lost());
    static_assert(!std::is_convertible_v<ipc::Unsettled<Number>, Result<Number>>);
}

TEST_CASE("once: a death after the handler does not do it twice") {
    World world;
    // The state region of a real server: what the last reply left is what the next incarnation finds.
    Server committed = Server{};
    world.local.on_death = [&] {
        world.server.only = committed.only;
        world.server.spent = committed.spent;
    };
    world.local.die_after(1);  // done, but never committed
    CHECK(world.client.buy({10})->value == 10);
    CHECK(world.server.spent == 10);
    CHECK(world.local.calls() == 2);
    CHECK(world.local.changed_bytes == 2 * sizeof(world.server.only.last));  // the undo log was told both times
}

TEST_CASE("once: a caller that restarts gets the same reply, and the next number is a new request") {
    World world;
    CHECK(world.client.buy({10})->value == 10);
    Client restarted(world.local, Badge{1});
    CHECK(restarted.buy({10})->value == 10);  // number 1 again
    CHECK(world.server.spent == 10);
    CHECK(restarted.buy({5})->value == 15);
    CHECK(world.server.spent == 15);
    CHECK(restarted.sequence() == 2);
}

TEST_CASE("once: numbers skip 0 when they wrap") {
    World world;
    world.client.set_sequence(0xffff);
    CHECK(world.client.buy({1}).ok());
    CHECK(world.client.sequence() == 1);
}

namespace {

// What a program keeps to open its session again.
struct Owner {
    unsigned opened = 0;
    u64 next_badge = 2;
    Status answer;
    Server* server;
    Client* client;

    Status reopen(ipc::Client<ipc::LocalTransport<Local>>& self) {
        ++opened;
        CHECK(client->copy({}).error() == Error::StaleSession);  // its own calls are not repeated: no recursion
        if (!answer.ok()) return answer;
        server->badge = next_badge;
        self.transport().set_badge(Badge{next_badge++});
        return {};
    }
};

}  // namespace

TEST_CASE("reopen: a session that is gone is opened again, and the request repeated as it was") {
    World world;
    Owner owner{.answer = {}, .server = &world.server, .client = &world.client};
    world.client.on_reopen(owner);
    world.server.badge = 100;  // a new incarnation knows no session
    CHECK(world.client.enter({41})->value == 42);
    CHECK(owner.opened == 1);
    CHECK(world.server.handled == 1);
}

TEST_CASE("reopen: what it answers is the answer if it fails") {
    World world;
    Owner owner{.answer = Error::ServiceHeld, .server = &world.server, .client = &world.client};
    world.client.on_reopen(owner);
    world.server.badge = 100;
    CHECK(world.client.enter({41}).error() == Error::ServiceHeld);
    CHECK(owner.opened == 1);
}

TEST_CASE("reopen: without an owner, or for ever stale, the error stands") {
    World world;
    world.server.badge = 100;
    CHECK(world.client.enter({1}).error() == Error::StaleSession);
    struct Hopeless {
        unsigned opened = 0;
        Status reopen(ipc::Client<ipc::LocalTransport<Local>>&) { return ++opened, Status{}; }
    } hopeless;
    world.client.on_reopen(hopeless);
    CHECK(world.client.enter({1}).error() == Error::StaleSession);
    CHECK(hopeless.opened == 3);
}

TEST_CASE("a handler that waits answers later; its request's strings stay as they were") {
    World world;
    Completion<u64> gate;
    world.server.gate = &gate;
    CHECK(world.client.show({.name = "painted later"}).error() == Error::Cancelled);  // not yet
    Slot caller = world.local.last_kept();
    CHECK(world.server.only.in_progress == 1);
    world.server.gate = nullptr;
    REQUIRE(world.client.show({.name = "overwrites the message page of the server"}).error() == Error::InvalidArgument);
    REQUIRE(world.client.show({.name = "another in between!"}).ok());
    CHECK(!world.local.answered(caller));
    gate.set(1);
    REQUIRE(world.local.answered(caller));
    CHECK(world.server.only.in_progress == 0);
    ipc::Registers registers;
    Utcb page{};
    REQUIRE(world.local.collect(caller, registers, page) == Error::None);
    ipc::ReceivedCaps none;
    ipc::MessageReader<Views> in(registers, page, none);
    REQUIRE(in.open());
    REQUIRE(Views::check(in));
    CHECK(Views::load(in).name == "painted later");
}

TEST_CASE("more requests in progress than the interface allows: Busy") {
    World world;
    Completion<u64> gates[2];
    for (auto& gate : gates) {
        world.server.gate = &gate;
        CHECK(world.client.show({}).error() == Error::Cancelled);
    }
    world.server.gate = nullptr;
    CHECK(world.client.show({}).error() == Error::Busy);
    CHECK(world.client.copy({}).ok());  // what ends in its step does not count
    gates[1].set(1);
    CHECK(world.client.show({}).ok());
    gates[0].set(1);
    CHECK(world.server.only.in_progress == 0);
}

TEST_CASE("a handler that is dropped while it waits leaves its caller PeerDied, not waiting") {
    World world;
    ipc::Deferred(world.local, Slot{9});
    CHECK(world.local.abandoned() == 1);
}
