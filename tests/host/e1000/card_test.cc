// The card behind the Ethernet service: frames in an area become the pages that the device reaches, and what interrupts and
// registers say becomes what the service asks for.
#include <devices/e1000.h>
#include <devices/tested_card.h>
#include <drivers/e1000/network_card.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::e1000;
using test::E1000;

namespace {

struct CardFixture : test::TestedCard {
    static constexpr u32 kArea = 2;

    CardFixture() : TestedCard(card) {}

    E1000 model{memory};
    hw::DmaMemory dma = memory.allocate(Controller::kMemoryBytes);
    Controller device{model.registers(), dma};
    NetworkCard card{device, own};

    void start() {
        REQUIRE(device.start().ok());
        REQUIRE(own.connect_interrupt(0, 0, kInterruptBit).ok());
        REQUIRE(card.open_area(kArea, Slot{1}, test::PinnedPages::kPages * kPageSize).ok());
    }
};

std::string pattern(u32 seed) {
    std::string frame;
    for (u32 i = 0; i < 1514; ++i) frame += static_cast<char>(i * 31 + seed);
    return frame;
}

}  // namespace

TEST_CASE_FIXTURE(CardFixture, "frames are sent from wherever their pages lie, and short ones are padded with zeros") {
    start();
    for (const u32 offset : {100u, 4000u, 4 * 4096u - 500u, 6 * 4096u - 1u}) {
        CAPTURE(offset);
        const std::string frame = pattern(offset);
        write(offset, frame);
        REQUIRE(card.send(1, {kArea, offset, 1514}, {}).ok());
        card.kick();
        CHECK(model.take_frame().bytes == frame);
        CHECK(next().number == 1);
    }
    write(6 * 4096 - 4, std::string(14, 'x'));
    REQUIRE(card.send(1, {kArea, 6 * 4096 - 4, 14}, {.checksum_start = 2, .checksum_at = 6}).ok());
    card.kick();
    const auto frame = model.take_frame();
    CHECK(frame.bytes == std::string(14, 'x') + std::string(46, '\0'));
    CHECK((frame.checksum_start == 2 && frame.checksum_at == 6));
    next();
    CHECK(card.send(1, {kArea, 0, 1000}, {.checksum_start = 240, .checksum_at = 256}).error() == Error::OutOfRange);
    CHECK_FALSE(model.bad_descriptor);
    card.close_area(kArea);
    CHECK(pages.pinned == 0);
}

TEST_CASE_FIXTURE(CardFixture, "a buffer is in one piece of memory, wherever that begins") {
    start();
    for (const u32 offset : {0u, 2048u, 3 * 4096u - 700u, 5 * 4096u + 2048u}) {
        CAPTURE(offset);
        REQUIRE(card.receive(9, {kArea, offset, 2048}).ok());
        card.kick();
        REQUIRE(model.put_frame(pattern(offset)));
        const auto arrived = next();
        CHECK(arrived.direction == ethernet::Direction::Receive);
        CHECK((arrived.number == 9 && arrived.received.bytes == 1514 && !arrived.received.checksum_good));
        CHECK(text(offset, 1514) == pattern(offset));
    }
    for (const u32 offset : {5 * 4096u - 100u, 6 * 4096u - 1535u}) CHECK(card.receive(9, {kArea, offset, 2048}).error() == Error::OutOfRange);
    REQUIRE(card.receive(9, {kArea, 6 * 4096 - 1536, 2048}).ok());
}

TEST_CASE_FIXTURE(CardFixture, "it vouches for checksums, and computes them, but cuts nothing") {
    start();
    const ethernet::Properties properties = card.properties();
    CHECK(properties.address == 0x5634'1200'5452);
    CHECK(properties.max_frame == 1514);
    CHECK(properties.can(ethernet::Offloads::SendChecksum));
    CHECK(properties.can(ethernet::Offloads::ReceiveChecksum));
    CHECK_FALSE(properties.can(ethernet::Offloads::SegmentIpv4));
    CHECK_FALSE(properties.can(ethernet::Offloads::SegmentIpv6));
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    card.kick();
    REQUIRE(model.put_frame(std::string(60, 'x'), {.status = 0x23}));
    CHECK(next().received.checksum_good);
}

TEST_CASE_FIXTURE(CardFixture, "each interrupt of the line is acknowledged after the device has taken its request back, or has none") {
    start();
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    card.kick();
    CHECK(card.prepare_to_sleep());
    card.woken(kInterruptBit);  // another device's
    CHECK(pages.acknowledged == 1);
    REQUIRE(model.put_frame(std::string(60, 'x')));
    CHECK(model.interrupts());
    card.woken(kInterruptBit);
    CHECK_FALSE(model.interrupts());
    CHECK(pages.acknowledged == 2);
    CHECK(next().number == 1);
    card.woken(kInterruptBit << 1);
    CHECK(pages.acknowledged == 2);
}

TEST_CASE_FIXTURE(CardFixture, "the link is as the device says, when an interrupt or a heartbeat has one look") {
    start();
    CHECK(card.link().up);
    model.change_link(false);
    CHECK(card.link().up);
    SUBCASE("interrupt") { card.woken(kInterruptBit); }
    SUBCASE("heartbeat") { card.look(); }
    CHECK_FALSE(card.link().up);
}

TEST_CASE_FIXTURE(CardFixture, "a device that breaks the rules is to be reset, and knows the filter again then") {
    start();
    ethernet::Filter filter;
    filter.count = 1;
    filter.groups.each[0] = 0x0100'005e'0001;
    filter.all_groups = true;
    card.set_filter(filter);
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    card.kick();
    SUBCASE("by a frame that is too long") { REQUIRE(model.put_frame(std::string(60, 'x'), {.lie = 3000})); }
    SUBCASE("by not answering") {
        model.absent = true;
        card.look();
        model.absent = false;
    }
    CHECK(card.next_ended().error() == Error::ProtocolViolation);
    card.reset();
    CHECK(model.resets == 2);
    CHECK(model.get<GroupTable>(0).raw() == 1u << 16);
    CHECK(model.get<ReceiveControl>().has<ReceiveControl::AllGroups>());
    CHECK(quiet());
    REQUIRE(card.receive(4, {kArea, 0, 2048}).ok());
    card.kick();
    REQUIRE(model.put_frame(std::string(60, 'x')));
    CHECK(next().number == 4);
}

TEST_CASE_FIXTURE(CardFixture, "frames that the device could not receive are counted with the heartbeats") {
    start();
    model.words[0x4010] = 3;
    CHECK(card.take_lost() == 0);
    card.look();
    CHECK(card.take_lost() == 3);
    card.look();
    CHECK(card.take_lost() == 0);
}

TEST_CASE_FIXTURE(CardFixture, "a device that scribbles over all that it can reach names only what it was given, and no more bytes than fit") {
    std::mt19937 random(11);
    const auto below = [&random](u64 bound) { return random() % bound; };
    start();
    for (u32 round = 0; round < 20'000; ++round) {
        keep_busy(kArea);
        if (below(4) != 0) {
            if (model.sends()) model.take_frame();
            model.put_frame(std::string(60 + below(1454), 'x'));
        }
        // Mostly what the driver looks at next.
        if (below(4) == 0) dma.store<u8>(16 * below(kRingEntries) + 12, static_cast<u8>(random()));
        if (below(4) == 0) dma.store<u16>(16 * below(kRingEntries) + 8, static_cast<u16>(random()));
        if (below(4) == 0) dma.store<u8>(kRingBytes + 16 * below(kRingEntries) + 12, static_cast<u8>(random()));
        for (u32 i = 0; i < 4; ++i) dma.store<u8>(below(dma.size), static_cast<u8>(random()));
        take_ended();
        card.prepare_to_sleep();
    }
    CHECK(ended > 1000);
    CHECK(resets > 10);
}

TEST_CASE_FIXTURE(CardFixture, "a device that cannot be started again ends its driver") {
    start();
    model.absent = true;
    CHECK_THROWS(card.reset());
}
