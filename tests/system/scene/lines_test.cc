// Three cards on one interrupt line: frames go over two of them, whatever the driver of the third does.
#include "frame_traffic.h"
#include "service.h"

#include <doctest/doctest.h>

using namespace eft::qemu;

namespace {

// Slots that are four apart have their pins on the same line.
Card card_at(const Wire& wire, const std::string& id, const std::string& slot) {
    Card card = wire.card();
    card.id = id;
    card.device = "e1000,addr=" + slot;
    return card;
}

struct ThreeCards {
    Wire first, second;
    System system{{.archive = std::string(EFT_TARGET_TREE) + "/lines.archive",
                   .cards = {card_at(first, "net0", "0x13"), card_at(second, "net1", "0x17"), {.id = "net2", .device = "e1000,addr=0x1b"}}}};
    Traffic one{first}, two{second};

    bool goes_on(std::uint32_t frames, Duration within) {
        const std::uint32_t from_one = one.arrived, from_two = two.arrived, to_one = one.sent, to_two = two.sent;
        return comes_true([&] { return one.arrived > from_one + frames && two.arrived > from_two + frames && one.sent > to_one + 50 && two.sent > to_two + 50; }, within);
    }
    Duration longest_pause() { return std::max(one.longest_pause(), two.longest_pause()); }
};

}  // namespace

TEST_CASE_FIXTURE(ThreeCards, "a driver that is silent, claims every interrupt, babbles, hangs or dies keeps nobody on its line from its interrupts") {
    using namespace std::chrono_literals;
    REQUIRE(goes_on(1000, 20s));
    Service rogue(system, "line_rogue");
    const auto ways = {"silent", "claims", "babbles", "joins", "hangs", "dies"};
    for (const std::string way : ways) {
        CAPTURE(way);
        const auto reached = [&] {
            const std::string log = system.run("log line_rogue");
            return log.ends_with(way + "\n");
        };
        longest_pause();
        // From those that hang or die the next one follows by itself.
        if (!reached() && way != "dies") system.run("service kill line_rogue");
        CHECK(goes_on(1000, 30s));
        system.run("sleep 1000");
        CHECK(goes_on(1000, 30s));
        const auto pause = longest_pause();
        MESSAGE(way, ": the longest pause was ", pause.count(), " ms");
        CHECK(pause < 3s);
    }
    for (const std::string name : {"e1000", "e1000_1", "frames", "frames_1"}) CHECK(system.services().at(name).restarts == 0);
    MESSAGE(system.run("log dev; log line_rogue"));

    // And when the others die, too.
    for (const std::string signal : {"kill", "crash", "hang"}) {
        for (const std::string name : {"e1000", "e1000_1"}) {
            system.run("service kill " + name + " --signal " + signal);
            CHECK(goes_on(500, 30s));
        }
    }
    one.stop();
    two.stop();
    for (const Traffic* each : {&one, &two}) {
        CHECK(each->damaged == 0);
        CHECK(each->missing == 0);
    }
    system.shut_down();
}
