// Events: bounded queues in the session, kills of server and subscriber at any point, overflow that is told.
#include "bank.h"

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u64 kBell = 77;

struct World {
    BankWorld bank;
    BankClient subscriber{bank, Badge{11}}, other{bank, Badge{12}};

    Result<Subscribed> subscribe() { return subscriber.subscribe_moved({.wake = ipc::LocalHandle(ipc::local_caps().create(kBell))}); }
    unsigned rung() { return std::exchange(bank.slots().signals[kBell], 0u); }
};

}  // namespace

TEST_CASE("an event waits in the queue, and a signal says look") {
    World world;
    CHECK(world.subscriber.next_moved({}).error() == Error::WrongState);
    REQUIRE(world.other.deposit({1}).ok());  // before the subscription: nothing for it
    REQUIRE(world.subscribe().ok());
    CHECK(world.rung() == 0);
    CHECK(world.subscriber.next_moved({})->number == 0);

    REQUIRE(world.other.deposit({5}).ok());
    CHECK(world.rung() == 1);
    auto event = world.subscriber.next_moved({});
    REQUIRE(event.ok());
    CHECK(event->number == 1);
    CHECK(event->missed == 0);
    CHECK(event->amount == 5);
    CHECK(event->whose == 12);
    CHECK(event->text == "deposit");
    CHECK(world.subscriber.next_moved({})->number == 1);  // not acknowledged
    CHECK(world.subscriber.next_moved({1})->number == 0);
    CHECK(world.subscriber.next_moved({2}).error() == Error::OutOfRange);
}

TEST_CASE("an event of a request that is taken back does not exist") {
    World world;
    REQUIRE(world.subscribe().ok());
    CHECK(world.other.deposit({1'000'001}).error() == Error::OutOfRange);
    CHECK(world.subscriber.next_moved({})->number == 0);
}

TEST_CASE("a full queue loses its oldest events and says how many") {
    World world;
    REQUIRE(world.subscribe().ok());
    for (u64 amount = 1; amount <= 9; ++amount) REQUIRE(world.other.deposit({amount}).ok());
    auto event = world.subscriber.next_moved({});
    CHECK(event->number == 6);
    CHECK(event->missed == 5);
    CHECK(event->amount == 6);
    CHECK(world.subscriber.next_moved({6})->missed == 0);
}

TEST_CASE("the end of a subscription; the next begins with what happens then") {
    World world;
    REQUIRE(world.subscribe().ok());
    REQUIRE(world.other.deposit({1}).ok());
    REQUIRE(world.subscriber.subscribe_moved({}).ok());
    CHECK(world.bank.slots().objects.empty());
    REQUIRE(world.other.deposit({2}).ok());
    auto again = world.subscribe();
    CHECK(again->last == 1);
    CHECK(again->acknowledged == 1);
    REQUIRE(world.other.deposit({3}).ok());
    CHECK(world.subscriber.next_moved({1})->amount == 3);
}

TEST_CASE("a session that ends takes its subscription along") {
    World world;
    REQUIRE(world.subscribe().ok());
    Broker broker({11});
    world.bank.wake([&] { world.bank.server().close_ended(world.bank.server(), broker); });
    CHECK(world.bank.slots().objects.empty());
}

TEST_CASE("each incarnation rings the bells that the dead one may have owed") {
    World world;
    REQUIRE(world.subscribe().ok());
    REQUIRE(world.other.deposit({1}).ok());
    world.rung();
    world.bank.kill();
    CHECK(world.rung() == 1);
    CHECK(world.subscriber.next_moved({})->amount == 1);
}

// The publisher counts up with acknowledged requests; a subscriber with memory of its own sees each number once, in
// order, or is told how many it has missed; one without sees some again, and never skips one silently.
TEST_CASE("server and subscriber are killed anywhere: nothing is lost silently, nothing is seen twice") {
    std::mt19937 random(11);
    World world;
    REQUIRE(world.subscribe().ok());
    u64 published = 0, dealt_with = 0, seen = 0, missed = 0, restarts = 0;
    for (unsigned round = 0; round < 6000; ++round) {
        if (random() % 2) world.bank.fatal_point = random() % 200;
        switch (random() % 4) {
            case 0:
            case 1: {
                const auto answer = world.other.deposit({published + 1});
                if (answer.ok()) ++published;
                else CHECK(answer.error() == Error::ServiceFailed);
                break;
            }
            case 2: {
                const auto event = world.subscriber.next_moved({dealt_with});
                if (!event.ok()) {
                    CHECK(event.error() == Error::ServiceFailed);
                    break;
                }
                if (random() % 3 == 0 || event->number == 0) break;  // dies before it has kept the number
                missed += event->missed;
                CHECK(event->number == dealt_with + event->missed + 1);
                CHECK(event->amount == event->number);
                dealt_with = event->number;
                ++seen;
                break;
            }
            case 3:  // restarts, and subscribes again
                if (random() % 4) break;
                if (world.subscribe().ok()) ++restarts;
                break;
        }
    }
    for (;;) {
        const auto event = world.subscriber.next_moved({dealt_with});
        REQUIRE(event.ok());
        if (event->number == 0) break;
        missed += event->missed;
        dealt_with = event->number;
        ++seen;
    }
    CHECK(dealt_with == published);
    CHECK(seen + missed == published);
    CHECK(seen > 500);
    CHECK(missed > 50);
    CHECK(world.bank.deaths > 1000);
    CHECK(restarts > 100);
}
