// Heartbeats: who is killed for a missed one, and who is not.
#include "cast.h"

#include <eft/process.h>
#include <eft/wake.h>

#include <doctest/doctest.h>

#include <algorithm>

using namespace eft;
using namespace eft::test;
using State = rs::ServiceState;

namespace {

// A beat every 4 ticks, and the second that is missed in a row is a verdict.
constexpr unsigned kSoon = 20;
const std::string kHung = "missed heartbeats; 2 in a row";

// An actor does this once, because the caller asks it to.
void asks(Cast& cast, std::string_view caller, std::string_view actor, actor::Order order) {
    Requests requests;
    requests.whom = actor;
    requests.order = order;
    cast.call(caller, requests);
}
// The same, and its peer is this one from now on, as long as the caller lives.
void asks(Cast& cast, std::string_view caller, std::string_view actor, actor::Order order, std::string_view peer) {
    Requests requests;
    requests.whom = actor;
    requests.order = order;
    requests.peer = peer;
    requests.stays = true;
    cast.call(caller, requests);
}

void check_others_live(Cast& cast, std::initializer_list<std::string_view> but) {
    for (const std::string_view name : Cast::kActors) {
        CAPTURE(name);
        if (std::find(but.begin(), but.end(), name) == but.end()) CHECK(cast.deaths(name) == 0);
    }
}

}  // namespace

TEST_CASE("who beats lives") {
    Cast cast(Cast::kWatched);
    cast.tick(500);
    check_others_live(cast, {});
}

TEST_CASE("a loop is found, also by the one at the top that starves all others, and those that it starves live") {
    for (const std::string_view victim : Cast::kActors) {
        CAPTURE(victim);
        Cast cast(Cast::kWatched);
        asks(cast, "anna", victim, {.deed = Deed::Compute});
        cast.tick(kSoon);
        CHECK(cast.last_death(victim) == kHung + "; a request of anna was in progress");
        CHECK(cast.line(victim).incarnation == 2);
        cast.tick(100);
        check_others_live(cast, {victim});
        CHECK(cast.deaths(victim) == 1);
    }
}

TEST_CASE("a slow machine is not a fault: nobody is killed who did not get the processor") {
    static bool busy;
    busy = false;
    const auto work = [] {
        report_ready();
        if (busy) host::compute(host::kForEver);
        return 0;
    };
    Cast cast(Cast::kWatched, {{"hog", work}}, R"({"name": "hog", "kind": "Program", "priority": 50, "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
    busy = true;
    CHECK(cast.system.rs().start({"hog"}).ok());
    cast.tick(200);
    const u64 beats_of_the_busy = cast.system.image("zero").system_calls;
    cast.tick(100);
    CHECK(cast.system.image("zero").system_calls == beats_of_the_busy);
    CHECK(cast.kill("hog").ok());
    cast.tick(100);
    CHECK(cast.system.image("zero").system_calls > beats_of_the_busy);
    check_others_live(cast, {});
}

TEST_CASE("one late beat is allowed") {
    Cast cast(Cast::kWatched);
    for (unsigned round = 0; round < 5; ++round) {
        cast.system.schedule_ticks(12);
        asks(cast, "anna", "one", {.deed = Deed::Compute, .milliseconds = 300});
        CHECK(Cast::requests("anna").answered == 1);
    }
    check_others_live(cast, {});
}

TEST_CASE("the end of the chain of blocked threads is at fault") {
    Cast cast(Cast::kWatched);
    asks(cast, "carl", "zero", {.deed = Deed::Sleep});
    asks(cast, "anna", "one", {.deed = Deed::Pass}, "zero");
    asks(cast, "bert", "two", {.deed = Deed::Pass}, "one");
    REQUIRE(Cast::requests("bert").made == 1);
    cast.tick(kSoon);
    CHECK(cast.last_death("zero").starts_with(kHung));
    check_others_live(cast, {"zero"});
    CHECK(Cast::requests("carl").last == Error::PeerDied);
    CHECK(Cast::requests("bert").answered == 1);  // what waited to be taken was for the next incarnation
}

TEST_CASE("nobody is at fault for waiting for a service that is coming back, for a core server, or for one who is well") {
    static Error waited;
    waited = Error::Busy;
    const auto wait_for_zero = [] {
        if (waited == Error::None) return 0;
        static EFT_PROCESS_LOCAL rs::RsClient<> rs{CapHandle(*granted("rs"))};  // not given up
        report_ready();
        waited = rs.wait({"zero"}).error();
        for (;;) static_cast<void>(wait_for_wake());
    };
    Cast cast(Cast::kWatched, {{"patient", wait_for_zero}}, R"({"name": "patient", "priority": 30, "grants": ["rs:order"], "heartbeat_ms": 200})");
    Cast::script("zero") = {.start = Script::Start::NeverReady, .starts_left = 1};
    cast.dies("zero");
    REQUIRE(cast.state_of("zero") == State::Starting);
    waited = Error::Busy;
    CHECK(cast.kill("patient").ok());
    asks(cast, "anna", "two", {.deed = Deed::Pass}, "zero");
    asks(cast, "carl", "three", {.deed = Deed::Pass, .then = Deed::Defer}, "one");
    cast.tick(50);
    CHECK(Cast::requests("anna").answered == 0);
    CHECK(waited == Error::Busy);
    CHECK(cast.deaths("patient") == 1);
    check_others_live(cast, {"zero"});
    cast.tick(20);
    CHECK(cast.state_of("zero") == State::Up);
    CHECK(waited == Error::None);
    CHECK(Cast::requests("anna").answered == 1);
    cast.tick(50);
    CHECK(Cast::requests("carl").made == 1);
    CHECK(Cast::requests("carl").answered == 0);
    CHECK(cast.deaths("patient") == 1);
    check_others_live(cast, {"zero"});
}

TEST_CASE("services that wait for each other in a ring are not left so: one of them goes") {
    Cast cast(Cast::kWatched);
    asks(cast, "anna", "one", {}, "two");
    asks(cast, "bert", "two", {}, "one");
    asks(cast, "carl", "one", {.deed = Deed::Pass, .then = Deed::Pass});
    REQUIRE(Cast::requests("carl").at_work);
    cast.tick(kSoon);
    CHECK(cast.deaths("one") + cast.deaths("two") == 1);
    check_others_live(cast, {"one", "two"});
}

TEST_CASE("a service that waits for something of its own makes no progress") {
    Cast cast(Cast::kWatched);
    asks(cast, "anna", "one", {.deed = Deed::Sleep});
    cast.tick(kSoon);
    CHECK(cast.last_death("one").starts_with(kHung));
    check_others_live(cast, {"one"});
}

TEST_CASE("a service for which work waits and which does none answers no heartbeat, and ends") {
    Cast::script("two") = {.idle_incarnations = 1};
    Cast cast(Cast::kWatched);
    cast.tick(kSoon);
    CHECK(cast.last_death("two") == kHung);
    CHECK(cast.line("two").incarnation == 2);
    cast.tick(5 * kSoon);
    CHECK(cast.line("two").incarnation == 2);
    check_others_live(cast, {"two"});
}

TEST_CASE("who need not beat is not watched") {
    Cast cast(Cast::kStill);
    asks(cast, "anna", "four", {.deed = Deed::Compute});
    cast.tick(100);
    check_others_live(cast, {});
    CHECK(Cast::requests("anna").at_work);
}

TEST_CASE("a hang by order is no failure") {
    Cast cast(Cast::kWatched);
    for (unsigned i = 1; i <= 10; ++i) {
        REQUIRE(cast.kill("one", rs::KillSignal::Hang).ok());
        cast.tick(kSoon);
        CHECK(cast.deaths("one") == i);
        CHECK(cast.info("one").last_death()->ordered());
        REQUIRE(cast.state_of("one") == State::Up);
    }
}
