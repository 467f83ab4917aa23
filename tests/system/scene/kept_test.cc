// A session that names keeps for a client over the client's death: `once` calls and a subscription go on in it.
#include "system.h"

#include <doctest/doctest.h>

#include <regex>

using namespace eft::qemu;

namespace {

std::string last_words(System& system) {
    for (int wait = 0; wait < 300; ++wait) {
        const std::string log = system.run("log kept_drawer");
        if (const auto at = log.find("drawn "); at != std::string::npos) return log.substr(at, log.find('\n', at) - at);
        system.run("sleep 100");
    }
    return "it has not drawn them all: " + system.run("log kept_drawer") + system.run("service info kept_drawer");
}

}  // namespace

TEST_CASE("a client that is reborn is the same client: each call has one effect, each event is seen once") {
    System system({.archive = EFT_TARGET_TREE "/kept.archive"});
    constexpr int kRounds = 12;
    for (int round = 0; round < kRounds; ++round) {
        system.run("service kill kept_drawer; service wait kept_drawer; service kill kept_drawer; sleep 2");
        system.run("service kill counter; service wait counter; sleep 1; service kill kept_drawer --signal crash; service kill counter");
        system.run("service wait kept_drawer");
    }
    system.run("rpc counter Add {\"amount\": 1000000000000}");
    const std::string words = last_words(system);
    std::smatch found;
    REQUIRE_MESSAGE(std::regex_match(words, found, std::regex("drawn ([0-9]+), last ([0-9]+), lives ([0-9]+), repeated ([0-9]+), "
                                                               "events ([0-9]+), missed ([0-9]+), wrong 0")), words);
    MESSAGE(words);
    CHECK(found[1] == found[2]);
    CHECK(system.run("rpc counter Get") == "{\"value\": " + std::to_string(1'000'000'000'000 + std::stoll(found[1])) + "}\n");
    // Some are killed before they can count themselves; two in each round are waited for.
    CHECK(std::stol(found[3]) >= 2 * kRounds);
    CHECK(std::stol(found[3]) <= 3 * kRounds + 1);
    CHECK(std::stol(found[4]) > 0);  // kills hit a call in progress
    CHECK(std::stol(found[5]) + std::stol(found[6]) == std::stol(found[1]) + 1);
    // The prompt's session with the counter is another one.
    CHECK(system.run("rpc counter Mine") == "{\"added\": 1000000000000, \"calls\": 1}\n");
    system.shut_down();
}
