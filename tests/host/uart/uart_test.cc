// The UART's driver against a 16550 in software.
#include <devices/uart_16550.h>
#include <drivers/uart/uart.h>

#include <doctest/doctest.h>

#include <string>

using namespace eft;
using namespace eft::uart;

namespace {

std::span<const u8> bytes(std::string_view text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

struct Fixture {
    test::Uart16550 model;
    Buffers buffers;
    ~Fixture() { CHECK(model.lost_bytes == 0); }
    Uart start() {
        auto device = Uart::start(model.ports(), buffers);
        REQUIRE(device.ok());
        return *device;
    }
    std::string received(Uart& device) {
        std::string text;
        while (const auto byte = device.read()) text += static_cast<char>(*byte);
        return text;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "initialised to 115200 8N1 from any state") {
    SUBCASE("fresh") {}
    SUBCASE("died with DLAB set") { model.line_control = 0x80; }
    SUBCASE("died with interrupts on and a break being sent") { model.interrupt_enable = 15, model.line_control = 0x5f; }
    start();
    CHECK(model.line_control == 3);
    CHECK(model.divisor[0] == 1);
    CHECK(model.divisor[1] == 0);
    CHECK((model.fifo_control & 1) == 1);
    CHECK(model.modem_control == 0x0b);
    CHECK(model.interrupt_enable == 5);
}

TEST_CASE_FIXTURE(Fixture, "nothing there is NoDevice") {
    model.absent = true;
    CHECK(Uart::start(model.ports(), buffers).error() == Error::NoDevice);
}

TEST_CASE_FIXTURE(Fixture, "a device that sends at once interrupts for many bytes together, and not for each") {
    model.sends_at_once = true;
    Uart device = start();
    const unsigned before = model.edges;
    CHECK(device.write(bytes(std::string(3000, 'x'))) == 3000);
    CHECK(model.wire.empty());
    CHECK(!device.is_sending());
    device.service();
    while (model.wire.size() < 3000) {
        REQUIRE(model.line);
        device.service();
    }
    CHECK(model.edges - before <= 4);
}

TEST_CASE_FIXTURE(Fixture, "a long text goes out whole and in order, sixteen at a time, driven by interrupts alone") {
    Uart device = start();
    std::string text;
    for (int i = 0; i < 3000; ++i) text += static_cast<char>('a' + i % 26);
    CHECK(device.write(bytes(text)) == text.size());
    device.service();
    CHECK(device.is_sending());
    CHECK(model.sending.size() == 16);
    unsigned edges = model.edges;
    while (model.wire.size() < text.size()) {
        model.send_all();
        if (model.wire.size() == text.size()) break;
        REQUIRE(model.edges > edges);  // otherwise the driver would sleep for ever
        edges = model.edges;
        CHECK(device.service().sent);
    }
    CHECK(model.wire == text);
    device.service();
    CHECK((model.interrupt_enable & 2) == 0);
    CHECK(device.idle());
}

TEST_CASE_FIXTURE(Fixture, "a full transmit buffer takes what fits") {
    Uart device = start();
    const std::string text(kTransmitCapacity + 500, 'z');
    CHECK(device.write(bytes(text)) == kTransmitCapacity);
    CHECK(device.write(bytes(text)) == 0);
    device.service();
    CHECK(device.write(bytes(text)) == 16);  // what the FIFO took made room
    CHECK(device.write(bytes(text)) == 0);
}

TEST_CASE_FIXTURE(Fixture, "typed characters arrive, and each burst raises an edge") {
    Uart device = start();
    for (const char* word : {"ls\n", "cat /big.bin\n", "x"}) {
        const unsigned edges = model.edges;
        model.type(word);
        REQUIRE(model.edges == edges + 1);
        CHECK(device.service().received);
        CHECK(received(device) == word);
    }
}

TEST_CASE_FIXTURE(Fixture, "overruns are counted, never silent") {
    Uart device = start();
    model.type("12345678901234567");
    device.service();
    CHECK(buffers.errors.overruns == 1);
    CHECK(received(device) == "1234567890123456");
}

TEST_CASE_FIXTURE(Fixture, "a peer that sends more than is read is told to wait, and no character is lost") {
    Uart device = start();
    std::string text, got;
    for (u32 i = 0; i < 3 * kReceiveCapacity; ++i) text += static_cast<char>('a' + i % 23);
    // What QEMU does: it hands over what the FIFO has room for. A real peer looks at RTS.
    std::size_t typed = 0;
    const auto type = [&] {
        while (typed < text.size() && model.incoming.size() < model.kFifoDepth) model.type(text.substr(typed++, 1));
    };
    for (type(); model.line; type()) device.service();
    CHECK(typed == kReceiveCapacity + model.kFifoDepth);
    CHECK((model.modem_control & 2) == 0);
    CHECK(!device.service().more);

    SUBCASE("until somebody reads") {}
    SUBCASE("by the next incarnation, too") {
        device = start();
        CHECK((model.modem_control & 2) == 0);
        CHECK(!model.line);
    }
    while (got.size() < text.size()) {
        const std::size_t before = got.size();
        got += received(device);
        REQUIRE(got.size() != before);
        CHECK((model.modem_control & 2) != 0);
        for (type(); model.line; type()) device.service();
    }
    CHECK(got == text);
    CHECK(buffers.errors.overruns == 0);
}

TEST_CASE_FIXTURE(Fixture, "a break that comes when there is no room is counted, and its zero character dropped") {
    Uart device = start();
    for (u32 i = 0; i < kReceiveCapacity; ++i) {
        model.type("k");
        device.service();
    }
    model.errors = 0x10;
    model.incoming.push_back(0);
    device.service();
    CHECK(buffers.errors.breaks == 1);
    CHECK(received(device) == std::string(kReceiveCapacity, 'k'));
}

TEST_CASE_FIXTURE(Fixture, "a break is counted and its zero character dropped") {
    Uart device = start();
    model.errors = 0x10;
    model.incoming.push_back(0);
    device.service();
    CHECK(buffers.errors.breaks == 1);
    CHECK(received(device).empty());
}

TEST_CASE_FIXTURE(Fixture, "a lost interrupt is made good by the next call, and the line can rise again") {
    Uart device = start();
    model.type("lost");
    model.edges = 0;  // nobody saw it
    model.type("more");
    CHECK(model.edges == 0);  // the line was high already
    device.service();
    CHECK(received(device) == "lostmore");
    model.type("again");
    CHECK(model.edges == 1);
}

TEST_CASE_FIXTURE(Fixture, "death in the middle of sending and receiving loses no character") {
    std::string text(200, '?');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('A' + i % 50);
    Uart first = start();
    first.write(bytes(text));
    first.service();
    model.type("typed while dead");
    model.line_control |= 0x80;
    Uart second = start();
    while (model.wire.size() < text.size()) {
        model.send_all();
        second.service();
    }
    CHECK(model.wire == text);
    CHECK(received(second) == "typed while dead");
    CHECK(model.divisor_writes == 2);  // the second start left the generator alone
}

// What the dead one had read last, and not put into the ring yet: it is put once.
TEST_CASE_FIXTURE(Fixture, "a byte that was read and not stored when the driver died is not lost, and comes once") {
    Uart first = start();
    model.type("abc");
    first.service();
    --const_cast<u32&>(buffers.receive.written());
    Uart second = start();
    CHECK(received(second) == "abc");
    Uart third = start();
    CHECK(received(third) == "");
}

TEST_CASE_FIXTURE(Fixture, "a device that never runs dry does not hold the driver") {
    Uart device = start();
    model.endless = true;
    CHECK(device.service().more);
}

TEST_CASE("a ring with damaged indices reads as empty and works again") {
    ByteRing<16> ring;
    for (int i = 0; i < 100; ++i) REQUIRE((ring.put(static_cast<u8>(i)) && ring.take() == static_cast<u8>(i)));
    auto* words = reinterpret_cast<u32*>(reinterpret_cast<char*>(&ring) + 16);
    words[0] = 5;
    words[1] = 0x8000'0000;
    CHECK(ring.empty());
    CHECK_FALSE(ring.take().has_value());
    CHECK(ring.put(7));
    CHECK(ring.take() == 7);
}

TEST_CASE_FIXTURE(Fixture, "what waits for the driver: bytes that the device would send, and bytes that it has received") {
    Uart device = start();
    CHECK(!device.waiting().to_send);
    CHECK(!device.waiting().received);
    CHECK(device.write(bytes(std::string(100, 'x'))) == 100);
    model.send_all();
    const Waiting before = device.waiting();
    CHECK(before.to_send);
    device.service();
    CHECK(device.waiting().sent != before.sent);
    while (device.waiting().to_send) {
        device.service();
        model.send_all();
    }
    model.type("abc");
    const Waiting typed = device.waiting();
    CHECK(typed.received);
    device.service();
    CHECK(!device.waiting().received);
    CHECK(device.waiting().taken == typed.taken + 3);
}
