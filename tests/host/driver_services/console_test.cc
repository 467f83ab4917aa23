// The console over a UART in software, with a death at every system call and store: what was typed is read once, what was
// written is printed, and one byte of it at worst twice.
#include <devices/uart_16550.h>
#include <drivers/uart/console.h>
#include <stage_case.h>

#include <eft/invoke.h>
#include <eft/wake.h>

using namespace eft;
using namespace eft::test;

namespace {

struct Scene {
    static constexpr u64 kInterrupt = 1;

    Stage& stage;
    Uart16550 line{};
    const hw::Ports ports = line.ports(slot(WellKnown::FirstNamed));
    Program* console = start();
    console::ConsoleClient<> client{stage.connect(*console, Badge{7})};

    Program* start() {
        line.sends_at_once = true;
        Program* program = nullptr;
        stage.as_root([&] {
            program = &stage.serve<uart::ConsoleServer>("console", uart::kLayoutVersion, ports);
            stage.check(program->service.grant("ports", root::root_slot(RootSlot::Ports), kAllRights,
                                               kernel_object::number_range(line.kFirstPort, line.kPortCount)), "its ports");
        });
        return program;
    }
    void interrupt() { stage.signal(*console, kInterrupt); }
};

bool live(Stage& stage, Death death) {
    Scene scene{stage};
    auto& [_, line, ports, program, client] = scene;
    program->die(death);

    console::Attach request;
    const CapHandle wake = *make_wake();
    request.wake = wake;
    REQUIRE(client.attach(request).ok());
    std::string written, read;
    const std::string typed = "the quick brown newt";
    for (std::size_t i = 0; i < typed.size(); i += 5) {
        line.type(typed.substr(i, 5));
        static_cast<void>(poll_wake());
        scene.interrupt();
        CHECK(poll_wake() != 0);
        const std::string text = "line " + std::to_string(i) + "\r\n";
        console::Output output;
        output.bytes = std::span(reinterpret_cast<const u8*>(text.data()), text.size());
        const auto taken = client.write(output);
        REQUIRE(taken.ok());
        CHECK(taken->count == text.size());
        written += text;
        const auto input = client.read({.count = 3});
        REQUIRE(input.ok());
        read.append(input->bytes.begin(), input->bytes.end());
    }
    for (int i = 0; i < 4; ++i) {
        const auto input = client.read({});
        REQUIRE(input.ok());
        read.append(input->bytes.begin(), input->bytes.end());
        scene.interrupt();
    }
    CHECK(read == typed);
    // All that was written, in order; what comes twice lies in between.
    std::size_t found = 0;
    for (char byte : line.wire)
        if (found < written.size() && byte == written[found]) ++found;
    CHECK(found == written.size());
    CHECK(line.wire.size() <= written.size() + program->deaths);
    CHECK(program->deaths <= 1);
    return program->deaths == 1;
}

}  // namespace

TEST_CASE("a death of the console at any step loses nothing that was typed or written") {
    const Deaths deaths = die_everywhere(live);
    CHECK(deaths.system_calls > 20);
    CHECK(deaths.stores > 100);
}

STAGE_CASE(Scene, "what nobody reads waits on the line, and nothing of it is lost") {
    constexpr std::size_t kMany = uart::kReceiveCapacity + 10;
    for (std::size_t i = 0; i < kMany; ++i) {
        line.type("x");
        interrupt();
    }
    std::size_t count = 0;
    u32 lost = 0;
    for (int i = 0; i < 10; ++i) {
        const auto input = client.read({});
        REQUIRE(input.ok());
        count += input->bytes.size();
        lost += input->lost;
        interrupt();
    }
    CHECK(count == kMany);
    CHECK(lost == 0);
}

STAGE_CASE(Scene, "what the line overruns is counted, and told once") {
    line.type("12345678901234567890");
    interrupt();
    u32 lost = 0;
    for (int i = 0; i < 2; ++i) {
        const auto input = client.read({});
        REQUIRE(input.ok());
        lost += input->lost;
    }
    CHECK(lost == 1);
}
