// The network server is killed at random instructions, while connections of every age exist: of a machine with itself, and of two
// machines on one wire, both of whose network servers are killed. No connection fails, no byte is wrong, none is lost.
//
// EFT_KILLS: how often, at least.
#include "cable.h"
#include "capture.h"

#include <system.h>

#include <doctest/doctest.h>

#include <list>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr long kKills = EFT_KILLS;
constexpr Duration kPatience = 60s + 500ms * kKills;

class Killed {
public:
    Killed(const std::string& archive, const std::vector<Card>& cards, bool idles)
        : system_({.archive = std::string(EFT_TARGET_TREE) + "/" + archive + ".archive", .icount = true, .idles = idles, .cards = cards}) {}

    long kills() { return system_.services().at("net").restarts; }
    // The last line that the traffic has logged of itself.
    std::string said() {
        const std::string log = system_.run("log traffic");
        const std::size_t at = log.rfind("connections: ");
        return at == std::string::npos ? "" : log.substr(at, log.find('\n', at) - at);
    }
    long whole() { return said().empty() ? 0 : std::stol(said().substr(sizeof "connections:")); }
    // What a failure is understood from.
    std::string told() { return system_.run("service list; log killer; log traffic; log net; ip; ps"); }
    void spare() { system_.run("service stop killer"); }
    // Connections that were made before the last kill have ended, too.
    void check() {
        const long before = whole();
        for (const Deadline deadline = after(kPatience); whole() < before + 48 && until(deadline).count() > 0;) std::this_thread::sleep_for(100ms);
        const std::string last = said();
        MESSAGE(kills(), " kills; ", last);
        CHECK_MESSAGE(whole() >= before + 48, told());
        CHECK(last.ends_with(" whole, 0 failed"));
        const std::string counted = system_.run("ip");
        CHECK_MESSAGE(counted.find(", lost 0\n") != std::string::npos, counted);
        CHECK(counted.find("recovered 0,") == std::string::npos);
        CHECK(system_.services().at("traffic").restarts == 0);
    }
    System& system() { return system_; }

private:
    System system_;
};

void wait_for_kills(std::list<Killed>& machines) {
    const Deadline deadline = after(kPatience);
    for (Killed& each : machines)
        while (each.kills() < kKills) {
            REQUIRE_MESSAGE(until(deadline).count() > 0, each.told());
            std::this_thread::sleep_for(200ms);
        }
    for (Killed& each : machines) each.spare();
    for (Killed& each : machines) each.check();
}

}  // namespace

TEST_CASE("connections of a machine with itself") {
    std::list<Killed> machines;
    machines.emplace_back("killed_alone", std::vector<Card>{}, false);
    wait_for_kills(machines);
    machines.front().system().shut_down();
}

TEST_CASE("connections of two machines with each other") {
    const Cable cable;
    const Capture capture;
    std::list<Killed> machines;
    machines.emplace_back("killed_first", std::vector<Card>{capture.of(cable.card(0))}, true);
    machines.emplace_back("killed_second", std::vector<Card>{cable.card(1)}, true);
    wait_for_kills(machines);
    for (Killed& each : machines) each.system().shut_down();
    CHECK(capture.faults() == "");
    CHECK(capture.resets() == "");
}
