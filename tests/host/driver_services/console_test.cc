// The console over a UART in software, with a death at every step: what was typed is read once, what was written is
// printed, at worst twice.
#include <devices/uart_16550.h>
#include <drivers/uart/console.h>
#include <mortal_service.h>

using namespace eft;
using namespace eft::test;

namespace {

using Service = MortalService<uart::ConsoleServer>;
using Client = console::ConsoleClient<MortalTransport<Service>>;
constexpr u64 kWake = 555;

bool live(u64 fatal) {
    CAPTURE(fatal);
    World world;
    Uart16550 line;
    line.sends_at_once = true;
    const hw::Ports ports = line.ports();
    Service service(world, uart::kLayoutVersion, ports);
    Client client(MortalTransport<Service>{&service, 7});
    world.steps = 0;
    world.fatal_step = fatal;

    console::Attach request;
    request.wake = request.wake.owning(ipc::local_caps().create(kWake));
    REQUIRE(client.attach(request).ok());
    std::string written, read;
    const std::string typed = "the quick brown newt";
    for (std::size_t i = 0; i < typed.size(); i += 5) {
        line.type(typed.substr(i, 5));
        const unsigned before = world.now.signals[kWake];
        service.serve();
        CHECK(world.now.signals[kWake] > before);
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
        service.serve();
    }
    CHECK(read == typed);
    // All that was written, in order; what comes twice lies in between.
    std::size_t found = 0;
    for (char byte : line.wire)
        if (found < written.size() && byte == written[found]) ++found;
    CHECK(found == written.size());
    if (service.deaths == 0) CHECK(line.wire.size() == written.size());
    CHECK(service.deaths <= 1);
    return service.deaths == 1;
}

}  // namespace

TEST_CASE("a death of the console at any step loses nothing that was typed or written") {
    u64 step = 0;
    while (live(step)) ++step;
    CHECK(step > 40);
}

TEST_CASE("what nobody reads is counted, and told once") {
    World world;
    Uart16550 line;
    line.sends_at_once = true;
    const hw::Ports ports = line.ports();
    Service service(world, uart::kLayoutVersion, ports);
    Client client(MortalTransport<Service>{&service, 7});
    for (unsigned i = 0; i < uart::kReceiveCapacity + 10; ++i) {
        line.type("x");
        service.serve();
    }
    std::size_t count = 0;
    u32 lost = 0;
    for (int i = 0; i < 10; ++i) {
        const auto input = client.read({});
        REQUIRE(input.ok());
        count += input->bytes.size();
        lost += input->lost;
    }
    CHECK(count == uart::kReceiveCapacity);
    CHECK(lost == 10);
}
