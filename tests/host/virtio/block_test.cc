// The block device against a device that executes its descriptors, in and out of order, and that lies.
#include <devices/virtio_block.h>
#include <drivers/virtio_blk/device.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::virtio_blk;
using test::VirtioBlock;

namespace {

struct Fixture {
    test::DmaSpace memory;
    VirtioBlock model{memory, 2048};
    hw::DmaMemory dma = memory.allocate(Requests::memory_size(virtio::kMaximumQueueSize));
    hw::DmaMemory pages = memory.allocate(16 * 4096);
    BlockDevice device{model.windows(), dma, {.configuration = 1, .queues = 0}};

    hw::DmaRange page(u32 index, u32 length = 4096) { return {pages.device_address + index * 4096u, length}; }
    u8* bytes(u32 index) { return static_cast<u8*>(pages.cpu) + index * 4096u; }

    Completion next() {
        const auto completion = device.requests().next_completion();
        REQUIRE(completion.ok());
        REQUIRE(completion->has_value());
        return **completion;
    }
    Status read(u64 sector, std::initializer_list<hw::DmaRange> data, u64 token) {
        return device.requests().read(device.properties(), sector, std::span(data.begin(), data.size()), Token{token});
    }
    Status write(u64 sector, std::initializer_list<hw::DmaRange> data, u64 token) {
        return device.requests().write(device.properties(), sector, std::span(data.begin(), data.size()), Token{token});
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "initialisation follows 3.1.1 step by step") {
    model.looks_until_reset = 5;
    model.status = 0x0f;  // as a dead incarnation left it
    REQUIRE(device.start().ok());
    CHECK(model.statuses == std::vector<u8>{0, 1, 3, 3 | 8, 3 | 8 | 4});
    CHECK(model.accepted == model.offered);
    CHECK(model.looks_until_reset == 0);
    CHECK(model.queue_vector() == 0);
    CHECK(model.config_vector == 1);
    CHECK(model.enabled());
    CHECK_FALSE(model.wrong_access);
    CHECK(device.properties().sectors == 2048);
    CHECK(device.properties().block_size == 4096);
    CHECK(device.properties().most_segments == 30);
    CHECK_FALSE(device.properties().read_only);
}

TEST_CASE_FIXTURE(Fixture, "a device that cannot be used is refused, each for its reason") {
    Error wanted = Error::DeviceError;
    bool failed_bit = true;
    SUBCASE("reset never ends") {
        model.status = 0x0f;
        model.looks_until_reset = 10 * BlockDevice::kResetLooks.left;
        wanted = Error::TimedOut;
        failed_bit = false;
    }
    SUBCASE("not a version 1 device") {
        model.offered &= ~virtio::kFeatureVersion1;
        wanted = Error::NotSupported;
    }
    SUBCASE("features are not accepted") {
        model.refuse_features = true;
        wanted = Error::NotSupported;
    }
    SUBCASE("no interrupt for the queue") { model.refuse_enable_vector = true; }
    SUBCASE("no interrupt for the configuration") { model.vectors = 1; }
    SUBCASE("queue size is no power of two") { model.queue_size = 48; }
    SUBCASE("doorbell outside the notify window") { model.notify_offset = 16; }
    SUBCASE("block size is no power of two") { model.block_size = 1000; }
    SUBCASE("no segments allowed") { model.most_segments = 0; }
    SUBCASE("no queue at all") {
        model.queue_size = 0;
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

TEST_CASE_FIXTURE(Fixture, "a scattered read brings the disk's bytes, and only when it is finished") {
    REQUIRE(device.start().ok());
    REQUIRE(read(10, {page(0), page(3, 512), page(1)}, 77).ok());
    device.kick();
    CHECK(model.notifications == 1);
    CHECK_FALSE(device.requests().next_completion()->has_value());
    model.finish_all();
    const Completion completion = next();
    CHECK(completion.token == Token{77});
    CHECK(completion.error == Error::None);
    CHECK(completion.bytes == 8704);
    CHECK(std::memcmp(bytes(0), model.disk.data() + 5120, 4096) == 0);
    CHECK(std::memcmp(bytes(3), model.disk.data() + 5120 + 4096, 512) == 0);
    CHECK(std::memcmp(bytes(1), model.disk.data() + 5120 + 4608, 4096) == 0);
    CHECK(bytes(3)[512] == 0xcc);
    CHECK_FALSE(model.bad_chain);
}

TEST_CASE_FIXTURE(Fixture, "write, flush, identify") {
    REQUIRE(device.start().ok());
    for (int i = 0; i < 4096; ++i) bytes(2)[i] = static_cast<u8>(i * 3);
    REQUIRE(write(100, {page(2)}, 1).ok());
    REQUIRE(device.requests().flush(device.properties(), Token{2}).ok());
    REQUIRE(device.requests().identify(Token{3}).ok());
    model.finish_all();
    CHECK(next().token == Token{1});
    CHECK(std::memcmp(model.disk.data() + 51200, bytes(2), 4096) == 0);
    CHECK(next().type == RequestType::Flush);
    CHECK(next().error == Error::None);
    CHECK(std::string(device.requests().identity().data()) == "fake-disk-0001");
    CHECK_FALSE(model.bad_chain);
}

TEST_CASE_FIXTURE(Fixture, "requests that the device must never see") {
    model.offered |= kFeatureReadOnly | kFeatureSegmentSize;
    model.offered &= ~kFeatureFlush;
    model.longest_segment = 4096;
    REQUIRE(device.start().ok());
    CHECK(write(0, {page(0)}, 1).error() == Error::ReadOnly);
    CHECK(device.requests().flush(device.properties(), Token{1}).error() == Error::NotSupported);
    CHECK(read(0, {}, 1).error() == Error::InvalidArgument);
    CHECK(read(0, {page(0, 100)}, 1).error() == Error::InvalidArgument);
    CHECK(read(0, {page(0, 0)}, 1).error() == Error::InvalidArgument);
    CHECK(read(0, {{~0ull - 10, 512}}, 1).error() == Error::InvalidArgument);
    CHECK(read(0, {page(0, 8192)}, 1).error() == Error::OutOfRange);
    CHECK(read(2041, {page(0)}, 1).error() == Error::OutOfRange);
    CHECK(read(~0ull, {page(0)}, 1).error() == Error::OutOfRange);
    const std::vector<hw::DmaRange> many(31, page(0, 512));
    CHECK(device.requests().read(device.properties(), 0, many, Token{1}).error() == Error::OutOfRange);
    CHECK(read(2040, {page(0)}, 1).ok());
    CHECK(model.pending().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the queue fills up, is busy, and drains in any order") {
    REQUIRE(device.start().ok());
    std::mt19937 random(3);
    std::vector<bool> open(5000, false);
    u64 next_token = 0, finished = 0;
    unsigned busy = 0;
    while (finished < 4000) {
        while (true) {
            const u64 sector = next_token * 8 % 2048;
            const Status status = next_token % 3 == 0 ? read(sector, {page(0, 512), page(1, 512)}, next_token)
                                                      : read(sector, {page(0)}, next_token);
            if (!status.ok()) {
                REQUIRE(status.error() == Error::Busy);
                ++busy;
                break;
            }
            open[next_token++ % 5000] = true;
        }
        REQUIRE(device.requests().in_progress() > 10);
        for (unsigned i = 1 + static_cast<unsigned>(random() % 15); i != 0 && !model.pending().empty(); --i)
            model.finish(random() % model.pending().size());
        for (auto completion = device.requests().next_completion();; completion = device.requests().next_completion()) {
            REQUIRE(completion.ok());
            if (!completion->has_value()) break;
            const u64 token = static_cast<u64>((*completion)->token);
            REQUIRE(open[token % 5000]);
            REQUIRE((*completion)->error == Error::None);
            REQUIRE((*completion)->bytes == (token % 3 == 0 ? 1024 : 4096));
            open[token % 5000] = false;
            ++finished;
        }
    }
    CHECK(busy > 100);
    CHECK_FALSE(model.bad_chain);
}

TEST_CASE_FIXTURE(Fixture, "a device that reports, forgets or shortens is an error, and the next request is not") {
    REQUIRE(device.start().ok());
    REQUIRE(read(0, {page(0)}, 1).ok());
    SUBCASE("I/O error") { model.result_status = 1; }
    SUBCASE("unsupported") { model.result_status = 2; }
    SUBCASE("no status") { model.forget_status = true; }
    SUBCASE("one byte less than the data and the status") { model.missing_bytes = 1; }
    model.finish();
    const Completion bad = next();
    CHECK(bad.error == Error::DeviceError);
    CHECK(bad.bytes == 0);
    model.result_status = 0;
    model.forget_status = false;
    model.missing_bytes = 0;
    REQUIRE(read(0, {page(0)}, 2).ok());
    model.finish();
    CHECK(next().error == Error::None);
}

TEST_CASE_FIXTURE(Fixture, "a device that breaks the ring is reported, and works again after start") {
    REQUIRE(device.start().ok());
    REQUIRE(read(0, {page(0)}, 1).ok());
    REQUIRE(read(8, {page(1)}, 2).ok());
    model.pending();
    SUBCASE("index") { model.set_used_index(0, 9); }
    SUBCASE("id") { model.push_used(0, 40, 1); }
    SUBCASE("length") {
        model.lie_about_written = 1;
        model.finish();
    }
    CHECK(device.requests().next_completion().error() == Error::ProtocolViolation);
    CHECK(read(0, {page(0)}, 3).error() == Error::ProtocolViolation);
    model.lie_about_written = 0;
    REQUIRE(device.start().ok());
    CHECK(device.requests().in_progress() == 0);
    REQUIRE(read(0, {page(0)}, 3).ok());
    model.finish_all();
    CHECK(next().token == Token{3});
}

TEST_CASE_FIXTURE(Fixture, "a new incarnation resets first, and nothing of the old one comes back") {
    REQUIRE(device.start().ok());
    for (u64 token = 0; token < 5; ++token) REQUIRE(read(token, {page(0)}, token).ok());
    model.pending();
    model.finish(2);

    BlockDevice reborn{model.windows(), dma, {.configuration = 1, .queues = 0}};
    model.looks_until_reset = 10;
    REQUIRE(reborn.start().ok());
    CHECK(model.resets == 2);
    CHECK_FALSE(reborn.requests().next_completion()->has_value());
    const hw::DmaRange range = page(5);
    REQUIRE(reborn.requests().read(reborn.properties(), 4, std::span(&range, 1), Token{99}).ok());
    CHECK(model.pending().size() == 1);
    model.finish_all();
    const auto completion = reborn.requests().next_completion();
    REQUIRE(completion.ok());
    CHECK((*completion)->token == Token{99});
    CHECK(std::memcmp(bytes(5), model.disk.data() + 2048, 4096) == 0);
}

TEST_CASE_FIXTURE(Fixture, "no doorbell when the device does not want one") {
    REQUIRE(device.start().ok());
    model.suppress_notifications(true);
    REQUIRE(read(0, {page(0)}, 1).ok());
    device.kick();
    CHECK(model.notifications == 0);
}

TEST_CASE_FIXTURE(Fixture, "a large queue is used up to our size, a device's limits are capped by ours") {
    model.queue_size = 1024;
    model.most_segments = 1000;
    REQUIRE(device.start().ok());
    CHECK(device.requests().queue().size() == virtio::kMaximumQueueSize);
    CHECK(device.properties().most_segments == Requests::kMostSegments);
    const std::vector<hw::DmaRange> many(Requests::kMostSegments, page(0, 512));
    REQUIRE(device.requests().read(device.properties(), 0, many, Token{1}).ok());
    model.finish_all();
    CHECK(next().bytes == 512u * Requests::kMostSegments);
}
