// Answers that take longer than the interface says (`within`): what follows if clients really had to wait, and that
// nothing follows if they only say so.
#include "system.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

namespace {

const std::string kArchives = EFT_TARGET_TREE;

unsigned count(const std::string& text, const std::string& part) {
    unsigned found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("a service whose answers are late for two clients is restarted, and it says why") {
    System system({.archive = kArchives + "/overdue.archive", .icount = true});
    for (int round = 0; round < 60 && system.services().at("slow").restarts == 0; ++round) system.run("sleep 200");
    const auto services = system.services();
    CHECK(services.at("slow").restarts > 0);
    const std::string info = system.run("service info slow");
    CHECK_MESSAGE(info.find("last death: overdue answers; its answer to patient_") != std::string::npos, info);
    CHECK_MESSAGE(info.find("; 2 clients complained\n") != std::string::npos, info);
    // Both have the usual kind of session; one manifest's entry says so.
    for (const std::string name : {"patient_one", "patient_two"})
        CHECK_MESSAGE(system.run("service info " + name).find("endpoint of slow, client session ") != std::string::npos, name);
    for (const std::string name : {"patient_one", "patient_two", "echo", "counter"}) CHECK_MESSAGE(services.at(name).restarts == 0, name);
    system.shut_down();
}

TEST_CASE("clients that complain without cause harm nobody, and one client alone is no evidence") {
    System system({.archive = kArchives + "/liars.archive", .icount = true});
    for (const std::string liar : {"liar_one", "liar_two", "liar_three"})
        for (int round = 0; round < 60 && count(system.run("log " + liar), "lied") < 3; ++round) system.run("sleep 300");
    for (int round = 0; round < 60 && count(system.run("log patient"), "waited") < 2; ++round) system.run("sleep 300");
    const auto services = system.services();
    CHECK(services.at("slow").state == "up");
    CHECK(services.at("slow").restarts == 0);
    const std::string log = system.run("log rs");
    CHECK_MESSAGE(log.find("slow: its answer to patient took ") != std::string::npos, log);
    for (const std::string liar : {"liar_one", "liar_two", "liar_three"}) {
        CHECK_MESSAGE(count(system.run("log " + liar), "lied") >= 3, liar);
        CHECK_MESSAGE(count(log, liar + ": complains of late answers of slow, which there were not") == 1, log);
    }
    system.shut_down();
}
