// `rpc` of calls that wait: the prompt goes on, and they can be left. turnstile's Get waits for the next Add, and Mine says how
// many wait.
#include "system.h"

#include <doctest/doctest.h>

#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr Duration kMoment = 5s;
constexpr unsigned kMostCalls = 8;  // Calls::kMost

std::string waiting(unsigned count) { return "{\"added\": 0, \"calls\": " + std::to_string(count) + "}\n"; }

// Types it, and leaves it by Ctrl-C.
void leave(System& system, const std::string& line) {
    Console& console = system.machine().console();
    console.write(line + "\r");
    console.read_line(kMoment);
    std::this_thread::sleep_for(100ms);
    console.write("\x03");
    console.read_until("^C\neft> ", kMoment);
}


}  // namespace

TEST_CASE("a call that waits is left by Ctrl-C, its request is cancelled, and the prompt never waits for one in the background") {
    System system({.archive = std::string(EFT_TARGET_TREE) + "/turnstile.archive"});

    CHECK(system.run("rpc turnstile Mine") == waiting(0));
    leave(system, "rpc turnstile Get");
    CHECK(system.run("echo $?; rpc turnstile Mine") == "130\n" + waiting(0));
    system.run("sleep 1500");  // the services' next incarnations are prepared
    const auto before = system.free();
    for (unsigned i = 0; i < 2 * kMostCalls; ++i) leave(system, "rpc turnstile Get");
    CHECK(system.run("rpc turnstile Mine") == waiting(0));
    const auto after = system.free();
    CHECK(after.at("slots") == before.at("slots"));
    CHECK(after.at("USED_KIB") <= before.at("USED_KIB") + 64);

    // In the background: the same session is served meanwhile, and answers what waits.
    system.run("rpc turnstile Get &");
    CHECK(system.run("rpc turnstile Mine") == waiting(1));
    system.run("rpc turnstile Add {\"amount\": 3}; wait");
    CHECK(system.run("rpc turnstile Mine") == waiting(0));

    // Its server dies: it is repeated. It is stopped: it is told.
    system.run("rpc turnstile Get &");
    CHECK(system.run("service kill turnstile; service wait turnstile; sleep 100; rpc turnstile Mine") == waiting(1));
    CHECK(system.run("rpc turnstile Add {\"amount\": 3}; wait") == "{\"value\": 6}\n{\"value\": 6}\n");
    CHECK(system.run("rpc turnstile Get & service stop turnstile; wait").find("rpc: turnstile Get: service held") != std::string::npos);
    CHECK(system.run("service start turnstile; rpc turnstile Mine") == waiting(0));

    // Who leaves one leaves the session, and with it the others that wait there.
    system.run("rpc turnstile Get &");
    leave(system, "rpc turnstile Get");
    CHECK(system.run("wait; rpc turnstile Mine").ends_with(waiting(0)));

    // As many as there are threads; the others are told.
    for (unsigned i = 0; i < kMostCalls; ++i) system.run("rpc turnstile Get &");
    CHECK(system.run("rpc turnstile Mine") == "rpc: 8 calls wait already; end one with Ctrl-C, or what it waits for\n");
    system.run("service restart turnstile");
    system.run("service stop turnstile; wait");
    CHECK(system.run("service start turnstile; rpc turnstile Mine") == waiting(0));

    // Ctrl-C while the service does not answer at all.
    system.run("service kill turnstile --signal hang");
    leave(system, "rpc turnstile Add");
    CHECK(system.run("service wait turnstile; rpc turnstile Mine") == waiting(0));
    system.shut_down();
}

TEST_CASE("an event is watched until Ctrl-C: over deaths of its service, which are told, and each event once") {
    System system({});
    system.run("rpc counter --watch Changed --count 4 & sleep 100");
    CHECK(system.run("rpc counter Add {\"amount\": 3}; sleep 100") ==
          "{\"value\": 3}\n{\"number\": 1, \"missed\": 0, \"value\": 3, \"amount\": 3}\n");
    std::string told = system.run("service kill counter; rpc counter Add {\"amount\": 4}; sleep 1500");
    CHECK_MESSAGE(told.find("counter: restarted, incarnation 2\n") != std::string::npos, told);
    CHECK_MESSAGE(told.find("{\"number\": 2, \"missed\": 0, \"value\": 7, \"amount\": 4}\n") != std::string::npos, told);
    CHECK(system.run("service stop counter; sleep 1500") == "counter: down; `service start counter` starts it\n");
    told = system.run("service start counter; rpc counter Draw; sleep 1500");
    CHECK_MESSAGE(told.find("counter: restarted, incarnation 3\n") != std::string::npos, told);
    CHECK_MESSAGE(told.find("{\"number\": 3, \"missed\": 0, \"value\": 8, \"amount\": 1}\n") != std::string::npos, told);
    CHECK(system.run("rpc counter Draw; wait; echo done").ends_with("{\"number\": 4, \"missed\": 0, \"value\": 9, \"amount\": 1}\ndone\n"));

    for (int i = 0; i < 20; ++i) leave(system, "rpc counter --watch Changed");  // more than there are sources of wake-ups, or sessions
    CHECK(system.run("rpc counter --watch Changed --count 1 & sleep 100; rpc counter Draw; wait").find("\"number\": 1,") != std::string::npos);

    CHECK(system.run("rpc counter --watch Nope") == "rpc: counter: it has no event Nope; it has Changed\n");
    CHECK(system.run("rpc echo --watch Changed") == "rpc: echo: it has no event Changed\n");
    CHECK(system.run("rpc nothing --watch Changed") == "rpc: nothing: there is no such service; rpc alone lists them\n");
    CHECK(system.run("service stop counter; rpc counter --watch Changed") == "rpc: counter: service held (counter is down; service start counter starts it)\n");
    CHECK(system.run("rpc block/0 --watch Changed") == "rpc: block/0: the manifest does not let monitor connect to it\n");
    system.shut_down();
}
