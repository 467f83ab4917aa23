// The split virtqueue against a device that keeps the rules, and against ones that do not.
#include <devices/dma_space.h>
#include <drivers/virtio/queue.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::virtio;

namespace {

struct Fixture {
    static constexpr u16 kSize = 8;
    test::DmaSpace memory;
    hw::DmaMemory dma = memory.allocate(QueueShape{kSize}.total());
    Queue queue;
    u16 index = 0;

    Fixture() { REQUIRE(queue.prepare(dma, kSize).ok()); }

    Segment readable(u32 length = 16) { return {{0x1000, length}, false}; }
    Segment writable(u32 length = 512) { return {{0x2000, length}, true}; }
    u16 submit(std::initializer_list<Segment> segments) {
        const auto head = queue.submit(std::span(segments.begin(), segments.size()));
        REQUIRE(head.ok());
        return *head;
    }
    void give_back(u32 id, u32 written) {
        memory.store<u32>(queue.used_address() + 4 + 8 * (index % kSize), id);
        memory.store<u32>(queue.used_address() + 8 + 8 * (index % kSize), written);
        memory.store<u16>(queue.used_address() + 2, ++index);
    }
};

}  // namespace

TEST_CASE("the three parts have the sizes and alignments of 2.7") {
    for (u16 size = 1; size <= kMaximumQueueSize && size != 0; size = static_cast<u16>(size * 2)) {
        const QueueShape shape{size};
        CHECK(shape.available() == 16u * size);
        CHECK(shape.used() % 4 == 0);
        CHECK(shape.used() >= shape.available() + 6 + 2u * size);
        CHECK(shape.total() == shape.used() + 6 + 8u * size);
    }
}

TEST_CASE("a queue refuses sizes and memory that the specification forbids") {
    test::DmaSpace memory;
    const auto dma = memory.allocate(1 << 16);
    Queue queue;
    CHECK(queue.prepare(dma, 0).error() == Error::InvalidArgument);
    CHECK(queue.prepare(dma, 12).error() == Error::InvalidArgument);
    CHECK(queue.prepare(dma, 512).error() == Error::InvalidArgument);
    CHECK(queue.prepare(dma.part(8, 8192), 8).error() == Error::InvalidArgument);
    CHECK(queue.prepare(dma.part(0, QueueShape{8}.total() - 1), 8).error() == Error::OutOfRange);
    const Segment segment{{0x1000, 1}, false};
    CHECK(queue.submit(std::span(&segment, 1)).error() == Error::ProtocolViolation);  // never prepared
}

TEST_CASE_FIXTURE(Fixture, "a chain stands in memory as the device expects it") {
    const u16 head = submit({readable(16), writable(512), writable(1)});
    CHECK(memory.load<u16>(queue.available_address() + 2) == 1);
    CHECK(memory.load<u16>(queue.available_address() + 4) == head);
    const u64 entry = queue.descriptors_address() + 16 * head;
    CHECK(memory.load<u64>(entry) == 0x1000);
    CHECK(memory.load<u32>(entry + 8) == 16);
    CHECK(memory.load<u16>(entry + 12) == 1);
    const u64 second = queue.descriptors_address() + 16 * memory.load<u16>(entry + 14);
    CHECK(memory.load<u16>(second + 12) == 3);
    const u64 third = queue.descriptors_address() + 16 * memory.load<u16>(second + 14);
    CHECK(memory.load<u16>(third + 12) == 2);
    CHECK(queue.free_descriptors() == 5);
}

TEST_CASE_FIXTURE(Fixture, "a chain that breaks the rules of 2.7.4.2 and 2.7.5.1 changes nothing") {
    const Segment wrong_order[] = {writable(), readable()};
    const Segment empty_segment[] = {readable(0)};
    const Segment too_much[] = {readable(~0u), readable(2)};
    CHECK(queue.submit({}).error() == Error::InvalidArgument);
    CHECK(queue.submit(wrong_order).error() == Error::InvalidArgument);
    CHECK(queue.submit(empty_segment).error() == Error::InvalidArgument);
    CHECK(queue.submit(too_much).error() == Error::OutOfRange);
    const std::vector<Segment> long_chain(kSize + 1, readable());
    CHECK(queue.submit(long_chain).error() == Error::OutOfRange);
    CHECK(queue.free_descriptors() == kSize);
    CHECK(memory.load<u16>(queue.available_address() + 2) == 0);
}

TEST_CASE_FIXTURE(Fixture, "when the descriptors are used up the queue is busy, and usable again after") {
    const u16 first = submit({readable(), writable(), writable(), writable()});
    submit({readable(), writable(), writable(), writable()});
    const Segment one = readable();
    CHECK(queue.submit(std::span(&one, 1)).error() == Error::Busy);
    give_back(first, 5);
    const auto used = queue.take_used();
    REQUIRE(used.ok());
    REQUIRE(used->has_value());
    CHECK((*used)->head == first);
    CHECK((*used)->written == 5);
    CHECK(queue.free_descriptors() == 4);
    submit({readable(), writable(), writable(), writable()});
}

TEST_CASE_FIXTURE(Fixture, "a seeded run of out-of-order completions loses and doubles nothing") {
    std::mt19937 random(7);
    std::vector<u16> in_flight;
    for (int step = 0; step < 200'000; ++step) {  // the 16-bit indices wrap three times
        if (random() % 2) {
            std::vector<Segment> chain(1 + random() % 4, readable());
            chain.push_back(writable(100));
            const auto head = queue.submit(chain);
            if (head.ok()) in_flight.push_back(*head);
            else REQUIRE(head.error() == Error::Busy);
        } else if (!in_flight.empty()) {
            const std::size_t which = random() % in_flight.size();
            give_back(in_flight[which], 100);
            const auto used = queue.take_used();
            REQUIRE(used.ok());
            REQUIRE((*used)->head == in_flight[which]);
            in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(which));
        }
        REQUIRE(queue.in_flight() == in_flight.size());
    }
    CHECK(queue.interrupt_after(1));
}

TEST_CASE_FIXTURE(Fixture, "hostile: the used index jumps ahead") {
    submit({readable(), writable()});
    memory.store<u16>(queue.used_address() + 2, 2);
    CHECK(queue.take_used().error() == Error::ProtocolViolation);
    const Segment one = readable();
    CHECK(queue.submit(std::span(&one, 1)).error() == Error::ProtocolViolation);
    CHECK(queue.take_used().error() == Error::ProtocolViolation);
    REQUIRE(queue.prepare(dma, kSize).ok());  // after a reset it is as new
    CHECK(queue.free_descriptors() == kSize);
    submit({readable()});
}

TEST_CASE_FIXTURE(Fixture, "hostile: the used index goes back") {
    submit({readable(), writable()});
    memory.store<u16>(queue.used_address() + 2, 0xffff);
    CHECK(queue.take_used().error() == Error::ProtocolViolation);
}

TEST_CASE_FIXTURE(Fixture, "hostile: ids out of range, not in flight, in the middle of a chain, or twice") {
    const u16 head = submit({readable(), writable()});
    submit({readable(), writable()});
    SUBCASE("out of range") { give_back(kSize, 0); }
    SUBCASE("far out of range, with a good low half") { give_back(0x1'0000 + head, 0); }
    SUBCASE("free") { give_back(7, 0); }
    SUBCASE("second descriptor of a chain") { give_back(memory.load<u16>(queue.descriptors_address() + 14), 0); }
    SUBCASE("twice") {
        give_back(head, 0);
        REQUIRE(queue.take_used().ok());
        give_back(head, 0);
    }
    CHECK(queue.take_used().error() == Error::ProtocolViolation);
}

TEST_CASE_FIXTURE(Fixture, "hostile: more bytes written than the chain allows") {
    const u16 head = submit({readable(4096), writable(512)});
    give_back(head, 513);
    CHECK(queue.take_used().error() == Error::ProtocolViolation);
}

TEST_CASE_FIXTURE(Fixture, "hostile: rewriting all of the memory disturbs no bookkeeping") {
    std::mt19937 random(11);
    for (int round = 0; round < 2'000; ++round) {
        REQUIRE(queue.prepare(dma, kSize).ok());
        std::vector<Segment> chain(1 + random() % 3, writable());
        for (int step = 0; step < 20; ++step) {
            const auto submitted = queue.submit(chain);
            if (!submitted.ok() && submitted.error() != Error::Busy) break;
            for (u64 offset = 0; offset < dma.size; ++offset) dma.store<u8>(offset, static_cast<u8>(random()));
            // Often a plausible index, so that entries are looked at as well.
            if (random() % 2) memory.store<u16>(queue.used_address() + 2, static_cast<u16>(step % 4));
            const auto used = queue.take_used();
            if (!used.ok()) REQUIRE(used.error() == Error::ProtocolViolation);
            REQUIRE(queue.free_descriptors() <= kSize);
        }
    }
}

TEST_CASE_FIXTURE(Fixture, "suppression of notifications and of interrupts: 2.7.7 and 2.7.10") {
    CHECK(queue.needs_notification());
    memory.store<u16>(queue.used_address(), 1);
    CHECK_FALSE(queue.needs_notification());
    queue.turn_interrupts_off();
    CHECK(memory.load<u16>(queue.available_address()) == 1);
    CHECK(queue.interrupt_after(5));  // with each
    CHECK(memory.load<u16>(queue.available_address()) == 0);
    give_back(submit({readable()}), 0);
    CHECK_FALSE(queue.interrupt_after(5));
}

TEST_CASE_FIXTURE(Fixture, "the same by indices: 2.7.7.1 and 2.7.10.1") {
    REQUIRE(queue.prepare(dma, kSize, Wishes::Index).ok());
    const u64 interrupt_at = queue.available_address() + 4 + 2 * kSize, notify_at = queue.used_address() + 4 + 8 * kSize;
    // More than once round both rings and all indices, with any number of chains at a time.
    std::mt19937 random(3);
    u16 submitted = 0, ended = 0;
    for (u32 round = 0; round < 50'000; ++round) {
        const u16 count = static_cast<u16>(random() % kSize + 1), wish = static_cast<u16>(random() % (kSize + 2));
        memory.store<u16>(notify_at, static_cast<u16>(submitted + wish));
        std::vector<u16> heads;
        for (u16 i = 0; i < count; ++i) heads.push_back(submit({readable()}));
        submitted = static_cast<u16>(submitted + count);
        REQUIRE(queue.needs_notification() == (wish < count));
        REQUIRE_FALSE(queue.needs_notification());  // once

        const u16 after = static_cast<u16>(random() % count + 1), back = static_cast<u16>(random() % (count + 1));
        REQUIRE(queue.interrupt_after(after));
        REQUIRE(memory.load<u16>(interrupt_at) == static_cast<u16>(ended + after - 1));
        for (u16 i = 0; i < count; ++i) {
            if (i == back) REQUIRE(queue.interrupt_after(after) == (back < after));
            give_back(heads[i], 0);
        }
        while (*queue.take_used()) ++ended;
        queue.turn_interrupts_off();
        REQUIRE(memory.load<u16>(interrupt_at) == static_cast<u16>(ended - 1));
    }
    CHECK(memory.load<u16>(queue.available_address()) == 0);  // the flags are not used
}
