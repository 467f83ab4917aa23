// Rings survive a thousand kills of their server at random moments, with eight clients whose requests are in progress.
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

TEST_CASE("eight clients of a ring notice nothing of a thousand kills") {
    System system({.archive = std::string(EFT_TARGET_TREE) + "/rings.archive", .icount = true});
    system.machine().console().read_until("ring_killer: ", std::chrono::seconds(240));
    const std::string log = system.machine().console().read_line(std::chrono::seconds(10));
    CHECK_MESSAGE(log.find("killed 1000 times") != std::string::npos, log);
    MESSAGE(log);  // the same in every run of the same build
    CHECK_MESSAGE(log.find("nothing left") != std::string::npos, log);
    const std::size_t at = log.find("times, ");
    REQUIRE(at != std::string::npos);
    CHECK_MESSAGE(std::stol(log.substr(at + 7)) >= 500, log);
    const auto services = system.services();
    CHECK(services.at("ram_block").restarts >= 1000);
    for (int client = 0; client < 8; ++client) {
        const std::string name = "ring_client_" + std::to_string(client);
        CHECK_MESSAGE(services.at(name).state == "up", system.run("service info " + name));
        CHECK_MESSAGE(system.run("log " + name).find("answered ") != std::string::npos, name);
    }
    system.shut_down();
}

TEST_CASE("clients that scribble over their ring or take its memory away leave another client's transfer right") {
    System system({.archive = std::string(EFT_TARGET_TREE) + "/vandals.archive"});
    const auto answered = [&] {
        const std::string log = system.run("log ring_client");
        const std::size_t at = log.rfind("answered ");
        return at == std::string::npos ? 0L : std::stol(log.substr(at + 9));
    };
    system.run("sleep 2000");
    CHECK(system.run("log vandal_scribble").find("scribble") != std::string::npos);
    CHECK(system.run("log vandal_vanish").find("vanish") != std::string::npos);
    const long before = answered();
    system.run("sleep 3000");
    CHECK(answered() > before);
    const auto services = system.services();
    CHECK(services.at("ram_block").restarts == 0);
    CHECK(services.at("ring_client").state == "up");
    system.shut_down();
}
