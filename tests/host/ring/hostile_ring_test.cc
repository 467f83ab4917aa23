// A peer that writes anything anywhere, at any time: the other side reads no place outside, believes no number, and
// gives up with ProtocolViolation or goes on with a private copy.
#include "ring_memory.h"

#include <doctest/doctest.h>

#include <random>

using namespace ring_test;

TEST_CASE("a header that cannot be is no ring") {
    auto refused = [](auto&& change) {
        RingMemory memory;
        memory.produce();
        change(memory.header());
        return memory.consume().error() == Error::ProtocolViolation;
    };
    CHECK(!refused([](Header&) {}));
    CHECK(refused([](Header& header) { header.magic ^= 1; }));
    CHECK(refused([](Header& header) { header.version = 2; }));
    CHECK(refused([](Header& header) { header.stride = 0; }));
    CHECK(refused([](Header& header) { header.stride += 1; }));
    CHECK(refused([](Header& header) { header.stride = 64; }));  // smaller than its words
    CHECK(refused([](Header& header) { header.stride = 0xffff'ffc0; }));
    CHECK(refused([](Header& header) { header.count = 0; }));
    CHECK(refused([](Header& header) { header.count = 7; }));
    CHECK(refused([](Header& header) { header.count = 16; }));  // more than the interface has
    CHECK(refused([](Header& header) { header.count = 0x8000'0000; }));
    CHECK(refused([](Header& header) { header.request_words = 0xffff; }));
    CHECK(refused([](Header& header) { header.response_words = 13; }));
    CHECK(refused([](Header& header) { header.area_bytes = 257; }));
    CHECK(refused([](Header& header) { header.submitted = 1; }));  // no entry says so
    CHECK(refused([](Header& header) { header.submitted = ~0ull; }));
    CHECK(refused([](Header& header) { header.submitted = ~0ull - 3; }));
}

TEST_CASE("memory that is too small or lies wrong") {
    RingMemory memory;
    CHECK(Memory::open(std::span(memory.bytes).first(10)).error() == Error::ProtocolViolation);
    memory.produce();
    CHECK(Memory::open(std::span(memory.bytes).first(sizeof(Header) + 64)).error() == Error::ProtocolViolation);
    CHECK(Memory::open(std::span(memory.bytes).subspan(8)).error() == Error::ProtocolViolation);
    CHECK(Producer<kCount>::create(std::span(memory.bytes).first(512), 3, 3, 0).error() == Error::InvalidArgument);
}

TEST_CASE("geometry is read once: what the client writes later moves nothing") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    submit(producer, 1);
    memory.header().stride = 0x1000'0000;
    memory.header().count = 0x1000'0000;
    memory.header().request_words = 0xffff;
    memory.header().area_bytes = ~0ull;
    CHECK((*consumer.take())->words[0] == 1);
    consumer.complete(0, Error::None, {});
    CHECK((*producer.take()).has_value());
    CHECK(consumer.area().size() == memory.area.size());
}

TEST_CASE("a distance above the count, or an index that goes back, is a violation") {
    for (u64 submitted : {u64{kCount + 1}, u64{1} << 40, ~u64{0}}) {
        RingMemory memory;
        memory.produce();
        auto consumer = *memory.consume();
        memory.header().submitted = submitted;
        CHECK(consumer.take().error() == Error::ProtocolViolation);
    }
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    submit(producer, 1);
    CHECK((*consumer.take()).has_value());
    memory.header().submitted = 0;
    CHECK(consumer.take().error() == Error::ProtocolViolation);
}

TEST_CASE("an index without an entry is a violation") {
    RingMemory memory;
    memory.produce();
    auto consumer = *memory.consume();
    memory.header().submitted = 1;
    CHECK(consumer.take().error() == Error::ProtocolViolation);
}

TEST_CASE("an entry submitted again while it is in progress is a violation") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    for (u64 i = 0; i < kCount; ++i) submit(producer, i);
    for (u64 i = 0; i < kCount; ++i) CHECK((*consumer.take()).has_value());
    memory.entry(0).state = submitted_state(kCount);
    memory.header().submitted = kCount + 1;
    CHECK(!(*consumer.take()).has_value());  // all that may be is in progress
    consumer.complete(1, Error::None, {});
    CHECK(consumer.take().error() == Error::ProtocolViolation);
}

TEST_CASE("what was taken is a copy: the entry changes, the request does not") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    submit(producer, 42);
    auto taken = *consumer.take();
    for (std::size_t i = sizeof(Header); i < memory.bytes.size(); ++i) memory.bytes[i] = std::byte{0xff};
    CHECK(taken->words[0] == 42);
    consumer.complete(taken->ticket, Error::None, {});  // writes to its own place only
    CHECK(memory.entry(0).state == done_state(0));
}

TEST_CASE("a server that writes states which cannot be ends the client's ring") {
    for (u64 state : {u64{0}, u64{99}, submitted_state(kCount), done_state(kCount), ~u64{0}}) {
        RingMemory memory;
        auto producer = memory.produce();
        submit(producer, 1);
        memory.entry(0).state = state;
        memory.header().completed = 1;
        CHECK(producer.take().error() == Error::ProtocolViolation);
        bool needs_signal;
        CHECK(producer.submit(1, {}, needs_signal).error() == Error::ProtocolViolation);
        CHECK(producer.broken());
    }
}

TEST_CASE("a server cannot answer twice, nor answer what was not asked") {
    RingMemory memory;
    auto producer = memory.produce();
    submit(producer, 1);
    memory.entry(0).state = done_state(0);
    memory.header().completed = 1;
    CHECK((*producer.take()).has_value());
    memory.entry(0).state = done_state(0);
    memory.entry(3).state = done_state(3);
    memory.header().completed = ~0ull;
    CHECK(!(*producer.take()).has_value());
    CHECK(producer.in_flight() == 0);
}

TEST_CASE("random writes of the peer into every place, at every moment") {
    unsigned violations = 0, served = 0;
    for (u32 seed = 0; seed < 3000; ++seed) {
        std::mt19937_64 dice(seed);
        RingMemory memory;
        auto producer = memory.produce();
        auto opened = memory.consume();
        Consumer<kCount> consumer = *opened;
        std::vector<u64> tickets;
        auto scribble = [&] {
            std::size_t used = sizeof(Header) + kCount * 128;
            u64& word = reinterpret_cast<u64*>(memory.bytes.data())[dice() % (used / sizeof(u64))];
            word = dice() % 2 ? dice() : dice() % 64;
        };
        for (int step = 0; step < 60; ++step) {
            bool needs_signal;
            switch (dice() % 6) {
                case 0: (void)producer.submit(1, {}, needs_signal); break;
                case 1:
                    if (auto taken = consumer.take(); !taken.ok()) {
                        ++violations;
                        if (auto again = memory.consume(); again.ok()) consumer = *again;
                    } else if (taken->has_value()) {
                        tickets.push_back((*taken)->ticket);
                        ++served;
                    }
                    break;
                case 2:
                    if (!tickets.empty()) consumer.complete(tickets[dice() % tickets.size()], Error::None, {});
                    break;
                case 3: (void)producer.take(); break;
                case 4:
                    (void)consumer.prepare_to_sleep();
                    (void)producer.prepare_to_sleep();
                    break;
                case 5:
                    if (dice() % 4 == 0) scribble();
                    break;
            }
        }
    }
    CHECK(violations > 100);
    CHECK(served > 1000);
}
