// Two machines on one wire that does wrong: each fetches a file from the other, whose sum the host knows, and neither has lost a
// connection.
#include <relay.h>
#include <system.h>

#include <doctest/doctest.h>

#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

class TwoMachines {
public:
    // What `fetch --sum` says of the other machine's file, or why it fails, while the network server is killed.
    std::string fetched_by(unsigned machine) {
        return systems_[machine].run("fetch --sum http://[" + Relay::address(1 - machine) + "]/big.bin & sleep 200; service kill net; wait", 120);
    }
    // A link-local address is used when it has been checked, and the server listens when it has been started.
    bool reach_each_other() {
        for (unsigned machine = 0; machine < 2; ++machine) {
            int looks = 50;
            do {
                std::this_thread::sleep_for(100ms);
                systems_[machine].run("fetch http://[" + Relay::address(1 - machine) + "]/hello.txt");
            } while (systems_[machine].status() != 0 && --looks != 0);
            if (looks == 0) return false;
        }
        return true;
    }
    bool has_lost_none(unsigned machine) { return systems_[machine].run("ip").find(", lost 0\n") != std::string::npos; }

    TestDisk disk{1};
    Relay relay{1};
    System& operator[](unsigned machine) { return systems_[machine]; }

private:
    System::Choice choice(unsigned machine) { return {.disk = disk.path(), .archive = EFT_TARGET_TREE "/web.archive", .cards = {relay.card(machine)}}; }
    std::array<System, 2> systems_{System(choice(0)), System(choice(1))};
};

}  // namespace

TEST_CASE("each fetches from the other over a wire that does wrong by 0 and 1 %, while its network server is killed") {
    TwoMachines machines;
    REQUIRE(machines.reach_each_other());
    for (const unsigned per_mille : {0u, 10u}) {
        CAPTURE(per_mille);
        machines.relay.set_faults(eft::test::WireFaults::all(per_mille));
        for (unsigned machine = 0; machine < 2; ++machine) {
            CAPTURE(machine);
            const std::string said = machines.fetched_by(machine);
            CAPTURE(said);
            CHECK(said.find(machines.disk.sum()) != std::string::npos);
        }
    }
    for (unsigned machine = 0; machine < 2; ++machine) {
        CHECK(machines.has_lost_none(machine));
        const auto counts = machines.relay.counts(machine);
        MESSAGE("machine ", machine, ": ", counts.frames, " frames, ", counts.lost, " lost, ", counts.delayed, " delayed, ", counts.doubled, " doubled, ", counts.corrupted, " corrupted");
    }
}
