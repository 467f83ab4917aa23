// The network device against one that sends, receives and obeys, and that lies.
#include <devices/virtio_network.h>
#include <drivers/virtio_net/device.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::virtio_net;
using test::VirtioNetwork;

namespace {

struct Fixture {
    test::DmaSpace memory;
    VirtioNetwork model{memory};
    hw::DmaMemory dma = memory.allocate(NetworkDevice::memory_size());
    hw::DmaMemory pages = memory.allocate(16 * 4096);
    NetworkDevice device{model.windows(), dma, {.configuration = 1, .queues = 0}};

    hw::DmaRange piece(u32 offset, u32 length) const { return {pages.device_address + offset, length}; }
    void write(u32 offset, const std::string& bytes) { std::memcpy(static_cast<char*>(pages.cpu) + offset, bytes.data(), bytes.size()); }
    std::string text(u32 offset, u32 length) const { return {static_cast<const char*>(pages.cpu) + offset, length}; }

    Status send(u32 number, std::initializer_list<hw::DmaRange> frame, const Header& header = {}) {
        return device.send().send(number, header, std::span(frame.begin(), frame.size()));
    }
    Status give(u32 number, std::initializer_list<hw::DmaRange> buffer) { return device.receive().give(number, std::span(buffer.begin(), buffer.size())); }
    static FrameQueue::Ended next(FrameQueue& queue) {
        const auto ended = queue.next_ended();
        REQUIRE(ended.ok());
        REQUIRE(ended->has_value());
        return **ended;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "initialisation follows 3.1.1, and takes of the features those that are used") {
    model.looks_until_reset = 5;
    model.status = 0x0f;  // as a dead incarnation left it
    model.offered |= kFeatureChecksum | kFeatureSegmentIpv4 | 1ull << 15 /* MRG_RXBUF */ | 1ull << 7 /* GUEST_TSO4 */ | 1ull << 22 /* MQ */;
    REQUIRE(device.start().ok());
    CHECK(model.statuses == std::vector<u8>{0, 1, 3, 3 | 8, 3 | 8 | 4});
    CHECK(model.accepted == (model.offered & ~(1ull << 15 | 1ull << 7 | 1ull << 22)));
    CHECK(model.config_vector == 1);
    CHECK(model.queue_vector(kReceiveQueue) == 0);
    CHECK(model.queue_vector(kSendQueue) == 0);
    CHECK(model.queue_vector(kControlQueue) == virtio::kNoVector);
    for (const u16 queue : {kReceiveQueue, kSendQueue, kControlQueue}) CHECK(model.enabled(queue));
    CHECK_FALSE(model.wrong_access);
    CHECK(device.address() == model.address);
    CHECK(device.link().up);
    CHECK(device.link().megabits == 1000);
}

TEST_CASE_FIXTURE(Fixture, "a device without what is only wanted is used as it is, and not read where it has nothing") {
    model.device_length = kAddressLength;
    NetworkDevice small{model.windows(), dma, {.configuration = 1, .queues = 0}};
    CHECK(small.start().error() == Error::DeviceError);  // it says that it has more
    model.offered = virtio::kFeatureVersion1 | kFeatureAddress;
    REQUIRE(small.start().ok());
    CHECK(small.control() == nullptr);
    CHECK(small.link().up);
    CHECK(small.link().megabits == 0);
    CHECK_FALSE(model.enabled(kControlQueue));
    REQUIRE(small.refresh().ok());
    CHECK_FALSE(model.wrong_access);
}

TEST_CASE_FIXTURE(Fixture, "a device that cannot be used is refused, each for its reason") {
    Error wanted = Error::DeviceError;
    bool failed_bit = true;
    SUBCASE("reset never ends") {
        model.status = 0x0f;
        model.looks_until_reset = 10 * NetworkDevice::kResetLooks.left;
        wanted = Error::TimedOut;
        failed_bit = false;
    }
    SUBCASE("no address") {
        model.offered &= ~kFeatureAddress;
        wanted = Error::NotSupported;
    }
    SUBCASE("segmentation without checksums") { model.offered |= kFeatureSegmentIpv4; }
    SUBCASE("filters without a control queue") { model.offered &= ~kFeatureControlQueue; }
    SUBCASE("no interrupt for the queues") { model.refuse_enable_vector = true; }
    SUBCASE("a queue that has no room for header and frame") {
        model.queue_size = 2;
        wanted = Error::NotSupported;
        failed_bit = false;
    }
    SUBCASE("configuration never stays the same") {
        model.busy_configuration = true;
        failed_bit = false;
    }
    CHECK(device.start().error() == wanted);
    CHECK(((model.status & 0x80) != 0) == failed_bit);
    CHECK((model.status & 4) == 0);  // never DRIVER_OK
}

TEST_CASE_FIXTURE(Fixture, "a frame in pieces is sent as one, and given back when it has gone") {
    REQUIRE(device.start().ok());
    write(0, std::string(100, 'a'));
    write(8192, std::string(50, 'b'));
    REQUIRE(send(7, {piece(0, 100), piece(8192, 50)}).ok());
    REQUIRE(send(8, {piece(0, 60)}).ok());
    device.kick();
    CHECK(model.notifications == 1);
    CHECK_FALSE(device.send().next_ended()->has_value());
    REQUIRE(model.sending() == 2);
    const auto frame = model.take_frame();
    CHECK(frame.bytes == std::string(100, 'a') + std::string(50, 'b'));
    CHECK(frame.flags == 0);
    CHECK(frame.segment_type == 0);
    CHECK(next(device.send()).number == 7);
    device.kick();
    CHECK(model.notifications == 1);  // nothing new
    CHECK_FALSE(model.bad_chain);
}

TEST_CASE_FIXTURE(Fixture, "what the device is to do to a frame stands before it") {
    model.offered |= kFeatureChecksum | kFeatureSegmentIpv4;
    REQUIRE(device.start().ok());
    REQUIRE(send(1, {piece(0, 3000)}, {.flags = kNeedsChecksum, .segment_type = kCutIpv4, .header_bytes = 54, .segment_bytes = 1460, .checksum_start = 34, .checksum_offset = 16}).ok());
    const auto frame = model.take_frame();
    CHECK(frame.flags == 1);
    CHECK(frame.segment_type == 1);
    CHECK(frame.header_bytes == 54);
    CHECK(frame.segment_bytes == 1460);
    CHECK(frame.checksum_start == 34);
    CHECK(frame.checksum_offset == 16);
    // A slot that was used before has nothing of it.
    next(device.send());
    REQUIRE(send(2, {piece(0, 60)}).ok());
    CHECK(model.take_frame().flags == 0);
}

TEST_CASE_FIXTURE(Fixture, "frames arrive in the buffers alone, their headers do not") {
    REQUIRE(device.start().ok());
    REQUIRE(give(1, {piece(0, 1000), piece(8192, 1000)}).ok());
    REQUIRE(give(2, {piece(2048, 2048)}).ok());
    device.kick();
    CHECK(model.notifications == 1);
    model.received_flags = kDataValid;
    REQUIRE(model.put_frame(std::string(1500, 'x'), 0));
    REQUIRE(model.put_frame(std::string(60, 'y'), 0));
    CHECK_FALSE(model.put_frame("no buffer"));
    const auto first = next(device.receive());
    CHECK(first.number == 1);
    CHECK(first.bytes == 1500);
    CHECK(first.flags == kDataValid);
    CHECK(text(0, 1000) == std::string(1000, 'x'));
    CHECK(text(8192, 500) == std::string(500, 'x'));
    CHECK(text(8192 + 500, 1) == "\xcc");
    CHECK(next(device.receive()).bytes == 60);
    CHECK_FALSE(model.bad_chain);
}

TEST_CASE_FIXTURE(Fixture, "as many frames as half the queue has descriptors are in progress at once, and no more") {
    REQUIRE(device.start().ok());
    CHECK(device.send().depth() == model.queue_size / 2);
    u32 number = 0;
    while (send(number, {piece(0, 60)}).ok()) ++number;
    CHECK(number == model.queue_size / 2u);
    CHECK(send(number, {piece(0, 60)}).error() == Error::Busy);
    model.take_frame(3);
    CHECK(next(device.send()).number == 3);
    CHECK(send(number, {piece(0, 60), piece(100, 60)}).error() == Error::Busy);  // its pieces need a descriptor more
    CHECK(send(number, {piece(0, 60)}).ok());
}

TEST_CASE_FIXTURE(Fixture, "a device that breaks the ring is reported, and works again after start") {
    REQUIRE(device.start().ok());
    REQUIRE(give(1, {piece(0, 2048)}).ok());
    model.pending(kReceiveQueue);
    SUBCASE("index") { model.set_used_index(kReceiveQueue, 9); }
    SUBCASE("id") { model.push_used(kReceiveQueue, 40, 20); }
    SUBCASE("longer than the buffer") {
        model.lie_about_written = 2048;
        model.put_frame(std::string(60, 'x'));
    }
    SUBCASE("shorter than a header") {
        model.missing_bytes = 61;
        model.put_frame(std::string(60, 'x'));
    }
    CHECK(device.receive().next_ended().error() == Error::ProtocolViolation);
    model.lie_about_written = model.missing_bytes = 0;
    REQUIRE(device.start().ok());
    CHECK_FALSE(device.receive().next_ended()->has_value());
    REQUIRE(give(5, {piece(0, 2048)}).ok());
    REQUIRE(model.put_frame(std::string(60, 'x')));
    CHECK(next(device.receive()).number == 5);
}

TEST_CASE_FIXTURE(Fixture, "a filter becomes three commands; the newest waits for the answers") {
    REQUIRE(device.start().ok());
    ControlQueue& control = *device.control();
    ethernet::Filter filter;
    filter.count = 2;
    filter.groups.each[0] = 0x0100'5e00'0001;
    filter.groups.each[1] = 0xfb00'005e'0001;
    control.tell(filter);
    CHECK(*control.progress());
    CHECK(control.is_waiting());
    filter.count = 1;
    control.tell(filter);
    filter.all_groups = true;
    control.tell(filter);
    CHECK_FALSE(*control.progress());
    model.obey();
    CHECK(model.commands == 3);
    CHECK_FALSE(model.promiscuous);
    CHECK_FALSE(model.all_groups);
    CHECK(model.groups == std::vector<u64>{0x0100'5e00'0001, 0xfb00'005e'0001});
    CHECK(*control.progress());
    model.obey();
    CHECK(model.commands == 6);
    CHECK(model.all_groups);
    CHECK(model.groups == std::vector<u64>{0x0100'5e00'0001});
    CHECK_FALSE(*control.progress());
    CHECK_FALSE(control.is_waiting());
    CHECK(control.refused() == 0);
    CHECK_FALSE(model.bad_chain);

    filter.count = std::size(filter.groups.each);
    model.answer = 1;
    control.tell(filter);
    CHECK(*control.progress());
    model.obey();
    CHECK(model.groups.size() == 16);
    CHECK_FALSE(*control.progress());
    CHECK(control.refused() == 3);
}

TEST_CASE_FIXTURE(Fixture, "frames of any length, in any pieces, arrive undamaged in any order of completion") {
    std::mt19937 random(7);
    const auto any = [&](u32 least, u32 most) { return least + static_cast<u32>(random() % (most - least + 1)); };
    REQUIRE(device.start().ok());
    for (u32 round = 0; round < 3000; ++round) {
        const u32 first = any(1, 1000), second = any(1, 1000);
        std::string bytes(first + second, '\0');
        for (char& each : bytes) each = static_cast<char>(random());
        write(0, bytes.substr(0, first));
        write(8192, bytes.substr(first));
        REQUIRE(send(round, {piece(0, first), piece(8192, second)}).ok());
        REQUIRE(give(round, {piece(20000, 900), piece(30000, 1200)}).ok());
        const auto frame = model.take_frame(any(0, static_cast<u32>(model.sending()) - 1));
        CHECK(frame.bytes == bytes);
        REQUIRE(model.put_frame(frame.bytes, any(0, static_cast<u32>(model.buffers()) - 1)));
        CHECK(next(device.send()).number == round);
        const auto arrived = next(device.receive());
        CHECK(arrived.bytes == bytes.size());
        const std::string all = text(20000, 900) + text(30000, 1200);
        CHECK(all.substr(0, bytes.size()) == bytes);
    }
    CHECK_FALSE(model.bad_chain);
    CHECK_FALSE(model.wrong_access);
}
