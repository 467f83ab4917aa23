// The UART logic against a 16550 in software: FIFOs, line status that forgets, an edge-triggered line.
#include <drivers/uart/uart.h>

#include <doctest/doctest.h>

#include <deque>
#include <string>

using namespace eft;
using namespace eft::uart;

namespace {

struct Fake16550 {
    std::deque<u8> incoming, sending;
    std::string wire;
    u8 interrupt_enable = 0, line_control = 0, modem_control = 0, fifo_control = 0, scratch = 0, errors = 0;
    u8 divisor[2] = {12, 0};
    bool holding_empty_pending = false, absent = false, endless = false;
    bool line = false;
    unsigned edges = 0, divisor_writes = 0;

    struct Access {
        Fake16550* device;
        template <hw::RegisterWord W>
        W read(u32 offset) {
            return static_cast<W>(device->read(offset));
        }
        template <hw::RegisterWord W>
        void write(u32 offset, W value) {
            device->write(offset, static_cast<u8>(value));
        }
    };
    Access access() { return {this}; }

    void type(std::string_view text) {
        for (const char c : text) {
            if (incoming.size() == 16) errors |= 2;
            else incoming.push_back(static_cast<u8>(c));
        }
        update();
    }
    void send_all() {  // the FIFO runs empty
        const bool was_busy = !sending.empty();
        for (const u8 byte : sending) wire += static_cast<char>(byte);
        sending.clear();
        if (was_busy) holding_empty_pending = true;
        update();
    }
    // What the IOAPIC sees: an interrupt per rising edge.
    void update() {
        const bool level = ((interrupt_enable & 1) && !incoming.empty()) || ((interrupt_enable & 4) && errors) ||
                           ((interrupt_enable & 2) && holding_empty_pending);
        if (level && !line) ++edges;
        line = level;
    }

    u8 read(u32 offset) {
        if (absent) return 0xff;
        u8 value = 0;
        if ((line_control & 0x80) && offset < 2) return divisor[offset];
        switch (offset) {
            case 0:
                if (endless) return 'x';
                if (!incoming.empty()) value = incoming.front(), incoming.pop_front();
                break;
            case 1: value = interrupt_enable; break;
            case 2:
                if ((interrupt_enable & 4) && errors) value = 6;
                else if ((interrupt_enable & 1) && !incoming.empty()) value = 4;
                else if ((interrupt_enable & 2) && holding_empty_pending) value = 2, holding_empty_pending = false;
                else value = 1;
                break;
            case 3: value = line_control; break;
            case 5:
                value = static_cast<u8>((incoming.empty() && !endless ? 0 : 1) | errors | (sending.empty() ? 0x60 : 0));
                errors = 0;
                break;
            case 7: value = scratch; break;
        }
        update();
        return value;
    }
    void write(u32 offset, u8 value) {
        if ((line_control & 0x80) && offset < 2) {
            ++divisor_writes;
            divisor[offset] = value;
            return;
        }
        switch (offset) {
            case 0:
                REQUIRE(sending.size() < 16);  // a byte written to a full FIFO is lost
                sending.push_back(value);
                holding_empty_pending = false;
                break;
            case 1:
                if ((value & 2) && !(interrupt_enable & 2) && sending.empty()) holding_empty_pending = true;
                interrupt_enable = value;
                break;
            case 2:
                if ((value ^ fifo_control) & 1) incoming.clear();
                if (value & 2) incoming.clear();
                if (value & 4) sending.clear();
                fifo_control = value;
                break;
            case 3: line_control = value; break;
            case 4: modem_control = value; break;
            case 7: scratch = value; break;
        }
        update();
    }
};
using Device = Uart<Fake16550::Access>;

std::span<const u8> bytes(std::string_view text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

struct Fixture {
    Fake16550 fake;
    Buffers buffers;
    Device start() {
        auto device = Device::start(fake.access(), buffers);
        REQUIRE(device.ok());
        return *device;
    }
    std::string received(Device& device) {
        std::string text;
        while (const auto byte = device.read()) text += static_cast<char>(*byte);
        return text;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "initialised to 115200 8N1 from any state") {
    SUBCASE("fresh") {}
    SUBCASE("died with DLAB set") { fake.line_control = 0x80; }
    SUBCASE("died with interrupts on and a break being sent") { fake.interrupt_enable = 15, fake.line_control = 0x5f; }
    start();
    CHECK(fake.line_control == 3);
    CHECK(fake.divisor[0] == 1);
    CHECK(fake.divisor[1] == 0);
    CHECK((fake.fifo_control & 1) == 1);
    CHECK(fake.modem_control == 0x0b);
    CHECK(fake.interrupt_enable == 5);
}

TEST_CASE_FIXTURE(Fixture, "nothing there is NoDevice") {
    fake.absent = true;
    CHECK(Device::start(fake.access(), buffers).error() == Error::NoDevice);
}

TEST_CASE_FIXTURE(Fixture, "a long text goes out whole and in order, sixteen at a time, driven by interrupts alone") {
    Device device = start();
    std::string text;
    for (int i = 0; i < 3000; ++i) text += static_cast<char>('a' + i % 26);
    CHECK(device.write(bytes(text)) == text.size());
    CHECK(fake.sending.size() == 16);
    unsigned edges = fake.edges;
    while (fake.wire.size() < text.size()) {
        fake.send_all();
        if (fake.wire.size() == text.size()) break;
        REQUIRE(fake.edges > edges);  // otherwise the driver would sleep for ever
        edges = fake.edges;
        CHECK(device.service().sent);
    }
    CHECK(fake.wire == text);
    device.service();
    CHECK((fake.interrupt_enable & 2) == 0);
    CHECK(device.idle());
}

TEST_CASE_FIXTURE(Fixture, "a full transmit buffer takes what fits") {
    Device device = start();
    const std::string text(kTransmitCapacity + 500, 'z');
    CHECK(device.write(bytes(text)) == kTransmitCapacity);
    CHECK(device.write(bytes(text)) == 16);  // what the FIFO took made room
    CHECK(device.write(bytes(text)) == 0);
}

TEST_CASE_FIXTURE(Fixture, "typed characters arrive, and each burst raises an edge") {
    Device device = start();
    for (const char* word : {"ls\n", "cat /big.bin\n", "x"}) {
        const unsigned edges = fake.edges;
        fake.type(word);
        REQUIRE(fake.edges == edges + 1);
        CHECK(device.service().received);
        CHECK(received(device) == word);
    }
}

TEST_CASE_FIXTURE(Fixture, "overruns and dropped characters are counted, never silent") {
    Device device = start();
    fake.type("12345678901234567");
    device.service();
    CHECK(buffers.errors.overruns == 1);
    CHECK(received(device) == "1234567890123456");
    for (u32 i = 0; i < kReceiveCapacity + 5; ++i) {
        fake.type("k");
        device.service();
    }
    CHECK(buffers.errors.dropped == 5);
    CHECK(received(device).size() == kReceiveCapacity);
}

TEST_CASE_FIXTURE(Fixture, "a break is counted and its zero character dropped") {
    Device device = start();
    fake.errors = 0x10;
    fake.incoming.push_back(0);
    device.service();
    CHECK(buffers.errors.breaks == 1);
    CHECK(received(device).empty());
}

TEST_CASE_FIXTURE(Fixture, "a lost interrupt is made good by the next call, and the line can rise again") {
    Device device = start();
    fake.type("lost");
    fake.edges = 0;  // nobody saw it
    fake.type("more");
    CHECK(fake.edges == 0);  // the line was high already
    device.service();
    CHECK(received(device) == "lostmore");
    fake.type("again");
    CHECK(fake.edges == 1);
}

TEST_CASE_FIXTURE(Fixture, "death in the middle of sending and receiving loses no character") {
    std::string text(200, '?');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('A' + i % 50);
    Device first = start();
    first.write(bytes(text));
    fake.type("typed while dead");
    fake.line_control |= 0x80;
    Device second = start();
    while (fake.wire.size() < text.size()) {
        fake.send_all();
        second.service();
    }
    CHECK(fake.wire == text);
    CHECK(received(second) == "typed while dead");
    CHECK(fake.divisor_writes == 2);  // the second start left the generator alone
}

TEST_CASE_FIXTURE(Fixture, "a device that never runs dry does not hold the driver") {
    Device device = start();
    fake.endless = true;
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
