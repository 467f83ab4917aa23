// Debian's curl and nc as clients of the machine's servers, while the driver and the network server die; and what tshark says of it.
#include "capture.h"
#include "network.h"

#include <doctest/doctest.h>

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <future>
#include <optional>

using namespace eft::qemu;

namespace {

// HTTP, echo, discard, chargen, and echo over UDP.
constexpr const char* kForwards = ",hostfwd=tcp:127.0.0.1:0-:80,hostfwd=tcp:127.0.0.1:0-:7,hostfwd=tcp:127.0.0.1:0-:9,hostfwd=tcp:127.0.0.1:0-:19,hostfwd=udp:127.0.0.1:0-:7";

struct Ran {
    int status = 0;
    std::string output;
};

// By the host's shell.
Ran ran(const std::string& command) {
    FILE* const pipe = popen((command).c_str(), "r");
    if (!pipe) throw std::runtime_error("cannot run " + command);
    Ran result;
    std::array<char, 4096> part;
    while (const std::size_t count = fread(part.data(), 1, part.size(), pipe)) result.output.append(part.data(), count);
    const int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}
std::string output(const std::string& command) {
    const Ran result = ran("{ " + command + "; } 2>&1");
    CHECK_MESSAGE(result.status == 0, command);
    return result.output;
}

struct Served {
    explicit Served(const std::string& device) : driver(device == "e1000" ? "e1000" : "virtio_net") {
        const Card card = capture.of({.backend = std::string("user") + kForwards, .device = device});
        system.emplace(System::Choice{.disk = disk.path(), .archive = EFT_TARGET_TREE "/tools.archive", .cards = {card}});
        for (const char* service : {"httpd", "inet"}) system->run(std::string("service wait ") + service);
        const auto ports = forwarded_ports(*system);
        for (std::size_t i = 0; i < ports.size(); ++i) port.push_back(std::to_string(ports[i]));
        for (int look = 0; look < 50 && system->run("ping -c 1 10.0.2.2").find(" 0 % lost") == std::string::npos; ++look) continue;
    }
    // What the command says, while the driver and the network server die.
    std::string output_under_kills(const std::string& command) {
        auto said = std::async(std::launch::async, [&] { return output(command); });
        for (int i = 0; i < 3; ++i) system->run("sleep 100; service kill net; sleep 100; service kill " + driver);
        return said.get();
    }
    std::string url(const std::string& path) const { return "http://127.0.0.1:" + port[0] + path; }

    const std::string driver;
    TestDisk disk;
    Capture capture;
    std::optional<System> system;
    std::vector<std::string> port;
};

void check_curl(Served& machine) {
    const std::string sum = machine.disk.sum() + "  -\n", big = "curl -sS " + machine.url("/big.bin") + " | sha256sum";
    CHECK(output(big) == sum);
    CHECK(machine.output_under_kills(big) == sum);
    CHECK(output("curl -sS -r 6-10 " + machine.url("/hello.txt")) == "from ");
    CHECK(output("curl -sSI " + machine.url("/hello.txt")).starts_with("HTTP/1.1 200 OK\r\n"));
    // On as many connections as curl likes, at most eight at once.
    const std::string many = "curl -sS --no-progress-meter --parallel --parallel-max 8 " + machine.url("/dir/inner.txt?[1-200]");
    std::string inner;
    for (int i = 0; i < 200; ++i) inner += "inner\n";
    CHECK(output(many) == inner);
    CHECK(ran("curl -fsS " + machine.url("/none") + " 2>/dev/null").status == 22);
}

void check_nc(Served& machine) {
    const std::string file = machine.disk.path();  // of more than 32 MiB
    const auto client = [&](unsigned service) { return "nc -N 127.0.0.1 " + machine.port[service]; };
    const std::string sum = output("sha256sum < " + file);
    CHECK(machine.output_under_kills(client(1) + " < " + file + " | sha256sum") == sum);
    CHECK(machine.output_under_kills(client(2) + " < " + file) == "");
    CHECK(output("echo over UDP | timeout 10 nc -u -W 1 127.0.0.1 " + machine.port[4]) == "over UDP\n");
}

void check_over(const std::string& device) {
    Served machine(device);
    check_curl(machine);
    check_nc(machine);
    CHECK(machine.system->run("ip").find(", lost 0\n") != std::string::npos);
    CHECK(machine.system->services().at("net").restarts == 9);
    machine.system->shut_down();
    CHECK(machine.capture.faults() == "");
    CHECK(machine.capture.resets() == "");
}

}  // namespace

TEST_CASE("curl and nc get all bytes, over virtio_net") { check_over(Card().device); }
TEST_CASE("curl and nc get all bytes, over e1000") { check_over("e1000"); }

// It leaves when it has enough.
TEST_CASE("nc gets the lines of chargen") {
    Served machine(Card().device);
    const std::string lines = output("nc 127.0.0.1 " + machine.port[3] + " 2>/dev/null | head -n 3 || true");
    CHECK(lines.substr(74, 10) == "!\"#$%&'()*");
    CHECK(lines.size() == 3 * 74);
    machine.system->shut_down();
    CHECK(machine.capture.faults() == "");
}
