// Heartbeats: who is killed for a missed one, and who is not.
#include <doctest/doctest.h>

#include "scripted_services.h"

using namespace eft;
using namespace eft::supervisor;
using State = rs::ServiceState;

namespace {

// Services 0 to 3, priorities 40 to 37, a beat every 4 ticks; the canary is 5.
struct WatchRig : Rig {
    WatchRig() {
        for (const unsigned i : {0u, 1u, 2u, 3u, 5u}) plans[i].heartbeat = 4;
        for (const unsigned i : {0u, 1u, 2u, 3u, 5u}) up(i);
    }
    void block(unsigned who, u64 object, ThreadState how = ThreadState::AwaitingReply) {
        services.of(who)->thread = how;
        services.of(who)->blocked_on = object;
    }
};

}  // namespace

TEST_CASE("who beats lives") {
    WatchRig rig;
    rig.ticks_pass(10000);
    for (const unsigned i : {0u, 1u, 2u, 3u, 5u}) CHECK(rig.service(i).deaths == 0);
}

TEST_CASE("a loop is found, also by the one at the top that starves all others") {
    for (const unsigned victim : {0u, 2u}) {
        WatchRig rig;
        ScriptedServices::hang(*rig.services.of(victim));
        rig.ticks_pass(20);
        CHECK(rig.service(victim).last_death.reason == proc::DeathReason::Hung);
        CHECK(rig.service(victim).incarnation == 2);
    }
}

TEST_CASE("a driver that loops is killed, and not those that it starves") {
    WatchRig rig;
    ScriptedServices::hang(*rig.services.of(0));
    rig.services.processor_busy = true;
    for (const unsigned i : {1u, 2u, 3u, 5u}) rig.services.of(i)->thread = ThreadState::Ready;
    for (int i = 0; i < 100 && rig.service(0).deaths == 0; ++i) rig.ticks_pass(1);
    CHECK(rig.service(0).deaths == 1);
    rig.services.processor_busy = false;
    for (const unsigned i : {1u, 2u, 3u, 5u}) rig.services.of(i)->thread = ThreadState::Receiving;
    rig.ticks_pass(50);
    for (const unsigned i : {1u, 2u, 3u, 5u}) CHECK(rig.service(i).deaths == 0);
}

TEST_CASE("a loop is found although those above it have just been asked and are ready") {
    WatchRig rig;
    ScriptedServices::hang(*rig.services.of(2));
    for (const unsigned i : {3u, 5u}) rig.services.of(i)->thread = ThreadState::Ready;  // starved by it
    rig.ticks_pass(20);
    CHECK(rig.service(2).last_death.reason == proc::DeathReason::Hung);
    for (const unsigned i : {0u, 1u}) CHECK(rig.service(i).deaths == 0);
}

TEST_CASE("a slow machine is not a fault") {
    WatchRig rig;
    rig.services.processor_busy = true;  // nobody runs: neither the services nor the canary
    rig.ticks_pass(1000);
    for (const unsigned i : {0u, 1u, 2u, 3u, 5u}) CHECK(rig.service(i).deaths == 0);
}

TEST_CASE("one late beat is allowed") {
    WatchRig rig;
    for (int i = 0; i < 50; ++i) {
        rig.services.of(1)->thread = ThreadState::Waiting;
        rig.ticks_pass(4);
        rig.services.of(1)->thread = ThreadState::Receiving;
        rig.ticks_pass(4);
    }
    CHECK(rig.service(1).deaths == 0);
}

TEST_CASE("the end of the chain of blocked threads is at fault") {
    WatchRig rig;
    rig.services.owners = {{100, 1}, {200, 0}};
    rig.block(2, 100);
    rig.block(1, 200, ThreadState::Sending);
    ScriptedServices::hang(*rig.services.of(0));
    rig.ticks_pass(13);
    CHECK(rig.service(0).deaths == 1);
    CHECK(rig.service(1).deaths == 0);
    CHECK(rig.service(2).deaths == 0);
}

TEST_CASE("nobody is at fault for waiting for a service that is coming back, for a core server, or for one who is well") {
    WatchRig rig;
    rig.services.owners = {{100, 0}, {300, 1}};
    rig.services.end(rig.services.pid_of(0), proc::DeathReason::Exception);
    rig.block(2, 100);
    rig.supervisor.check(0);
    REQUIRE(rig.service(0).state == State::Starting);
    rig.plans[0].start_limit = 1000000;
    rig.service(0).deadline = 1000000;
    rig.block(3, 999);
    rig.ticks_pass(100);
    CHECK(rig.service(2).deaths == 0);
    CHECK(rig.service(3).deaths == 0);
    rig.block(2, 300);
    rig.ticks_pass(100);
    CHECK(rig.service(2).deaths == 0);
    CHECK(rig.service(1).deaths == 0);
}

TEST_CASE("a ring of services that wait for each other is cut") {
    WatchRig rig;
    rig.services.owners = {{100, 1}, {200, 2}};
    rig.block(2, 100);
    rig.block(1, 200);
    rig.ticks_pass(13);
    CHECK(rig.service(1).deaths + rig.service(2).deaths == 1);
}

TEST_CASE("a service that waits for something of its own makes no progress") {
    WatchRig rig;
    rig.services.of(1)->thread = ThreadState::Waiting;
    rig.ticks_pass(20);
    CHECK(rig.service(1).last_death.reason == proc::DeathReason::Hung);
}

TEST_CASE("who need not beat is not watched") {
    WatchRig rig;
    rig.up(4);
    ScriptedServices::hang(*rig.services.of(4));
    rig.ticks_pass(1000);
    CHECK(rig.service(4).deaths == 0);
}

TEST_CASE("a hang by order is no failure") {
    WatchRig rig;
    for (int i = 0; i < 50; ++i) {
        REQUIRE(rig.supervisor.kill(1, rs::KillSignal::Hang).ok());
        rig.ticks_pass(20);
        REQUIRE(rig.service(1).state == State::Starting);
        CHECK(rig.service(1).last_was_ordered);
        rig.up(1);
    }
}
