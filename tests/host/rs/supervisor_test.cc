// The states of a service, its restart policy, and what is done in which order when it dies.
#include <doctest/doctest.h>

#include "scripted_services.h"

#include <eft/overdue.h>

using namespace eft;
using namespace eft::supervisor;
using State = rs::ServiceState;

TEST_CASE("a service is up when its own incarnation says so, and not before") {
    Rig rig;
    REQUIRE(rig.supervisor.start(0).ok());
    CHECK(rig.service(0).state == State::Starting);
    rig.services.shown[0].ready_incarnation = 7;  // somebody else's word
    rig.supervisor.check(0);
    CHECK(rig.service(0).state == State::Starting);
    rig.up(0);
    CHECK(rig.service(0).incarnation == 1);
    CHECK(rig.service(0).restarts == 0);
    CHECK(rig.supervisor.start(0).error() == Error::WrongState);
}

TEST_CASE("after a death: silence, reap, clear, spawn, with the count of replies of the dead") {
    Rig rig;
    rig.up(0);
    rig.services.of(0)->delivered = 4711;
    rig.services.done.clear();
    rig.dies(0);
    CHECK(rig.services.done == std::vector<std::string>{"silence 0", "reap 0", "clear 0", "spawn 0 2"});
    CHECK(rig.services.of(0)->replies == 4711);
    rig.services.of(0)->delivered = 9;
    CHECK(rig.service(0).state == State::Starting);
    rig.up(0);
    const Recovery& recovery = rig.service(0).recovery;
    CHECK(recovery.died < recovery.noticed);
    CHECK(recovery.noticed < recovery.silenced);
    CHECK(recovery.silenced < recovery.revoked);
    CHECK(recovery.revoked < recovery.spawned);
    CHECK(recovery.spawned < recovery.ready);
    CHECK(rig.service(0).recovery_time == recovery.ready - recovery.died);
    CHECK(rig.service(0).restarts == 1);
    CHECK(rig.service(0).deaths == 1);
    REQUIRE(rig.supervisor.kill(0, rs::KillSignal::Kill).ok());
    CHECK(rig.services.of(0)->replies == 4720);  // of all that are dead
}

TEST_CASE("the first failure costs no wait, further ones wait twice as long each, up to the cap") {
    Rig rig;
    rig.plans[0].limits.limit = 15;
    rig.up(0);
    rig.dies(0);
    CHECK(rig.service(0).state == State::Starting);
    for (const unsigned wait : {2u, 4u, 8u, 16u, 32u, 40u, 40u}) {
        rig.up(0);
        rig.dies(0);
        REQUIRE(rig.service(0).state == State::BackingOff);
        rig.ticks_pass(wait - 1);
        CHECK(rig.service(0).state == State::BackingOff);
        rig.ticks_pass(1);
        CHECK(rig.service(0).state == State::Starting);
    }
}

TEST_CASE("a stable time resets the history") {
    Rig rig;
    rig.up(0);
    rig.dies(0);
    rig.up(0);
    rig.ticks_pass(200);
    rig.dies(0);
    CHECK(rig.service(0).state == State::Starting);
}

TEST_CASE("too many failures in the window: held, with a tombstone that is itself replaced") {
    Rig rig;
    rig.up(0);
    for (int i = 0; i < 4; ++i) {
        rig.dies(0);
        rig.ticks_pass(40);
        rig.up(0);
    }
    rig.dies(0);
    CHECK(rig.service(0).state == State::Held);
    REQUIRE(rig.services.pid_of(0, true) != 0);
    rig.ticks_pass(5000);
    CHECK(rig.service(0).state == State::Held);

    CHECK(rig.services.reminders > 100);  // the tombstone is told to signal clients, again and again

    rig.services.end(rig.services.pid_of(0, true), proc::DeathReason::Exception);
    rig.supervisor.check(0);
    CHECK(rig.services.pid_of(0, true) == 0);
    rig.ticks_pass(30);
    CHECK(rig.services.pid_of(0, true) != 0);

    CHECK(rig.supervisor.kill(0, rs::KillSignal::Kill).error() == Error::WrongState);
    REQUIRE(rig.supervisor.start(0).ok());
    CHECK(rig.services.pid_of(0, true) == 0);
    rig.up(0);
    rig.dies(0);
    CHECK(rig.service(0).state == State::Starting);  // the history does not count any more
}

TEST_CASE("failures that are far apart never lead to holding") {
    Rig rig;
    rig.up(0);
    for (int i = 0; i < 100; ++i) {
        rig.dies(0);
        if (rig.service(0).state == State::BackingOff) rig.ticks_pass(40);
        rig.up(0);
        rig.ticks_pass(251);
        REQUIRE(rig.service(0).state != State::Held);
    }
}

TEST_CASE("a thousand ordered kills are no failures") {
    Rig rig;
    rig.up(0);
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(rig.supervisor.kill(0, rs::KillSignal::Kill).ok());
        CHECK(rig.service(0).last_death.reason == proc::DeathReason::Ordered);
        CHECK(rig.service(0).state == State::Starting);
        CHECK(rig.services.processes.at(rig.service(0).pid).last_end_ordered);
        rig.up(0);
        REQUIRE(rig.supervisor.kill(0, rs::KillSignal::Crash).ok());
        rig.supervisor.check(0);
        CHECK(rig.service(0).last_death.reason == proc::DeathReason::Exception);
        CHECK(rig.service(0).last_was_ordered);
        rig.up(0);
    }
    CHECK(rig.service(0).deaths == 2000);
    CHECK(rig.service(0).restarts == 2000);
    CHECK(rig.services.processes.size() == 1);
}

TEST_CASE("start-up that does not finish, or crashes, counts like any other failure") {
    Rig rig;
    REQUIRE(rig.supervisor.start(0).ok());
    rig.ticks_pass(60);
    CHECK(rig.service(0).last_death.reason == proc::DeathReason::StartFailed);
    CHECK(rig.service(0).incarnation == 2);
    for (int i = 0; i < 4; ++i) {
        rig.ticks_pass(40);
        if (rig.service(0).alive()) rig.dies(0);
    }
    CHECK(rig.service(0).state == State::Held);
}

TEST_CASE("what cannot be spawned is tried again, later, and is held in the end") {
    Rig rig;
    rig.services.spawn_error = Error::OutOfMemory;
    REQUIRE(rig.supervisor.start(0).ok());
    CHECK(rig.service(0).state == State::BackingOff);
    CHECK(rig.service(0).note.view() == "could not be started: out of memory");
    rig.ticks_pass(300);
    CHECK(rig.service(0).state == State::Held);
    CHECK(rig.service(0).deaths == 5);
}

TEST_CASE("policies: on failure, never") {
    Rig rig;
    rig.plans[0].policy = Policy::OnFailure;
    rig.plans[1].policy = Policy::Never;
    rig.up(0);
    rig.up(1);
    rig.dies(0, proc::DeathReason::Exit, 1);
    CHECK(rig.service(0).state == State::Starting);
    rig.up(0);
    rig.dies(0, proc::DeathReason::Exit, 0);
    CHECK(rig.service(0).state == State::Down);
    rig.dies(1);
    CHECK(rig.service(1).state == State::Down);
    CHECK(rig.services.pid_of(1, true) != 0);
}

TEST_CASE("stop and restart are asked for, and forced after a while") {
    Rig rig;
    rig.up(0);
    REQUIRE(rig.supervisor.stop(0).ok());
    rig.supervisor.check(0);
    CHECK(rig.service(0).state == State::Down);
    CHECK(rig.services.pid_of(0, true) != 0);
    REQUIRE(rig.supervisor.stop(0).ok());

    REQUIRE(rig.supervisor.restart(0).ok());
    rig.up(0);
    ScriptedServices::hang(*rig.services.of(0));
    REQUIRE(rig.supervisor.restart(0).ok());
    rig.supervisor.check(0);
    CHECK(rig.service(0).state == State::Up);
    const u32 before = rig.service(0).incarnation;
    rig.ticks_pass(static_cast<unsigned>(kStopTicks));
    CHECK(rig.service(0).incarnation == before + 1);

    rig.up(0);
    rig.dies(0);
    rig.up(0);
    rig.dies(0);
    REQUIRE(rig.service(0).state == State::BackingOff);
    REQUIRE(rig.supervisor.stop(0).ok());
    rig.ticks_pass(1000);
    CHECK(rig.service(0).state == State::Down);
}

TEST_CASE("a device that cannot be reset does not keep its driver down") {
    Rig rig;
    rig.services.silence_error = Error::TimedOut;
    rig.up(0);
    rig.dies(0);
    CHECK(rig.service(0).state == State::Starting);
}

namespace {

// Fails once with a request of this session, and is up again however long it has to wait.
void fails_serving(Rig& rig, u64 session) {
    rig.dies_serving(0, session);
    rig.ticks_pass(40);
    if (rig.service(0).alive()) rig.up(0);
}

}  // namespace

TEST_CASE("a client whose requests keep killing the service loses its sessions, and the service is not held") {
    Rig rig;
    rig.services.holders = {{71, 3}, {72, 4}};
    rig.up(0);
    for (int i = 0; i < 2; ++i) fails_serving(rig, 71);
    CHECK(rig.service(0).note.view() == "a request of three was in progress");
    CHECK(rig.service(0).last_death.reason == proc::DeathReason::Exception);
    rig.services.done.clear();
    rig.dies_serving(0, 71);
    CHECK(rig.services.done == std::vector<std::string>{"silence 0", "reap 0", "clear 0", "expel 0 71", "spawn 0 4"});
    CHECK(rig.service(0).note.view() == "a request of three was in progress, whose sessions are closed");
    rig.up(0);

    // Four failures are allowed; its three are none of them.
    for (int i = 0; i < 4; ++i) fails_serving(rig, 0);
    CHECK(rig.service(0).state == State::Up);
    rig.dies(0);
    CHECK(rig.service(0).state == State::Held);
}

TEST_CASE("failures count for the client, whichever of its sessions it uses, and for each client alone") {
    Rig rig;
    rig.services.holders = {{71, 3}, {72, 3}, {73, 3}, {81, 4}};
    rig.up(0);
    fails_serving(rig, 71);
    fails_serving(rig, 81);
    fails_serving(rig, 72);
    fails_serving(rig, 81);
    CHECK(rig.services.holders.size() == 4);
    fails_serving(rig, 73);
    CHECK(rig.services.holders == std::map<u64, unsigned>{{81, 4}});
    CHECK(rig.service(0).state == State::Up);
}

TEST_CASE("a client that comes back with a new session within the window is kept away at once") {
    Rig rig;
    rig.services.holders = {{71, 3}};
    rig.up(0);
    for (int i = 0; i < 3; ++i) fails_serving(rig, 71);
    rig.services.holders = {{91, 3}};
    fails_serving(rig, 91);
    CHECK(rig.services.holders.empty());
    rig.services.holders = {{92, 3}};
    rig.ticks_pass(1000);
    fails_serving(rig, 92);
    CHECK(rig.services.holders.size() == 1);
    CHECK(rig.service(0).state == State::Up);
}

TEST_CASE("a session that is nobody's does not save the service from being held, and orders are attributed to nobody") {
    Rig rig;
    rig.services.holders = {{71, 3}};
    rig.up(0);
    for (int i = 0; i < 20; ++i) {
        rig.services.shown[0].session = 71;
        REQUIRE(rig.supervisor.kill(0, rs::KillSignal::Kill).ok());
        rig.up(0);
    }
    CHECK(rig.services.holders.size() == 1);
    for (int i = 0; i < 4; ++i) fails_serving(rig, 999);
    CHECK(rig.service(0).state == State::Up);
    rig.dies_serving(0, 999);
    CHECK(rig.service(0).state == State::Held);
}

TEST_CASE("the client is kept away before the service would be held, also where the session limit is the larger") {
    Rig rig;
    rig.plans[0].limits.session_limit = 100;
    rig.services.holders = {{71, 3}};
    rig.up(0);
    for (int i = 0; i < 5; ++i) fails_serving(rig, 71);
    CHECK(rig.services.holders.empty());
    CHECK(rig.service(0).state == State::Up);
}

TEST_CASE("late answers to different clients, borne out by the service itself, are its end") {
    Rig rig;
    for (unsigned index = 0; index < 4; ++index) rig.up(index);
    rig.services.done.clear();
    for (int round = 0; round < 5; ++round) rig.supervisor.complain(1, {0, true, 80'000});  // one client alone
    for (int round = 0; round < 5; ++round) rig.supervisor.complain(2, {0, false, 80'000});  // one that lies
    CHECK(rig.services.done.empty());
    CHECK(rig.service(0).state == State::Up);
    rig.supervisor.complain(3, {0, true, 90'000});
    CHECK(rig.service(0).last_death.reason == proc::DeathReason::Overdue);
    CHECK(rig.service(0).note.view() == "its answer to three took 90 ms; 2 clients complained");
    CHECK(rig.service(0).state == State::Starting);
    rig.up(0);
    rig.supervisor.complain(1, {0, true, 80'000});  // of the incarnation before, nothing counts any more
    CHECK(rig.service(0).state == State::Up);
}

TEST_CASE("a plan may say that late answers are never its end, and old complaints are forgotten") {
    Rig rig;
    rig.plans[0].overdue_clients = 0;
    rig.plans[1].limits.window = 10;
    for (unsigned index = 0; index < 4; ++index) rig.up(index);
    rig.supervisor.complain(2, {0, true, 80'000});
    rig.supervisor.complain(3, {0, true, 80'000});
    CHECK(rig.service(0).state == State::Up);
    rig.supervisor.complain(2, {1, true, 80'000});
    rig.ticks_pass(10);
    rig.supervisor.complain(3, {1, true, 80'000});
    CHECK(rig.service(1).state == State::Up);
    rig.supervisor.complain(2, {1, true, 80'000});
    CHECK(rig.service(1).deaths == 1);
}

TEST_CASE("a complaint is borne out by a slow answer to the same session and method, within its time") {
    SlowAnswers noted{};
    const auto says = [&](u64 badge, u64 label, u64 started, u64 ended) { return is_borne_out(noted, badge, {1, 0, label, started, ended}); };
    CHECK(!says(0, 0, 0, ~u64{0}));  // nothing is noted
    note_slow_answer(noted, {7, 15, 100, 200});
    CHECK(says(15, 7, 90, 210));
    CHECK(says(15, 7, 100, 200));
    CHECK(!says(16, 7, 90, 210));
    CHECK(!says(15, 8, 90, 210));
    CHECK(!says(15, 7, 101, 210));
    CHECK(!says(15, 7, 90, 199));
    for (u64 i = 0; i < SlowAnswers::kKept; ++i) note_slow_answer(noted, {9, 15, 300 + i, 400 + i});
    CHECK(!says(15, 7, 90, 210));
    CHECK(says(15, 9, 300, 401));
}
