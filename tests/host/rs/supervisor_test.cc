// rs as a whole: the states of a service, its restart policy, and whom failures are attributed to.
#include "cast.h"

#include <inspect.h>
#include <supervisor.h>

#include <eft/idl/mock/dev.h>
#include <eft/server.h>
#include <eft/session.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;
using State = rs::ServiceState;

namespace {

constexpr u64 kWindowTicks = 1000, kStableTicks = 200;  // Cast::kStill

void dies_in_the_end(Cast& cast, std::string_view actor, unsigned times) {
    for (; times > 0; --times) {
        cast.dies(actor);
        CHECK(cast.system.run_until([&] { return cast.state_of(actor) == State::Up || cast.state_of(actor) == State::Held; }, 50));
    }
}

// A request of this caller's kills the actor so many times, each time the first that comes; it is up again then, or held.
void fails_serving(Cast& cast, std::string_view caller, std::string_view actor, unsigned times, unsigned sessions = 1) {
    Requests requests;
    requests.whom = actor;
    requests.order.deed = Deed::Die;
    requests.times = times;
    requests.sessions = sessions;
    cast.call(caller, requests);
    CHECK(cast.ends(caller));
    CHECK(cast.system.run_until([&] { return cast.state_of(actor) == State::Up || cast.state_of(actor) == State::Held; }, 50));
}

// Whether the caller gets an answer, in a session of its own.
bool is_served(Cast& cast, std::string_view caller, std::string_view actor) {
    Requests requests;
    requests.whom = actor;
    cast.call(caller, requests);
    CHECK(cast.ends(caller));
    return Cast::requests(caller).answered == 1;
}

}  // namespace

TEST_CASE("a service is up when its own incarnation says so, and not before; a start-up that does not finish is a failure") {
    Cast::script("zero") = {.start = Script::Start::SaysAnother, .starts_left = 1};
    Cast::script("one") = {.start = Script::Start::NeverReady};
    Cast cast;
    CHECK(cast.state_of("zero") == State::Starting);
    CHECK(cast.system.rs().start({"zero"}).error() == Error::WrongState);
    CHECK(cast.line("two").incarnation == 1);
    CHECK(cast.line("two").restarts == 0);
    cast.tick(59);
    CHECK(cast.state_of("zero") == State::Starting);
    cast.tick(1);
    CHECK(cast.state_of("zero") == State::Up);
    CHECK(cast.line("zero").incarnation == 2);
    CHECK(cast.last_death("zero") == "its start-up did not finish; its start-up took too long");
    CHECK(cast.system.run_until([&] { return cast.state_of("one") == State::Held; }, 500));
    CHECK(cast.deaths("one") == 5);
}

TEST_CASE("after a death the next incarnation learns how many replies all before it have delivered, and each step has its time") {
    Cast cast;
    for (const unsigned answers : {7u, 2u}) {
        Requests requests;
        requests.whom = "zero";
        requests.times = answers;
        cast.call("anna", requests);
        REQUIRE(Cast::requests("anna").answered == answers);
        const u64 before = Cast::script("zero").replies_before;
        cast.dies("zero");
        cast.tick(5);
        REQUIRE(cast.state_of("zero") == State::Up);
        CHECK(Cast::script("zero").replies_before == before + answers);
        const auto phases = cast.system.rs().recovery({"zero"});
        REQUIRE(phases.ok());
        CHECK(phases->died < phases->noticed);
        CHECK(phases->noticed < phases->silenced);
        CHECK(phases->silenced < phases->revoked);
        CHECK(phases->gone <= phases->revoked);
        CHECK(phases->revoked < phases->spawned);
        CHECK(phases->spawned < phases->ready);
    }
    CHECK(cast.line("zero").restarts == 2);
    CHECK(cast.deaths("zero") == 2);
    CHECK(cast.line("zero").last_recovery_us > 0);
}

TEST_CASE("the first failure costs no wait, further ones wait twice as long each; then it is held, until a person starts it") {
    Cast::script("zero") = {.start = Script::Start::Dies, .starts_left = 5};
    Cast cast;
    for (const unsigned wait : {2u, 4u, 8u}) {
        REQUIRE(cast.state_of("zero") == State::BackingOff);
        const u32 before = cast.line("zero").incarnation;
        cast.tick(wait - 1);
        CHECK(cast.line("zero").incarnation == before);
        cast.tick(1);
        CHECK(cast.line("zero").incarnation == before + 1);
    }
    CHECK(cast.state_of("zero") == State::Held);
    CHECK(cast.deaths("zero") == 5);
    CHECK(cast.kill("zero").error() == Error::WrongState);

    // What answers in its place is replaced when it dies, and is woken now and then.
    const auto told = [&] {
        Requests requests;
        requests.whom = "zero";
        cast.call("anna", requests);
        return Cast::requests("anna").last;
    };
    CHECK(told() == Error::ServiceHeld);
    host::Image& tombstone = cast.system.image("tombstone");
    tombstone.fatal_system_call = tombstone.system_calls;
    const unsigned starts = tombstone.starts;
    CHECK(told() == Error::PeerDied);
    cast.tick(static_cast<unsigned>(supervisor::kTombstoneTicks) - 1);
    CHECK(tombstone.starts == starts);
    cast.tick(1);
    CHECK(tombstone.starts == starts + 1);
    CHECK(told() == Error::ServiceHeld);

    CHECK(cast.system.rs().start({"zero"}).ok());
    cast.system.run();
    CHECK(cast.state_of("zero") == State::Up);
    CHECK(is_served(cast, "anna", "zero"));
    cast.dies("zero");
    CHECK(cast.state_of("zero") == State::Up);  // the history does not count any more
    CHECK(tombstone.starts == starts + 1);
}

TEST_CASE("a stable time resets the history, and failures that are far apart never lead to holding") {
    Cast cast(R"(, "heartbeat_ms": 0, "restart": {"initial_ms": 100, "stable_ms": 500, "limit": 2, "window_ms": 1000})");
    for (unsigned i = 0; i < 10; ++i) {
        cast.dies("zero");
        CHECK(cast.state_of("zero") == State::Up);  // at once
        cast.tick(21);
    }
    cast.dies("zero");
    cast.dies("zero");
    CHECK(cast.state_of("zero") == State::BackingOff);
}

TEST_CASE("ordered kills are no failures, however many") {
    Cast cast;
    constexpr unsigned kRounds = 30;
    for (unsigned i = 0; i < kRounds; ++i) {
        REQUIRE(cast.kill("zero").ok());
        CHECK(cast.last_death("zero") == "an order");
        CHECK(cast.state_of("zero") == State::Up);
        CHECK(Cast::script("zero").last_end_ordered);
        REQUIRE(cast.kill("zero", rs::KillSignal::Crash).ok());
        CHECK(cast.last_death("zero") == "CPU exception 6, invalid opcode");
        CHECK(cast.info("zero").last_death()->ordered());
        CHECK(cast.state_of("zero") == State::Up);
    }
    CHECK(cast.deaths("zero") == 2 * kRounds);
    CHECK(cast.line("zero").restarts == 2 * kRounds);
    cast.dies("zero");
    CHECK(!Cast::script("zero").last_end_ordered);
}

TEST_CASE("what cannot be spawned is tried again, later, and is held in the end") {
    Cast cast;
    host::refusal = [](Invocation invocation) { return invocation == Invocation::ThreadRegisters ? Error::OutOfMemory : Error::None; };
    cast.dies("zero");
    CHECK(cast.state_of("zero") == State::BackingOff);
    CHECK(cast.last_death("zero") == "its start-up did not finish; could not be started: out of memory");
    CHECK(cast.system.run_until([&] { return cast.state_of("zero") == State::Held; }, 300));
    CHECK(cast.deaths("zero") == 5);
    host::refusal = nullptr;
    CHECK(cast.system.rs().start({"zero"}).ok());
    cast.system.run();
    CHECK(cast.state_of("zero") == State::Up);
}

TEST_CASE("policies: on failure, never") {
    Cast::script("zero") = {.start = Script::Start::Ends, .starts_left = 1, .status = 1};
    Cast cast(R"(, "heartbeat_ms": 0, "restart": {"policy": "OnFailure"})", {},
              R"({"name": "once", "program": "one", "priority": 30, "provides": ["once"], "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
    CHECK(cast.state_of("zero") == State::Up);
    CHECK(cast.line("zero").incarnation == 2);
    CHECK(cast.last_death("zero") == "exit with status 1");
    Cast::script("zero") = {.start = Script::Start::Ends, .starts_left = 1, .status = 0};
    CHECK(cast.kill("zero").ok());
    CHECK(cast.state_of("zero") == State::Down);
    CHECK(cast.kill("once").ok());
    CHECK(cast.state_of("once") == State::Down);
}

TEST_CASE("stop and restart are asked for, and forced after a while") {
    // Orders that wait are for a program: the test's thread is the clock.
    static std::string_view verb;
    static Error outcome;
    const auto give_order = [] {
        if (verb.empty()) return 0;
        static EFT_PROCESS_LOCAL rs::RsClient<> rs{CapHandle(*granted("rs"))};  // not given up
        outcome = verb == "stop" ? rs.stop({"zero"}).error() : rs.restart({"zero"}).or_error().error();
        return 0;
    };
    verb = {};
    Cast cast(Cast::kStill, {{"person", give_order}},
              R"({"name": "person", "kind": "Program", "priority": 50, "grants": ["rs:order"], "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
    const auto order = [&](std::string_view what, unsigned ticks) {
        verb = what;
        outcome = Error::Busy;
        CHECK(cast.system.rs().start({"person"}).ok());
        CHECK(cast.system.run_until([&] { return cast.state_of("person") == State::Down; }, ticks));
        CHECK(outcome == Error::None);
    };
    order("stop", 0);
    CHECK(cast.state_of("zero") == State::Down);
    CHECK(cast.last_death("zero") == "exit with status 0");
    Requests requests;
    requests.whom = "zero";
    cast.call("anna", requests);
    CHECK(Cast::requests("anna").last == Error::ServiceHeld);
    order("stop", 0);
    order("restart", 0);
    CHECK(cast.state_of("zero") == State::Up);

    // One that does not hear it.
    CHECK(cast.kill("zero", rs::KillSignal::Hang).ok());
    const u32 before = cast.line("zero").incarnation;
    order("restart", static_cast<unsigned>(supervisor::kStopTicks) + 1);
    CHECK(cast.line("zero").incarnation == before + 1);
    CHECK(cast.last_death("zero") == "an order; did not end when it was asked to");

    // One that waits for its next start.
    cast.dies("zero");
    cast.dies("zero");
    REQUIRE(cast.state_of("zero") == State::BackingOff);
    order("stop", 0);
    cast.tick(100);
    CHECK(cast.state_of("zero") == State::Down);
}

TEST_CASE("before a driver's callers learn of its death its device is silenced, and one that cannot be does not keep it down") {
    static unsigned assigned, silenced;
    assigned = silenced = 0;
    const auto serve_dev = [] {
        dev::DevMock mock;
        mock.on_assign([](dev::Match&) -> Result<dev::Assignment> {
            ++assigned;
            dev::Assignment assignment;
            EFT_TRY(CapHandle session, copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(dev::Dev::badge_of(dev::Dev::SessionKind::Driver, 1))));
            assignment.session = assignment.session.owning(session.release());
            assignment.id = 1;
            return assignment;
        });
        mock.on_silence([](auto&) -> Status {
            CHECK(Cast::requests("anna").at_work);  // it still waits
            ++silenced;
            return Error::TimedOut;
        });
        ServerLoop loop;
        loop.run(requests_to<dev::Dev>(mock));
        return 0;
    };
    Cast cast(Cast::kStill, {{"dev", serve_dev}},
              R"({"name": "driver", "program": "zero", "kind": "Driver", "priority": 40, "provides": ["disk"], "device": {"match": "com1"}, "heartbeat_ms": 0},
                 {"name": "user", "program": "anna", "kind": "Program", "priority": 10, "connects": ["disk"], "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
    REQUIRE(assigned == 1);
    Cast::requests("anna") = {.whom = "disk", .order = {.deed = Deed::Die}};
    CHECK(cast.system.rs().start({"user"}).ok());
    CHECK(cast.ends("user"));
    CHECK(Cast::requests("anna").last == Error::PeerDied);
    CHECK(silenced == 1);
    CHECK(cast.state_of("driver") == State::Up);
    CHECK(cast.line("driver").incarnation == 2);
}

TEST_CASE("a client whose requests keep killing the service loses its sessions, and the service is not held") {
    Cast cast;
    fails_serving(cast, "anna", "zero", 2);
    CHECK(cast.last_death("zero") == "CPU exception 6, invalid opcode; a request of anna was in progress");
    CHECK(is_served(cast, "anna", "zero"));
    fails_serving(cast, "anna", "zero", 4);  // of which the third meets no session any more
    CHECK(cast.last_death("zero") == "CPU exception 6, invalid opcode; a request of anna was in progress, whose sessions are closed");
    CHECK(cast.deaths("zero") == 3);
    CHECK(Cast::requests("anna").last == Error::InvalidCapability);
    CHECK(is_served(cast, "bert", "zero"));

    // Four failures are allowed; its three are none of them.
    dies_in_the_end(cast, "zero", 4);
    CHECK(cast.state_of("zero") == State::Up);
    cast.dies("zero");
    CHECK(cast.state_of("zero") == State::Held);
}

TEST_CASE("failures count for the client, whichever of its sessions it uses, and for each client alone") {
    Cast cast;
    fails_serving(cast, "bert", "zero", 2);
    fails_serving(cast, "anna", "zero", 3, 3);
    CHECK(cast.last_death("zero").ends_with("a request of anna was in progress, whose sessions are closed"));
    CHECK(cast.state_of("zero") == State::Up);
    CHECK(is_served(cast, "bert", "zero"));
}

TEST_CASE("a client that is expelled gets no session as long as it lives; one that comes back within the window is expelled at its next failure") {
    Cast cast;
    fails_serving(cast, "anna", "zero", 3);
    fails_serving(cast, "anna", "zero", 2);
    CHECK(Cast::requests("anna").made == 2);
    CHECK(Cast::requests("anna").last == Error::InvalidCapability);
    CHECK(cast.deaths("zero") == 4);
    cast.tick(kWindowTicks);
    fails_serving(cast, "anna", "zero", 1);
    CHECK(is_served(cast, "anna", "zero"));
    CHECK(cast.state_of("zero") == State::Up);
}

TEST_CASE("a session that is nobody's does not save the service from being held, and orders are attributed to nobody") {
    Cast cast;
    Requests requests;
    requests.whom = "zero";
    requests.order.deed = Deed::Sleep;
    requests.times = 10;
    cast.call("anna", requests);
    for (unsigned i = 0; i < requests.times; ++i) {
        REQUIRE(Cast::requests("anna").at_work);
        REQUIRE(cast.kill("zero").ok());
    }
    CHECK(cast.ends("anna"));
    CHECK(Cast::requests("anna").made == requests.times);
    CHECK(Cast::requests("anna").last == Error::PeerDied);  // and never that its session is gone
    CHECK(cast.last_death("zero") == "an order");
    dies_in_the_end(cast, "zero", 4);
    CHECK(cast.state_of("zero") == State::Up);
    cast.dies("zero");
    CHECK(cast.state_of("zero") == State::Held);
}

TEST_CASE("the client is kept away before the service would be held, also where the session limit is the larger") {
    Cast cast(R"(, "heartbeat_ms": 0, "restart": {"limit": 4, "session_limit": 100})");
    fails_serving(cast, "anna", "zero", 6);
    CHECK(cast.deaths("zero") == 5);
    CHECK(Cast::requests("anna").last == Error::InvalidCapability);
    CHECK(cast.state_of("zero") == State::Up);
}

namespace {

// Its answer takes 80 ms; the interface allows 50.
void waits_long(Cast& cast, std::string_view caller, std::string_view actor, unsigned times = 1) {
    Requests requests;
    requests.whom = actor;
    requests.order = {.deed = Deed::Compute, .milliseconds = 80};
    requests.times = times;
    cast.call(caller, requests);
    CHECK(cast.ends(caller));
    CHECK(Cast::requests(caller).made == times);
}

}  // namespace

TEST_CASE("late answers to different clients, borne out by the service itself, are its end") {
    Cast cast;
    waits_long(cast, "anna", "zero", 5);  // one client alone
    CHECK(cast.deaths("zero") == 0);
    waits_long(cast, "bert", "zero");
    CHECK(cast.last_death("zero") == "overdue answers; its answer to bert took 80 ms; 2 clients complained");
    CHECK(cast.state_of("zero") == State::Up);
    waits_long(cast, "carl", "zero");  // of the incarnation before, nothing counts any more
    CHECK(cast.deaths("zero") == 1);
}

TEST_CASE("a complaint that the service's own notes do not bear out counts for nothing") {
    static bool lies;
    lies = false;
    const auto lie = [] {
        if (!lies) return 0;
        auto session = connect("zero");
        CHECK(session.ok());
        Complaint& complaint = persistent_head().complaint;
        complaint.slot = raw(session->slot());
        complaint.label = actor::Actor::ActMethod::kLabel;
        complaint.started = 0;
        complaint.ended = sys::time_stamp();
        for (unsigned i = 0; i < 5; ++i) {
            ++complaint.count;
            sys::signal(slot(WellKnown::Supervisor));
        }
        return 0;
    };
    Cast cast(Cast::kStill, {{"liar", lie}},
              R"({"name": "liar", "kind": "Program", "priority": 10, "connects": ["zero"], "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
    lies = true;
    CHECK(cast.system.rs().start({"liar"}).ok());
    CHECK(cast.ends("liar"));
    waits_long(cast, "anna", "zero");
    CHECK(cast.deaths("zero") == 0);
}

TEST_CASE("a plan may say that late answers are never its end, and old complaints are forgotten") {
    Cast cast(R"(, "heartbeat_ms": 0, "restart": {"window_ms": 1000})", {},
              R"({"name": "slow", "program": "one", "priority": 30, "provides": ["slow"], "heartbeat_ms": 0, "restart": {"overdue_clients": 0}},
                 {"name": "user", "program": "carl", "kind": "Program", "priority": 10, "connects": ["slow"], "heartbeat_ms": 0, "restart": {"policy": "Never"}},
                 {"name": "other", "program": "bert", "kind": "Program", "priority": 10, "connects": ["slow"], "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
    for (const auto& [name, script] : {std::pair{"user", "carl"}, std::pair{"other", "bert"}}) {
        Cast::requests(script) = {.whom = "slow", .order = {.deed = Deed::Compute, .milliseconds = 80}};
        CHECK(cast.system.rs().start({name}).ok());
        CHECK(cast.ends(name));
        CHECK(Cast::requests(script).answered == 1);
    }
    CHECK(cast.deaths("slow") == 0);

    waits_long(cast, "anna", "zero");
    cast.tick(20);
    waits_long(cast, "bert", "zero");
    CHECK(cast.deaths("zero") == 0);
    waits_long(cast, "anna", "zero");
    CHECK(cast.deaths("zero") == 1);
}
