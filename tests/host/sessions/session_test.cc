// Generated sessions: found by badge, opened and closed, kept or forgotten over restarts, limited.
#include "bank.h"

#include <stdexcept>

using namespace eft;
using namespace eft::test;

[[noreturn]] void eft::panic(const char* text) { throw std::runtime_error(text); }

TEST_CASE("each badge has a session of its own, from its first request on") {
    BankWorld world;
    BankClient one(world, Badge{11}), two(world, Badge{12});
    CHECK(one.deposit({5})->own == 5);
    CHECK(two.deposit({7})->own == 7);
    CHECK(one.deposit({1})->own == 6);
    CHECK(one.deposit({0})->total == 13);
    BankClient nobody(world, Badge::None);
    CHECK(nobody.deposit({1}).error() == Error::StaleSession);
    CHECK(world.server().session(Badge{13}) == nullptr);
}

TEST_CASE("an answer that is an error has changed nothing") {
    BankWorld world;
    BankClient client(world, Badge{11});
    CHECK(client.deposit({5}).ok());
    CHECK(client.deposit({1'000'001}).error() == Error::OutOfRange);
    CHECK(client.deposit({0})->total == 5);
    CHECK((*world.server().session(Badge{11}))->calls == 2);
}

TEST_CASE("more clients than there is room for: LimitReached; a session that ended makes room") {
    BankWorld world;
    for (u64 badge = 1; badge <= 4; ++badge) CHECK(BankClient(world, Badge{badge}).deposit({badge}).ok());
    BankClient fifth(world, Badge{5});
    CHECK(fifth.deposit({1}).error() == Error::LimitReached);
    Broker broker({2});
    world.wake([&] { world.server().close_ended(world.server(), broker); });
    CHECK(fifth.deposit({1})->own == 1);
    CHECK(BankClient(world, Badge{2}).deposit({1}).error() == Error::LimitReached);
}

TEST_CASE("a session ends when its last request has") {
    BankWorld world;
    BankClient client(world, Badge{11});
    Completion<u64> gates[2];
    for (auto& gate : gates) {
        world.server().gate = &gate;
        CHECK(client.later({1}).error() == Error::Cancelled);  // it waits
    }
    CHECK(client.later({1}).error() == Error::Busy);
    Broker broker({11});
    world.wake([&] { world.server().close_ended(world.server(), broker); });
    CHECK(world.server().session(Badge{11}) != nullptr);
    gates[1].set(1);
    world.wake([&] { world.server().close_ended(world.server(), broker); });
    REQUIRE(world.server().session(Badge{11}) != nullptr);
    CHECK(world.server().session(Badge{11})->requests_in_progress() == 1);
    gates[0].set(1);
    world.wake([&] { world.server().close_ended(world.server(), broker); });
    CHECK(world.server().session(Badge{11}) == nullptr);
}

TEST_CASE("a kill before any store: what was answered has happened, what got PeerDied is repeated by the stub") {
    for (u64 point = 0, last = 1; point < last; ++point) {
        BankWorld world;
        BankClient client(world, Badge{11}), other(world, Badge{12});
        REQUIRE(client.deposit({5}).ok());
        REQUIRE(other.deposit({50}).ok());
        if (point == 0) {
            REQUIRE(client.deposit({3}).ok());
            last = world.points;
            REQUIRE(last > 40);
            world.kill();
            CHECK(client.deposit({0})->own == 8);
            continue;
        }
        world.fatal_point = point;
        const auto answer = client.deposit({3});
        REQUIRE(answer.ok());
        CHECK(answer->own == 8);
        CHECK(world.deaths == 1);
        CHECK(client.deposit({0})->total == 58);
        CHECK(other.deposit({0})->own == 50);
    }
}

TEST_CASE("reset: the program does not notice that its session was forgotten, whatever it calls") {
    DeskWorld world;
    DeskClient client(world, Badge{11});
    CHECK(client.add({5})->own == 5);
    CHECK(client.add({5})->own == 10);
    world.kill();
    const auto after = client.add({1});
    CHECK(after->own == 1);
    CHECK(after->total == 11);
    world.kill();
    CHECK(std::move(client.take({2})).or_error()->total == 13);  // no licence to repeat, and none is needed
}

TEST_CASE("reset: an owner is told once per death, before its request is done in the new session") {
    struct Owner {
        unsigned opened = 0;
        DeskClient* client;
        Status reopen(ipc::Client<ipc::LocalTransport<DeskWorld>>&) {
            ++opened;
            return client->add({100}).error();  // what the program keeps there
        }
    };
    DeskWorld world;
    DeskClient client(world, Badge{11});
    Owner owner{.client = &client};
    client.on_reopen(owner);
    CHECK(client.add({100})->own == 100);
    CHECK(client.add({1})->own == 101);
    world.kill();
    CHECK(client.add({1})->own == 101);
    CHECK(owner.opened == 1);
    CHECK(client.add({1})->own == 102);
    CHECK(owner.opened == 1);
}

TEST_CASE("reset: killed at any store of the answer that forgets, the client is told by the next incarnation") {
    for (u64 point = 0; point < 60; ++point) {
        struct Owner {
            DeskClient* client;
            u64 kept = 100;
            Status reopen(ipc::Client<ipc::LocalTransport<DeskWorld>>&) { return client->add({kept}).error(); }
        };
        DeskWorld world;
        DeskClient client(world, Badge{11});
        Owner owner{.client = &client};
        client.on_reopen(owner);
        REQUIRE(client.add({100}).ok());
        world.kill();
        world.fatal_point = point;
        const auto answer = client.add({1});
        REQUIRE(answer.ok());
        CHECK(answer->own == 101);
    }
}
