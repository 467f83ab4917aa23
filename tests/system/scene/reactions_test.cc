// What the manifest says is to be done besides when a service fails (`on_failure`).
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

TEST_CASE("a line, another service's restart and the start of a program follow a failure, and no order") {
    System system({.archive = EFT_TARGET_TREE "/reactions.archive"});
    CHECK(system.services().at("aide").state == "down");
    system.run("service kill counter; service wait counter; sleep 200");
    CHECK(system.services().at("aide").state == "down");
    CHECK(system.services().at("echo").restarts == 0);

    system.run("rpc counter Add {\"amount\": 7}; service fault counter Counter.Get kill 1; rpc counter Get; service fault counter off; service wait counter");
    system.run("sleep 200; service wait echo; service wait aide");
    const auto services = system.services();
    CHECK(services.at("aide").state == "up");
    CHECK(services.at("aide").incarnation == 1);
    CHECK(services.at("echo").restarts >= 1);
    CHECK(services.at("echo").restarts <= 2);  // the call comes a second time, and kills again
    CHECK(system.run("service info echo").find("last death: exit with status 0 (ordered)\n") != std::string::npos);
    CHECK(system.run("rpc counter Get") == "{\"value\": 7}\n");
    const std::string log = system.run("log rs");
    for (const char* line : {"rs: counter: counts are safe: they lie in its state\n", "rs: counter: has failed, so this is restarted: echo\n",
                             "rs: counter: has failed, so this is started: aide\n"})
        CHECK_MESSAGE(log.find(line) != std::string::npos, log);
    system.shut_down();
}
