// rs as a whole: the states of a service, and its restart policy.
#include "cast.h"

#include <inspect.h>
#include <supervisor.h>

#include <eft/idl/mock/dev.h>
#include <eft/server.h>
#include <eft/session.h>
#include <eft/wake.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

using namespace eft;
using namespace eft::test;
using State = rs::ServiceState;

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
    CHECK(told() == Error::None);
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

namespace {

unsigned aides = 0;  // that were started

// Dies of its first heartbeat.
int be_frail() {
    report_ready();
    static_cast<void>(wait_for_wake());
    arch::crash();
}

int aid() {
    ++aides;
    report_ready();
    return 0;
}

constexpr const char* kFrailAndAide = R"({"name": "frail", "priority": 20, "heartbeat_ms": 200, "restart": {"limit": 2, "initial_ms": 50,
        "on_failure": [{"log": "is frail"}, {"restart": "one"}, {"run": "aide"}]}},
    {"name": "aide", "priority": 10, "heartbeat_ms": 0, "by_order": true, "restart": {"policy": "Never"}})";

}  // namespace

TEST_CASE("what a service's failure brings about besides: another one is restarted, a program started, at each of them and no order") {
    aides = 0;
    Cast cast(Cast::kStill, {{"frail", be_frail}, {"aide", aid}}, kFrailAndAide);
    CHECK(cast.state_of("aide") == State::Down);
    CHECK(cast.line("aide").incarnation == 0);
    CHECK(cast.system.run_until([&] { return cast.deaths("frail") == 1; }, 20));
    cast.tick(1);
    CHECK(cast.line("one").incarnation == 2);
    CHECK(cast.last_death("one") == "exit with status 0");
    CHECK(aides == 1);
    CHECK(cast.line("two").incarnation == 1);
    CHECK(cast.system.run_until([&] { return cast.state_of("frail") == State::Held; }, 100));
    cast.tick(1);
    CHECK(cast.deaths("frail") == 3);
    CHECK(cast.line("one").incarnation == 4);
    CHECK(aides == 3);
    CHECK(cast.system.rs().start({"frail"}).ok());
    CHECK(cast.kill("frail").ok());
    cast.tick(1);  // in which its heart beats, which is its next failure
    CHECK(cast.line("one").incarnation == 4);
    CHECK(aides == 3);
    CHECK(cast.system.rs().start({"aide"}).ok());
    cast.system.run();
    CHECK(aides == 4);
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
        outcome = verb == "stop" ? rs.stop({"zero"}).error() : rs.restart({"zero"}).error();
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

namespace {

// dev, for one driver.
unsigned assigned, silenced;
std::vector<Error> silence_answers;  // the last one again and again

int serve_dev() {
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
        CHECK((silenced != 0 || Cast::requests("anna").at_work));  // it still waits
        return silence_answers[std::min<std::size_t>(silenced++, silence_answers.size() - 1)];
    });
    ServerLoop loop;
    loop.run(requests_to<dev::Dev>(mock));
    return 0;
}

struct Driven {
    explicit Driven(std::vector<Error> answers) {
        assigned = silenced = 0;
        silence_answers = std::move(answers);
        cast.emplace(Cast::kStill, std::vector<HostProgram>{{"dev", serve_dev}},
                     R"({"name": "driver", "program": "zero", "kind": "Driver", "priority": 40, "provides": ["disk"], "device": {"match": "com1"}, "heartbeat_ms": 0},
                        {"name": "user", "program": "anna", "kind": "Program", "priority": 10, "connects": ["disk"], "heartbeat_ms": 0, "restart": {"policy": "Never"}})");
        REQUIRE(assigned == 1);
        Cast::requests("anna") = {.whom = "disk", .order = {.deed = Deed::Die}};
        CHECK(cast->system.rs().start({"user"}).ok());
        CHECK(cast->ends("user"));
        CHECK(Cast::requests("anna").last == Error::PeerDied);
        CHECK(silenced >= 1);
    }
    std::optional<Cast> cast;
};

}  // namespace

TEST_CASE("before a driver's callers learn of its death its device is silenced, and one that cannot be does not keep it down") {
    Driven driven({Error::TimedOut});
    CHECK(silenced == 1);
    CHECK(driven.cast->state_of("driver") == State::Up);
    CHECK(driven.cast->line("driver").incarnation == 2);
}

TEST_CASE("a device whose reset takes time is asked at each tick, and its driver does not start before") {
    Driven driven({Error::Busy, Error::Busy, Error::Busy, Error::None});
    Cast& cast = *driven.cast;
    const unsigned before = silenced;
    CHECK(cast.state_of("driver") == State::BackingOff);
    for (unsigned tick = 1; tick <= 4 && cast.state_of("driver") != State::Up; ++tick) {
        CHECK(cast.line("driver").incarnation == 1);
        cast.tick(1);
        CHECK(silenced == before + tick);
    }
    CHECK(silenced == 4);
    CHECK(cast.state_of("driver") == State::Up);
    CHECK(cast.line("driver").incarnation == 2);
}
