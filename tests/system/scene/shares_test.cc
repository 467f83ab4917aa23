// A program that never sleeps, more important than the prompt, with a tenth of the processor (the manifest's `share`):
// it gets that tenth and no more, and the prompt answers.
#include "system.h"

#include <doctest/doctest.h>

#include <regex>

using namespace eft::qemu;

TEST_CASE("a spinner above the prompt gets its share of the processor and no more") {
    // Under icount, where the machine's other work cannot take time away from the spinner.
    System system({.archive = EFT_TARGET_TREE "/shares.archive", .icount = true});
    CHECK(system.services().at("spinner").state == "up");
    CHECK(system.run("sleep 2500") == "");
    const std::string log = system.run("log spinner");
    const std::regex pattern("I had ([0-9]+) % of the processor");
    unsigned reports = 0;
    for (auto found = std::sregex_iterator(log.begin(), log.end(), pattern); found != std::sregex_iterator(); ++found, ++reports) {
        CHECK_MESSAGE(std::stoi((*found)[1]) >= 8, log);
        CHECK_MESSAGE(std::stoi((*found)[1]) <= 12, log);
    }
    CHECK_MESSAGE(reports >= 4, log);
    system.shut_down();
}
