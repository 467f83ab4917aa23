// Whom failures and late answers are attributed to: the service, or a client of it.
#include "cast.h"

#include <eft/session.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;
using State = rs::ServiceState;

namespace {

constexpr unsigned kWindowTicks = 1000;  // Cast::kStill

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

namespace {

Error asked(Cast& cast, std::string_view caller, std::string_view actor) {
    Requests requests;
    requests.whom = actor;
    requests.asks = true;
    cast.call(caller, requests);
    CHECK(cast.ends(caller));  // a second failure is followed by a wait
    return Cast::requests(caller).last;
}

}  // namespace

TEST_CASE("an error that another incarnation might not answer is not heard of before one was asked") {
    for (const Error wrong : {Error::DeviceError, Error::NoSuchMethod, Error::BadMessage, static_cast<Error>(200), static_cast<Error>(70000)}) {
        CAPTURE(wrong);
        Cast::script("zero") = {.wrong_incarnations = 1, .wrong = wrong};
        Cast cast;
        CHECK(asked(cast, "anna", "zero") == Error::None);
        CHECK(cast.deaths("zero") == 1);
        CHECK(cast.last_death("zero") == std::string("a doubtful answer; answered anna with ") + to_string(wrong));
        CHECK(asked(cast, "anna", "zero") == Error::None);
        CHECK(cast.deaths("zero") == 1);
    }
}

TEST_CASE("an error that a fresh incarnation repeats is heard of, and costs two restarts in the window, whoever complains") {
    Cast::script("zero") = {.wrong_incarnations = ~0u, .wrong = Error::DeviceError};
    Cast cast;
    CHECK(asked(cast, "anna", "zero") == Error::DeviceError);
    CHECK(cast.deaths("zero") == 1);
    CHECK(asked(cast, "bert", "zero") == Error::DeviceError);
    CHECK(cast.deaths("zero") == 2);
    for (const char* caller : {"anna", "bert", "carl"}) {
        CHECK(asked(cast, caller, "zero") == Error::DeviceError);
        cast.tick(1);
    }
    CHECK(cast.deaths("zero") == 2);
    CHECK(cast.state_of("zero") == State::Up);
    cast.tick(1000);
    CHECK(asked(cast, "anna", "zero") == Error::DeviceError);
    CHECK(cast.deaths("zero") == 3);
}

TEST_CASE("an error that the interface does not list is believed, and so is one of a call that does not say anything") {
    Cast::script("zero") = {.wrong_incarnations = 1, .wrong = Error::NotFound};
    Cast cast;
    CHECK(asked(cast, "anna", "zero") == Error::NotFound);
    Requests requests;
    requests.whom = "zero";
    requests.order = {.deed = Deed::Pass};
    cast.call("anna", requests);
    CHECK(Cast::requests("anna").last == Error::NotFound);
    CHECK(cast.deaths("zero") == 0);
}
