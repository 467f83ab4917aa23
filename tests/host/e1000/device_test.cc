// The controller against one that does what the manual says, one that does what QEMU's does, and one that lies.
#include <devices/e1000.h>
#include <drivers/e1000/device.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::e1000;
using test::E1000;

namespace {

struct Fixture {
    test::DmaSpace memory;
    E1000 model{memory};
    hw::DmaMemory dma = memory.allocate(Controller::kMemoryBytes);
    hw::DmaMemory pages = memory.allocate(16 * 4096);
    Controller device{model.registers(), dma};

    hw::DmaRange piece(u32 offset, u32 length) const { return {pages.device_address + offset, length}; }
    void write(u32 offset, const std::string& bytes) { std::memcpy(static_cast<char*>(pages.cpu) + offset, bytes.data(), bytes.size()); }
    std::string text(u32 offset, u32 length) const { return {static_cast<const char*>(pages.cpu) + offset, length}; }
    Status send(u32 number, std::initializer_list<hw::DmaRange> frame, Checksum checksum = {}) {
        return device.send().send(number, checksum, std::span(frame.begin(), frame.size()));
    }
    ReceiveRing::Ended next() {
        const auto ended = device.receive().next_ended();
        REQUIRE(ended.ok());
        REQUIRE(ended->has_value());
        return **ended;
    }
};

const std::string kFrame(60, 'x');

}  // namespace

TEST_CASE_FIXTURE(Fixture, "it starts from any state, and is as it should be then") {
    for (u32 offset = 0; offset < 0x6000; offset += 4) model.words[offset] = 0xffff'ffff;
    model.looks_until_reset = 5;
    SUBCASE("as the manual has it") {}
    SUBCASE("as QEMU has it") { model.forgets_at_reset = false; }
    REQUIRE(device.start().ok());
    CHECK_FALSE(model.wrong_access);
    CHECK(device.address() == 0x5634'1200'5452);
    CHECK(device.link().up);
    CHECK(device.link().megabits == 1000);
    CHECK(model.get<AddressLow>(0).raw() == 0x1200'5452);
    CHECK(model.get<AddressHigh>(0).raw() == 0x8000'5634);
    CHECK(model.get<Control>().has<Control::SetLinkUp>());
    device.set_filter({});
    CHECK(model.get<ReceiveControl>().raw() == (1u << 1 | 1u << 15 | 1u << 26));
    CHECK(model.get<SendControl>().raw() == 0x0004'00fa);
    CHECK(model.get<ReceiveRegisters::BaseLow>().raw() == static_cast<u32>(dma.device_address));
    CHECK(model.get<ReceiveRegisters::BaseHigh>().raw() == dma.device_address >> 32);
    CHECK(model.get<SendRegisters::BaseLow>().raw() == static_cast<u32>(dma.device_address) + kRingBytes);
    CHECK(model.get<ReceiveRegisters::Length>().raw() == 4096);
    CHECK(model.get<SendRegisters::Length>().raw() == 4096);
    CHECK((model.buffers() == 0 && !model.sends()));
    CHECK_FALSE(model.lets_through(0x0100'5e00'0001));
    CHECK_FALSE(model.interrupts());
}

TEST_CASE_FIXTURE(Fixture, "a frame that comes while it is started again touches nothing, and none does afterwards") {
    SUBCASE("as the manual has it") {}
    SUBCASE("as QEMU has it") { model.forgets_at_reset = false; }
    REQUIRE(device.start().ok());
    for (u32 number = 0; number < 20; ++number) REQUIRE(device.receive().give(number, piece(0, 1536)).ok());
    device.kick();
    REQUIRE(model.put_frame(kFrame));
    write(0, std::string(60, 'y'));
    model.on_write = [this] {
        // From where the rings are made on: what came before that came before.
        if (model.get<ReceiveRegisters::Tail>().raw() == 0) model.put_frame(kFrame);
    };
    REQUIRE(device.start().ok());
    model.on_write = nullptr;
    CHECK_FALSE(model.put_frame(kFrame));
    CHECK(text(0, 60) == std::string(60, 'y'));
    CHECK_FALSE(device.receive().next_ended()->has_value());
    CHECK_FALSE(model.bad_descriptor);
}

TEST_CASE_FIXTURE(Fixture, "a receive control register that is right already is not written: QEMU's receives nothing for a second then") {
    model.forgets_at_reset = false;
    REQUIRE(device.start().ok());
    CHECK(model.receive_control_writes == 1);
    REQUIRE(device.start().ok());
    ethernet::Filter filter;
    filter.count = 1;
    filter.groups.each[0] = 0x0100'5e00'0001;
    device.set_filter(filter);
    CHECK(model.receive_control_writes == 1);
    filter.promiscuous = true;
    device.set_filter(filter);
    device.set_filter(filter);
    CHECK(model.receive_control_writes == 2);
    CHECK((model.get<ReceiveControl>().raw() & 0x18) == 0x18);
    REQUIRE(device.start().ok());
    device.set_filter(filter);
    CHECK(model.receive_control_writes == 2);
}

TEST_CASE_FIXTURE(Fixture, "the address is the EEPROM's, or the one that was loaded of it; without one it is of no use") {
    model.eeprom_answers = false;
    CHECK(device.start().error() == Error::DeviceError);
    model.loaded_address = 0x5634'1200'5452;
    REQUIRE(device.start().ok());
    CHECK(device.address() == model.loaded_address);
    model.loaded_address = 0x5634'1200'5453;  // a group's
    CHECK(device.start().error() == Error::DeviceError);
    model.eeprom_answers = true;
    REQUIRE(device.start().ok());
    CHECK(device.address() == 0x5634'1200'5452);
}

TEST_CASE_FIXTURE(Fixture, "a device that does not end its reset, or is not there, is refused") {
    SUBCASE("reset") { model.looks_until_reset = 10 * Controller::kLooks.left; }
    SUBCASE("absent") { model.absent = true; }
    CHECK(device.start().error() == Error::TimedOut);
    model.looks_until_reset = 0;
    model.absent = false;
    REQUIRE(device.start().ok());
    model.absent = true;
    CHECK(device.refresh().error() == Error::DeviceError);
}

TEST_CASE_FIXTURE(Fixture, "a frame in pieces is sent as one, and has ended when the device marks it") {
    REQUIRE(device.start().ok());
    write(0, std::string(100, 'a'));
    write(8192, std::string(50, 'b'));
    REQUIRE(send(7, {piece(0, 100), piece(8192, 50)}).ok());
    REQUIRE(send(8, {piece(0, 60)}).ok());
    CHECK_FALSE(model.sends());
    device.kick();
    CHECK_FALSE(device.send().next_ended());
    CHECK(model.take_frame().bytes == std::string(100, 'a') + std::string(50, 'b'));
    CHECK(*device.send().next_ended() == 7);
    CHECK_FALSE(device.send().next_ended());
    CHECK(model.take_frame().bytes == std::string(60, 'a'));
    CHECK(*device.send().next_ended() == 8);
    CHECK(device.send().is_empty());
    CHECK(send(1, {}).error() == Error::OutOfRange);
    CHECK(send(1, {piece(0, 1), piece(0, 1), piece(0, 1), piece(0, 1), piece(0, 1)}).error() == Error::OutOfRange);
    CHECK_FALSE(model.bad_descriptor);
}

TEST_CASE_FIXTURE(Fixture, "the device is told what to sum when that is another place than before") {
    REQUIRE(device.start().ok());
    const auto sent = [&](Checksum checksum) {
        REQUIRE(send(1, {piece(0, 60), piece(100, 20)}, checksum).ok());
        device.kick();
        const auto frame = model.take_frame();
        CHECK(frame.checksum_start == checksum.start);
        CHECK(frame.checksum_at == checksum.at);
        CHECK(device.send().next_ended());
        return frame.contexts;
    };
    CHECK(sent({34, 50}) == 1);
    CHECK(sent({34, 50}) == 0);
    CHECK(sent({}) == 0);
    CHECK(sent({34, 50}) == 0);
    CHECK(sent({34, 40}) == 1);
    CHECK(sent({54, 60}) == 1);
    REQUIRE(device.start().ok());
    CHECK(sent({54, 60}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "both rings go round, keep the order, and take no more than there is room for") {
    REQUIRE(device.start().ok());
    u32 sent = 0, ended = 0, given = 0, arrived = 0;
    for (int round = 0; round < 20; ++round) {
        while (send(sent, {piece(0, 60), piece(64, 60)}, {static_cast<u8>(14 + round), 40}).ok()) ++sent;
        CHECK(send(sent, {piece(0, 60), piece(64, 60)}).error() == Error::Busy);
        while (device.receive().give(given, piece(2048 * (given % 16), 2048)).ok()) ++given;
        CHECK(device.receive().give(given, piece(0, 2048)).error() == Error::Busy);
        device.kick();
        CHECK(model.buffers() == kRingDepth);
        for (int i = 0; i < 90 && model.sends(); ++i) CHECK(model.take_frame().bytes.size() == 120);
        while (const auto number = device.send().next_ended()) CHECK(*number == ended++);
        for (int i = 0; i < 100; ++i) REQUIRE(model.put_frame(kFrame));
        while (device.receive().has_ended()) CHECK(next().number == arrived++);
    }
    CHECK(arrived == 2000);
    CHECK(ended == 20 * 90);
    CHECK_FALSE(model.bad_descriptor);
}

TEST_CASE_FIXTURE(Fixture, "of what arrives it is known how long it is, and whether its checksum is good") {
    REQUIRE(device.start().ok());
    const struct { u8 status, errors; bool good; } cases[] = {{0x07, 0, false}, {0x03, 0, false}, {0x23, 0, true}, {0x23, 0x20, false}, {0x27, 0, false}, {0x63, 0x40, true}};
    for (const auto& each : cases) {
        REQUIRE(device.receive().give(3, piece(0, 1536)).ok());
        device.kick();
        REQUIRE(model.put_frame(std::string(1514, 'z'), {.status = each.status, .errors = each.errors}));
        const auto ended = next();
        CHECK((ended.number == 3 && ended.bytes == 1514));
        CHECK(ended.checksum_good == each.good);
    }
    CHECK(text(0, 1514) == std::string(1514, 'z'));
}

TEST_CASE_FIXTURE(Fixture, "a damaged frame is counted, and its buffer given again") {
    REQUIRE(device.start().ok());
    for (u32 number = 0; number < 3; ++number) REQUIRE(device.receive().give(number, piece(2048 * number, 2048)).ok());
    device.kick();
    REQUIRE(model.put_frame(kFrame, {.errors = 0x01}));
    REQUIRE(model.put_frame(kFrame, {.errors = 0x80}));
    REQUIRE(model.put_frame(kFrame));
    CHECK(next().number == 2);
    CHECK_FALSE(device.receive().next_ended()->has_value());
    CHECK(device.take_lost() == 2);
    device.kick();
    CHECK(model.buffers() == 2);
    REQUIRE(model.put_frame(kFrame));
    CHECK(next().number == 0);
}

TEST_CASE_FIXTURE(Fixture, "a frame that is longer than its buffer, or does not end in it, breaks the rules") {
    REQUIRE(device.start().ok());
    REQUIRE(device.receive().give(1, piece(0, 1536)).ok());
    device.kick();
    SUBCASE("longer") { REQUIRE(model.put_frame(kFrame, {.lie = 1536 - 60 + 1})); }
    SUBCASE("no end") { REQUIRE(model.put_frame(kFrame, {.status = 0x01})); }
    CHECK(device.receive().next_ended().error() == Error::ProtocolViolation);
    CHECK(device.receive().next_ended().error() == Error::ProtocolViolation);
    REQUIRE(device.start().ok());
    CHECK_FALSE(device.receive().next_ended()->has_value());
}

TEST_CASE_FIXTURE(Fixture, "groups are let through by the table, all of them by the control register") {
    REQUIRE(device.start().ok());
    ethernet::Filter filter;
    constexpr u64 kGroups[] = {0x0100'005e'0001, 0xfb00'005e'0001, 0x5634'12ff'3333};
    filter.count = 3;
    std::copy(std::begin(kGroups), std::end(kGroups), filter.groups.each);
    device.set_filter(filter);
    for (const u64 group : kGroups) CHECK(model.lets_through(group));
    CHECK_FALSE(model.lets_through(0x0200'005e'0001));
    CHECK(model.get<GroupTable>(0).raw() == 1u << 16);  // of 01:00:5e:00:00:01
    filter.count = 1;
    device.set_filter(filter);
    CHECK_FALSE(model.lets_through(kGroups[1]));
    filter.all_groups = true;
    device.set_filter(filter);
    CHECK(model.lets_through(kGroups[1]));
}

TEST_CASE_FIXTURE(Fixture, "it interrupts a driver that sleeps, and none that works") {
    REQUIRE(device.start().ok());
    for (u32 number = 0; number < 8; ++number) REQUIRE(device.receive().give(number, piece(0, 1536)).ok());
    device.kick();
    CHECK(device.interrupt_after());
    REQUIRE(model.put_frame(kFrame));
    CHECK(model.interrupts());
    CHECK(device.take_causes().has<Causes::Received>());
    CHECK_FALSE(model.interrupts());
    REQUIRE(model.put_frame(kFrame));
    CHECK_FALSE(model.interrupts());
    CHECK_FALSE(device.interrupt_after());  // frames are there
    next();
    next();
    CHECK(device.interrupt_after());
    CHECK_FALSE(model.interrupts());  // of what was taken

    // Between the last look and the permission.
    device.take_causes();
    model.on_write = [this] {
        model.on_write = nullptr;
        model.put_frame(kFrame);
    };
    CHECK(device.interrupt_after());
    CHECK(model.interrupts());
    device.take_causes();
    next();

    REQUIRE(send(1, {piece(0, 60)}).ok());
    device.kick();
    CHECK(device.interrupt_after());
    model.take_frame();
    CHECK(model.interrupts());
    CHECK(device.take_causes().has<Causes::Sent>());
    CHECK(*device.send().next_ended() == 1);
    CHECK(device.interrupt_after());
    CHECK((model.words[0xd0] & 1) == 0);  // nobody waits for that any more
}

TEST_CASE_FIXTURE(Fixture, "an interrupt that is not its own leaves it as it is") {
    REQUIRE(device.start().ok());
    REQUIRE(device.receive().give(1, piece(0, 1536)).ok());
    device.kick();
    CHECK(device.interrupt_after());
    CHECK(device.take_causes().raw() == 0);
    REQUIRE(model.put_frame(kFrame));
    CHECK(model.interrupts());
}

TEST_CASE_FIXTURE(Fixture, "a link that changes interrupts, and is seen") {
    REQUIRE(device.start().ok());
    CHECK(device.interrupt_after());
    model.change_link(false);
    CHECK(model.interrupts());
    device.take_causes();
    REQUIRE(device.refresh().ok());
    CHECK_FALSE(device.link().up);
    model.speed = 1;
    model.change_link(true);
    CHECK_FALSE(device.interrupt_after());
    CHECK(device.link().up);
    CHECK(device.link().megabits == 100);
}

TEST_CASE_FIXTURE(Fixture, "what was lost is counted once, whether or not the counters are cleared by reading") {
    model.counters_clear = true;
    SUBCASE("cleared") {}
    SUBCASE("not cleared") { model.counters_clear = false; }
    REQUIRE(device.start().ok());
    CHECK(device.take_lost() == 0);
    model.words[0x4010] += 5;
    model.words[0x4000] += 2;
    CHECK(device.take_lost() == 7);
    CHECK(device.take_lost() == 0);
    model.words[0x4010] += 6;
    CHECK(device.take_lost() == 6);
    CHECK(device.take_lost() == 0);
}
