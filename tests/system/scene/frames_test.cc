// A network card on a wire to this process: numbered frames go both ways without a pause while its driver dies of all that
// drivers die of.
#include "frame_traffic.h"
#include "service.h"

#include <doctest/doctest.h>

#include <chrono>
#include <regex>

using namespace eft::qemu;

namespace {

struct Report {
    unsigned long sent, arrived, damaged, disordered, given_up;
};

// What the guest counted, when it has been told that this is the end.
Report end_of(System& system, Wire& wire) {
    static const std::regex kLine("sent (\\d+) arrived (\\d+) damaged (\\d+) disordered (\\d+) given up (\\d+)");
    std::smatch found;
    std::string log;
    for (int i = 0; i < 100; ++i) {
        wire.send(frame(0, eft::test::kEnd));  // it may not be taken
        for (const Deadline deadline = after(Duration(50)); until(deadline) > Duration(0);) wire.receive(deadline);
        log = system.run("log frames");
        if (!std::regex_search(log, found, kLine)) continue;
        const auto number = [&](int group) { return std::stoul(found[group]); };
        return {number(1), number(2), number(3), number(4), number(5)};
    }
    throw std::runtime_error("the guest does not see the end\n" + log);
}

struct Kind {
    std::string driver, device;
    std::string archive = "frames";
};
// QEMU's e1000 has sent whatever it is given, and loses what the wire does not take.
const Kind kVirtio{"virtio_net", Card().device}, kE1000{"e1000", "e1000", "paced_frames"};

struct Connected {
    explicit Connected(const std::string& device) : card(wire.card()) { card.device = device; }

    Wire wire;
    Card card;
};
struct Fixture : Connected {
    explicit Fixture(const Kind& kind)
        : Connected(kind.device), name(kind.driver), system({.archive = std::string(EFT_TARGET_TREE) + "/" + kind.archive + ".archive", .cards = {card}}) {}

    std::string name;
    System system;
    Service driver{system, name};

    void survive_deaths();
    void watch_link();
};

void Fixture::survive_deaths() {
    Traffic traffic(wire);
    REQUIRE(comes_true([&] { return traffic.arrived > 2000 && traffic.sent > 2000; }, std::chrono::seconds(20)));
    unsigned deaths = 0;
    for (const std::string signal : {"kill", "crash", "hang", "kill", "crash", "kill", "crash", "kill"}) {
        traffic.longest_pause();
        const std::uint32_t arrived = traffic.arrived, sent = traffic.sent;
        driver.kill(signal);
        ++deaths;
        CHECK(comes_true([&] { return traffic.arrived > arrived + 1000 && traffic.sent > sent + 1000; }, std::chrono::seconds(20)));
        const auto pause = traffic.longest_pause();
        MESSAGE(signal, ": the longest pause was ", pause.count(), " ms");
        CHECK(pause < std::chrono::seconds(3));
    }
    CHECK(comes_true([&] { return traffic.arrived > 10'000 && traffic.sent > 10'000; }, std::chrono::seconds(20)));
    traffic.stop();
    const Report guest = end_of(system, wire);
    MESSAGE("the guest sent ", guest.sent, ", of which came ", traffic.arrived.load(), " and ", traffic.again.load(), " again; it was sent ", traffic.sent.load(),
            ", of which came ", guest.arrived, "; given up ", guest.given_up);
    CHECK(traffic.damaged == 0);
    CHECK(traffic.missing == 0);
    CHECK(guest.damaged == 0);
    CHECK(guest.disordered == 0);
    CHECK(guest.arrived <= traffic.sent);
    CHECK(guest.arrived + deaths * 256 >= traffic.sent);  // those in buffers whose completion nobody saw

    // Those of a step at each death are not counted.
    const Json counts = driver.call("Counts");
    CHECK(counts.at("sent_frames").get<unsigned long>() <= guest.sent);
    CHECK(counts.at("sent_frames").get<unsigned long>() + deaths * 64 >= guest.sent);
    CHECK(counts.at("received_frames").get<unsigned long>() + deaths * 128 >= guest.arrived);
    CHECK(counts.at("resets") == 0);
    CHECK(system.services().at(name).restarts == static_cast<long>(deaths));
    CHECK(system.services().at("frames").state == "up");
    system.shut_down();
}

void Fixture::watch_link() {
    const auto set_link = [&](bool up) { system.machine().control().command("set_link", {{"name", "card-net0"}, {"up", up}}); };
    const auto says = [&](const std::string& line) {
        return comes_true([&] { return system.run("log frames").find(line) != std::string::npos; }, std::chrono::seconds(10));
    };
    CHECK(driver.call("Link").at("up") == true);
    set_link(false);
    CHECK(says("event 1: down"));
    CHECK(driver.call("Link").at("up") == false);
    Traffic traffic(wire);
    set_link(true);
    CHECK(says("event 2: up"));
    CHECK(comes_true([&] { return traffic.arrived > 100; }, std::chrono::seconds(10)));

    system.run("service kill " + name + " --signal hang");
    set_link(false);
    CHECK(says("event 3: down"));
    CHECK(system.services().at(name).restarts == 1);
    driver.kill();
    set_link(true);
    CHECK(says("event 4: up"));
    const auto goes_on = [&] {
        const std::uint32_t arrived = traffic.arrived, sent = traffic.sent;
        return comes_true([&] { return traffic.arrived > arrived + 500 && traffic.sent > sent + 500; }, std::chrono::seconds(10));
    };
    CHECK(goes_on());
    system.run("service stop " + name + "; sleep 100");
    set_link(false);
    system.run("service start " + name);
    CHECK(says("event 5: down"));
    set_link(true);
    CHECK(says("event 6: up"));
    CHECK(goes_on());
    traffic.stop();
    CHECK(driver.call("Counts").at("resets") == 0);
    CHECK(system.run("log frames").find("event 7") == std::string::npos);
    system.shut_down();
}

}  // namespace

TEST_CASE("frames go both ways while their driver is killed, crashes and hangs: none is damaged, and none that was sent is missing") {
    Fixture(kVirtio).survive_deaths();
}
TEST_CASE("the same over e1000") { Fixture(kE1000).survive_deaths(); }

TEST_CASE("a link that goes down and up is an event each, also when there is no driver at that moment, or it has been stopped") {
    Fixture(kVirtio).watch_link();
}
TEST_CASE("the same link events over e1000") { Fixture(kE1000).watch_link(); }

TEST_CASE("other cards of the kind: with an interrupt line, without a control queue, with the old interface beside the new one, without a status") {
    for (const std::string device : {"virtio-net-pci,disable-legacy=on,vectors=0", "virtio-net-pci,disable-legacy=on,ctrl_vq=off,ctrl_rx=off",
                                     "virtio-net-pci", "virtio-net-pci,disable-legacy=on,mrg_rxbuf=off,status=off"}) {
        CAPTURE(device);
        Fixture fixture({"virtio_net", device});
        System& system = fixture.system;
        Traffic traffic(fixture.wire);
        const auto goes_on = [&] {
            const std::uint32_t arrived = traffic.arrived;
            return comes_true([&] { return traffic.arrived > arrived + 1000; }, std::chrono::seconds(10));
        };
        CHECK(goes_on());
        fixture.driver.kill("crash");
        CHECK(goes_on());
        traffic.stop();
        const Report guest = end_of(system, fixture.wire);
        CHECK(guest.arrived > 100);
        CHECK(guest.damaged + traffic.damaged + traffic.missing == 0);
        system.shut_down();
    }
}
