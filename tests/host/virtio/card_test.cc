// The card behind the Ethernet service: frames in an area become the pages that the device reaches, and what interrupts,
// the configuration and the control queue say becomes what the service asks for.
#include <devices/tested_card.h>
#include <devices/virtio_network.h>
#include <drivers/virtio_net/network_card.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace eft;
using namespace eft::virtio_net;
using test::VirtioNetwork;

namespace {

struct Fixture : test::TestedCard {
    static constexpr u32 kArea = 3;

    Fixture() : TestedCard(card) {}

    VirtioNetwork model{memory};
    hw::DmaMemory dma = memory.allocate(NetworkDevice::memory_size());
    NetworkDevice device{model.windows(), dma, {.configuration = 1, .queues = 0}};
    NetworkCard card{device, own};

    void start() {
        REQUIRE(device.start().ok());
        REQUIRE(card.open_area(kArea, Slot{1}, test::PinnedPages::kPages * kPageSize).ok());
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "frames cross pages wherever these lie, and short ones are padded with zeros") {
    start();
    for (const u32 offset : {100u, 4000u, 4 * 4096u - 500u, 6 * 4096u - 1u}) {
        CAPTURE(offset);
        std::string frame;
        for (u32 i = 0; i < 1514; ++i) frame += static_cast<char>(i * 31 + offset);
        write(offset, frame);
        REQUIRE(card.send(1, {kArea, offset, 1514}, {}).ok());
        REQUIRE(card.receive(2, {kArea, offset, 2048}).ok());
        card.kick();
        CHECK(model.take_frame().bytes == frame);
        CHECK(next().number == 1);
        std::reverse(frame.begin(), frame.end());
        REQUIRE(model.put_frame(frame));
        const ethernet::Ended arrived = next();
        CHECK(arrived.direction == ethernet::Direction::Receive);
        CHECK(arrived.number == 2);
        CHECK(arrived.received.bytes == 1514);
        CHECK(text(offset, 1514) == frame);
    }
    write(4090, std::string(14, 'x'));
    REQUIRE(card.send(1, {kArea, 4090, 14}, {}).ok());
    CHECK(model.take_frame().bytes == std::string(14, 'x') + std::string(46, '\0'));
    CHECK_FALSE(model.bad_chain);
    next();
    card.close_area(kArea);
    CHECK(pages.pinned == 0);
}

TEST_CASE_FIXTURE(Fixture, "the longest frame that the device cuts fits, from any byte on") {
    model.offered |= kFeatureChecksum | kFeatureSegmentIpv4;
    start();
    REQUIRE(card.send(1, {kArea, 4095, 7 * 4096}, {34, 50, 1460, 54, false}).ok());
    const auto frame = model.take_frame();
    CHECK(frame.bytes.size() == 7 * 4096);
    CHECK(frame.segment_type == kCutIpv4);
    CHECK(frame.checksum_offset == 16);
    CHECK_FALSE(model.bad_chain);
}

TEST_CASE_FIXTURE(Fixture, "offloads are what was negotiated, and checksums are vouched for only then") {
    start();
    CHECK(static_cast<u32>(card.properties().offloads) == 0);
    model.received_flags = kDataValid;
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    REQUIRE(model.put_frame(std::string(60, 'x')));
    CHECK_FALSE(next().received.checksum_good);

    model.offered |= kFeatureGuestChecksum | kFeatureChecksum | kFeatureSegmentIpv6;
    card.reset();
    const ethernet::Properties properties = card.properties();
    CHECK(properties.can(ethernet::Offloads::SendChecksum));
    CHECK(properties.can(ethernet::Offloads::ReceiveChecksum));
    CHECK(properties.can(ethernet::Offloads::SegmentIpv6));
    CHECK_FALSE(properties.can(ethernet::Offloads::SegmentIpv4));
    for (const u8 flags : {kDataValid, kNeedsChecksum, u8{0}}) {
        model.received_flags = flags;
        REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
        REQUIRE(model.put_frame(std::string(60, 'x')));
        CHECK(next().received.checksum_good == (flags != 0));
    }
}

TEST_CASE_FIXTURE(Fixture, "the device interrupts a driver that sleeps, and none that works") {
    start();
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    CHECK(card.prepare_to_sleep());
    CHECK(model.wants_interrupts(kReceiveQueue));
    REQUIRE(model.put_frame(std::string(60, 'x')));
    card.woken(virtio::kQueueBit);
    CHECK_FALSE(model.wants_interrupts(kReceiveQueue));
    CHECK_FALSE(card.prepare_to_sleep());  // a frame is there
    next();
    CHECK(card.prepare_to_sleep());
    CHECK(model.wants_interrupts(kReceiveQueue));
    CHECK(model.wants_interrupts(kSendQueue));
}

TEST_CASE_FIXTURE(Fixture, "where the device counts, what was sent interrupts when most of it has gone; what arrives, at once") {
    model.offered |= virtio::kFeatureEventIndex;
    start();
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    for (u32 i = 0; i < 8; ++i) REQUIRE(card.send(i, {kArea, 0, 60}, {}).ok());
    CHECK(card.prepare_to_sleep());
    CHECK(model.ends_until_interrupt(kReceiveQueue) == 1);
    CHECK(model.ends_until_interrupt(kSendQueue) == 6);
    for (int i = 0; i < 5; ++i) model.take_frame();
    CHECK(card.prepare_to_sleep());  // they are a matter for the next step
    model.take_frame();
    CHECK_FALSE(card.prepare_to_sleep());
    for (u32 i = 0; i < 6; ++i) CHECK(next().number == i);
    CHECK(card.prepare_to_sleep());
    CHECK(model.ends_until_interrupt(kSendQueue) == 1);
    card.woken(virtio::kQueueBit);
    for (const u16 queue : {kReceiveQueue, kSendQueue}) CHECK(model.ends_until_interrupt(queue) > 64);
}

TEST_CASE_FIXTURE(Fixture, "a device without messages interrupts by its line, which is released and then acknowledged") {
    model.vectors = 0;
    REQUIRE(own.connect_interrupt(0, 0, 1).ok());
    NetworkDevice plain{model.windows(), dma, {.configuration = virtio::kNoVector, .queues = virtio::kNoVector}};
    NetworkCard by_line{plain, own};
    REQUIRE(plain.start().ok());
    REQUIRE(by_line.open_area(kArea, Slot{1}, kPageSize).ok());
    REQUIRE(by_line.receive(1, {kArea, 0, 2048}).ok());
    REQUIRE(model.put_frame(std::string(60, 'x')));
    CHECK(model.interrupt_status == 1);
    by_line.woken(1);
    CHECK(model.interrupt_status == 0);
    CHECK(pages.acknowledged == 1);
    CHECK((*by_line.next_ended())->number == 1);
    model.interrupt_status = 2;
    model.link = false;
    by_line.woken(1);
    CHECK_FALSE(by_line.link().up);
}

TEST_CASE_FIXTURE(Fixture, "the link is as the configuration says, when an interrupt or a heartbeat has one look") {
    start();
    CHECK(card.link().up);
    model.link = false;
    CHECK(card.link().up);
    card.woken(virtio::kQueueBit);
    CHECK(card.link().up);
    SUBCASE("interrupt") { card.woken(virtio::kConfigurationBit); }
    SUBCASE("heartbeat") { card.look(); }
    CHECK_FALSE(card.link().up);
}

TEST_CASE_FIXTURE(Fixture, "a device that breaks the rules is to be reset, and knows the filter again then") {
    start();
    ethernet::Filter filter;
    filter.count = 1;
    filter.groups.each[0] = 0x0100'5e00'0001;
    card.set_filter(filter);
    card.kick();
    model.obey();
    card.kick();
    REQUIRE(card.receive(1, {kArea, 0, 2048}).ok());
    model.pending(kReceiveQueue);
    SUBCASE("by its used ring") { model.set_used_index(kReceiveQueue, 9); }
    SUBCASE("by its used ring, of commands") {
        model.set_used_index(kControlQueue, 9);
        card.kick();
    }
    SUBCASE("by saying so") {
        model.status |= 0x40;
        card.woken(virtio::kConfigurationBit);
    }
    SUBCASE("by a configuration that never stays the same") {
        model.busy_configuration = true;
        card.look();
        model.busy_configuration = false;
    }
    SUBCASE("by not answering a command") {
        card.set_filter(filter);
        card.kick();
        for (u32 i = 0; i <= NetworkCard::kMostBeats; ++i) {
            CHECK(quiet());
            card.look();
        }
    }
    CHECK_FALSE(card.prepare_to_sleep());
    CHECK(card.next_ended().error() == Error::ProtocolViolation);
    card.reset();
    CHECK(model.resets == 2);
    model.groups.clear();
    card.kick();
    model.obey();
    CHECK(model.groups == std::vector<u64>{0x0100'5e00'0001});
    CHECK(quiet());
    REQUIRE(card.receive(4, {kArea, 0, 2048}).ok());
    REQUIRE(model.put_frame(std::string(60, 'x')));
    CHECK(next().number == 4);
}

TEST_CASE_FIXTURE(Fixture, "a device that scribbles over all that it can reach names only what it was given, and no more bytes than fit") {
    std::mt19937 random(11);
    const auto below = [&random](u64 bound) { return random() % bound; };
    model.offered |= virtio::kFeatureEventIndex;
    start();
    for (u32 round = 0; round < 20'000; ++round) {
        keep_busy(kArea);
        if (below(4) != 0 && !model.bad_chain) {
            if (model.sending() != 0) model.take_frame(below(model.sending()));
            model.put_frame(std::string(60 + below(1454), 'x'));
        }
        // Mostly where the used rings are: what is written elsewhere the driver does not read.
        const u16 queue = static_cast<u16>(below(3));
        if (below(8) == 0) model.set_used_index(queue, static_cast<u16>(random()));
        if (below(8) == 0) model.push_used(queue, static_cast<u32>(below(80)), static_cast<u32>(below(3000)));
        for (u32 i = 0; i < 4; ++i) dma.store<u8>(below(dma.size), static_cast<u8>(random()));
        if (!take_ended()) model.bad_chain = false;
        card.prepare_to_sleep();
    }
    CHECK(ended > 1000);
    CHECK(resets > 1000);
}

TEST_CASE_FIXTURE(Fixture, "a device that cannot be started again ends its driver") {
    start();
    model.refuse_features = true;
    CHECK_THROWS(card.reset());
}
