// Linux' own TCP/IP as the peer: Debian's kernel in another machine on the same wire (other_machine.cc), in both roles, while the
// driver and the network server die. Both ends count, and tshark looks at all frames.
#include <cable.h>
#include <capture.h>
#include <system.h>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 120s;
const std::string kLinuxFiles = EFT_LINUX;
// Linux' addresses; the second one is what it makes of its card's.
constexpr const char* kLinuxAddresses[] = {"192.0.2.2", "fe80::5054:ff:fe00:2"};

class Linux {
public:
    explicit Linux(const Card& card)
        : machine_({.kernel = kLinuxFiles + "/vmlinuz", .archive = kLinuxFiles + "/linux-other-machine.initrd", .cards = {card}, .extra = {"-append", "console=ttyS0 quiet"}}) {
        answer();
    }
    // One order at a time.
    void tell(const std::string& order) { machine_.console().write(order + "\n"); }
    std::string answer() { return machine_.console().read_match("(?:^|\n)# ([^\r\n]*)\r?\n", kPatience).groups[1]; }
    std::string ask(const std::string& order) {
        tell(order);
        return answer();
    }

private:
    Machine machine_;
};

struct TwoSystems {
    explicit TwoSystems(const std::string& device) : driver(device.starts_with("e1000") ? "e1000" : "virtio_net"), eft_card(capture.of(cable.card(0, device))) {
        eft.emplace(System::Choice{.archive = EFT_TARGET_TREE "/beside_linux.archive", .cards = {eft_card}});
        other.emplace(cable.card(1, Card().device));
        for (int look = 0; look < 100 && eft->run("ping -c 1 192.0.2.2").find(" 0 % lost") == std::string::npos; ++look) std::this_thread::sleep_for(100ms);
    }

    // Linux' answer, and meanwhile each service dies so many times.
    std::string ask_under_kills(const std::string& order, unsigned times) {
        other->tell(order);
        for (unsigned i = 0; i < times; ++i)
            for (const std::string& service : {driver, std::string("net")}) eft->run("sleep 150; service kill " + service);
        return other->answer();
    }

    const std::string driver;
    Cable cable;
    Capture capture;
    Card eft_card;
    std::optional<System> eft;
    std::optional<Linux> other;
};

std::string counted(unsigned connections) {
    const std::string number = std::to_string(connections);
    return "guest " + number + " failed 0 damaged 0 error 0";
}
std::string whole(unsigned connections) { return "whole " + std::to_string(connections) + " failed 0"; }

void exchange(TwoSystems& systems, unsigned connections, const std::string& bytes, unsigned kills) {
    const std::string order = " " + std::to_string(connections) + " 16 " + bytes;
    CHECK(systems.ask_under_kills("call" + order, kills) == whole(connections));
    CHECK(systems.other->ask("told " + std::to_string(connections)) == counted(connections));
    for (const char* address : kLinuxAddresses) {
        CAPTURE(address);
        CHECK(systems.ask_under_kills("be-called" + order + " " + address, kills) == counted(connections) + "; " + whole(connections));
    }
}

void exchange_over(const std::string& device) {
    TwoSystems systems(device);
    exchange(systems, 100, "3000 2000", 0);
    exchange(systems, 16, "500000 500000", 4);
    CHECK(systems.eft->services().at("net").restarts == 12);
    CHECK(systems.eft->services().at(systems.driver).restarts == 12);
    CHECK(systems.eft->run("ip").find(", lost 0\n") != std::string::npos);
    CHECK(systems.other->ask("counters") == "AttemptFails 0, EstabResets 0, InCsumErrors 0");
    systems.eft->shut_down();
    systems.other.reset();
    MESSAGE(systems.capture.frames(), " frames");
    CHECK(systems.capture.faults() == "");
    CHECK(systems.capture.resets() == "");
}

}  // namespace

TEST_CASE("connections to and from Linux are whole, over virtio_net") { exchange_over(Card().device); }
TEST_CASE("connections to and from Linux are whole, over e1000") { exchange_over("e1000"); }
