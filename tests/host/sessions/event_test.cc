// Events: bounded queues in the session, kills of server and subscriber at any point, overflow that is told.
#include "bank.h"

#include <eft/wake.h>

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

struct World : BankScene {
    World(Stage& where) : BankScene{where} {}
    BankClient subscriber = client(11), other = client(12);

    Result<Subscribed> subscribe() { return subscriber.subscribe_moved({.wake = *make_wake()}); }
    bool rung() { return poll_wake() != 0; }
};

}  // namespace

STAGE_CASE(World, "an event waits in the queue, and a signal says look") {
    CHECK(subscriber.next_moved({}).error() == Error::WrongState);
    REQUIRE(other.deposit({1}).ok());  // before the subscription: nothing for it
    REQUIRE(subscribe().ok());
    CHECK(!rung());
    CHECK(subscriber.next_moved({})->number == 0);

    REQUIRE(other.deposit({5}).ok());
    CHECK(rung());
    auto event = subscriber.next_moved({});
    REQUIRE(event.ok());
    CHECK(event->number == 1);
    CHECK(event->missed == 0);
    CHECK(event->amount == 5);
    CHECK(event->whose == 12);
    CHECK(event->text == "deposit");
    CHECK(subscriber.next_moved({})->number == 1);  // not acknowledged
    CHECK(subscriber.next_moved({1})->number == 0);
    CHECK(subscriber.next_moved({2}).error() == Error::OutOfRange);
}

STAGE_CASE(World, "an event of a request that is taken back does not exist") {
    REQUIRE(subscribe().ok());
    CHECK(other.deposit({1'000'001}).error() == Error::OutOfRange);
    CHECK(subscriber.next_moved({})->number == 0);
}

STAGE_CASE(World, "a full queue loses its oldest events and says how many") {
    REQUIRE(subscribe().ok());
    for (u64 amount = 1; amount <= 9; ++amount) REQUIRE(other.deposit({amount}).ok());
    auto event = subscriber.next_moved({});
    CHECK(event->number == 6);
    CHECK(event->missed == 5);
    CHECK(event->amount == 6);
    CHECK(subscriber.next_moved({6})->missed == 0);
}

STAGE_CASE(World, "the end of a subscription; the next begins with what happens then") {
    REQUIRE(subscribe().ok());
    REQUIRE(other.deposit({1}).ok());
    REQUIRE(subscriber.subscribe_moved({}).ok());
    CHECK(stage.kept_slots(bank) == 0);
    REQUIRE(other.deposit({2}).ok());
    auto again = subscribe();
    CHECK(again->last == 1);
    CHECK(again->acknowledged == 1);
    REQUIRE(other.deposit({3}).ok());
    CHECK(subscriber.next_moved({1})->amount == 3);
}

STAGE_CASE(World, "a session that ends takes its subscription along") {
    REQUIRE(subscribe().ok());
    CHECK(stage.kept_slots(bank) == 1);
    ScriptedNames names(stage, bank);
    names.close({11});
    CHECK(stage.kept_slots(bank) == 0);
}

STAGE_CASE(World, "each incarnation rings the bells that the dead one may have owed") {
    REQUIRE(subscribe().ok());
    REQUIRE(other.deposit({1}).ok());
    rung();
    stage.kill(bank);
    stage.run();
    CHECK(rung());
    CHECK(subscriber.next_moved({})->amount == 1);
}

STAGE_CASE(World, "what a subscription is told to ring is kept once, whenever the server dies") {
    REQUIRE(subscribe().ok());
    const u32 own = used_scratch_slots(), servers = stage.used_slots(bank);
    for (const At at : {At::SystemCall, At::Store})
        for (u64 nth = 0; nth < 40; ++nth) {
            bank.die({at, nth});
            REQUIRE(subscribe().ok());  // the stub sends it twice, if the server died
            REQUIRE(other.deposit({5}).ok());
            CHECK(rung());
            CHECK(used_scratch_slots() == own);
            CHECK(stage.used_slots(bank) == servers);
        }
    CHECK(bank.deaths > 40);
}

// The publisher counts up with acknowledged requests; a subscriber with memory of its own sees each number once, in
// order, or is told how many it has missed; one without sees some again, and never skips one silently.
STAGE_CASE(World, "server and subscriber are killed anywhere: nothing is lost silently, nothing is seen twice") {
    std::mt19937 random(11);
    REQUIRE(subscribe().ok());
    u64 published = 0, dealt_with = 0, seen = 0, missed = 0, restarts = 0;
    for (unsigned round = 0; round < 6000; ++round) {
        if (random() % 2) bank.die({random() % 4 ? At::Store : At::SystemCall, random() % 60});
        switch (random() % 4) {
            case 0:
            case 1: {
                const auto answer = other.deposit({published + 1});
                if (answer.ok()) ++published;
                else CHECK(answer.error() == Error::ServiceFailed);
                break;
            }
            case 2: {
                const auto event = subscriber.next_moved({dealt_with});
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
                if (subscribe().ok()) ++restarts;
                break;
        }
    }
    for (;;) {
        const auto event = subscriber.next_moved({dealt_with});
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
    CHECK(bank.deaths > 1000);
    CHECK(restarts > 100);
}
