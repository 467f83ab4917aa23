// A ring between honest sides: order, wake-ups, and a consumer that dies at every step.
#include "ring_memory.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

using namespace ring_test;

TEST_CASE("requests arrive in order, completions in any") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    std::vector<u64> tickets;
    for (u64 i = 0; i < 4; ++i) tickets.push_back(submit(producer, 100 + i));
    std::vector<Taken> taken;
    while (auto next = *consumer.take()) taken.push_back(*next);
    REQUIRE(taken.size() == 4);
    for (u64 i = 0; i < 4; ++i) {
        CHECK(taken[i].ticket == tickets[i]);
        CHECK(taken[i].label == 100 + i);
        CHECK(taken[i].words[0] == 100 + i);
        CHECK(taken[i].words[3] == 0);
    }
    CHECK(!(*producer.take()).has_value());
    for (int i : {2, 0, 3, 1}) {
        u64 answer[] = {taken[i].words[0] * 2};
        consumer.complete(taken[i].ticket, Error::None, answer);
        auto completion = *producer.take();
        REQUIRE(completion);
        CHECK(completion->ticket == tickets[i]);
        CHECK(completion->words[0] == (100u + i) * 2);
        CHECK(completion->words[1] == 0);
    }
    CHECK(producer.in_flight() == 0);
    CHECK(memory.header().completed == 4);
}

TEST_CASE("a full ring is Busy, and a slot is free when its completion was taken") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    for (u64 i = 0; i < kCount; ++i) submit(producer, i);
    bool needs_signal;
    CHECK(producer.submit(1, {}, needs_signal).error() == Error::Busy);
    auto taken = *consumer.take();
    consumer.complete(taken->ticket, Error::DeviceError, {});
    CHECK(producer.submit(1, {}, needs_signal).error() == Error::Busy);
    CHECK((*producer.take())->status == Error::DeviceError);
    CHECK(submit(producer, 9) == kCount);
}

TEST_CASE("no more is taken than may be in progress") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume(2);
    for (u64 i = 0; i < 5; ++i) submit(producer, i);
    CHECK((*consumer.take()).has_value());
    CHECK((*consumer.take()).has_value());
    CHECK(!(*consumer.take()).has_value());
    CHECK(consumer.prepare_to_sleep());  // the next completion is the occasion to go on
    consumer.complete(0, Error::None, {});
    CHECK(!consumer.prepare_to_sleep());
    CHECK((*consumer.take())->ticket == 2);
}

TEST_CASE("the oldest entry in progress is late when its call's time has passed since it was first asked for") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    const auto within = [](u32 label) { return label == 5 ? u64{100} : u64{0}; };
    submit(producer, 5);
    submit(producer, 6);
    submit(producer, 5);
    std::vector<Taken> taken;
    while (auto next = *consumer.take()) taken.push_back(*next);
    memory.entry(0).label = 6;  // the client's word does not count any more
    CHECK(!consumer.is_late(1000, within));
    CHECK(!consumer.is_late(1100, within));
    CHECK(consumer.is_late(1101, within));
    consumer.complete(taken[0].ticket, Error::None, {});
    CHECK(!consumer.is_late(2000, within));  // 6 is the oldest, which may take its time
    CHECK(!consumer.is_late(900'000, within));
    consumer.complete(taken[1].ticket, Error::None, {});
    CHECK(!consumer.is_late(900'001, within));
    CHECK(consumer.is_late(900'102, within));
    consumer.complete(taken[2].ticket, Error::None, {});
    CHECK(!consumer.is_late(2'000'000, within));
}

TEST_CASE("entries that wait are late when none was taken since the question before, but not while as many are in progress as may be") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume(2);
    const auto within = [](u32) { return u64{0}; };
    CHECK(!consumer.is_late(0, within));
    for (unsigned i = 0; i < 4; ++i) submit(producer, 5);
    CHECK(consumer.is_late(1, within));
    CHECK((*consumer.take()).has_value());
    CHECK(!consumer.is_late(2, within));
    CHECK(consumer.is_late(3, within));
    CHECK((*consumer.take()).has_value());
    CHECK(!consumer.is_late(4, within));
    CHECK(!consumer.is_late(5, within));
    consumer.complete(0, Error::None, {});
    CHECK(consumer.is_late(6, within));
}

TEST_CASE("an entry is answered once") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    submit(producer, 5);
    auto taken = *consumer.take();
    consumer.complete(taken->ticket, Error::None, {});
    consumer.complete(taken->ticket, Error::DeviceError, {});
    consumer.complete(77, Error::DeviceError, {});
    CHECK((*producer.take())->status == Error::None);
    CHECK(!(*producer.take()).has_value());
    CHECK(memory.header().completed == 1);
}

TEST_CASE("who sleeps is signalled, once; who is awake is not") {
    RingMemory memory;
    auto producer = memory.produce();
    auto consumer = *memory.consume();
    CHECK(consumer.take_signal());  // race (3): a new incarnation signals in any case
    CHECK(!consumer.take_signal());
    bool needs_signal;
    CHECK(producer.submit(1, {}, needs_signal).ok());
    CHECK(!needs_signal);
    CHECK(!consumer.prepare_to_sleep());  // race (1): it came before
    CHECK((*consumer.take()).has_value());
    CHECK(consumer.prepare_to_sleep());
    CHECK(producer.submit(2, {}, needs_signal).ok());
    CHECK(needs_signal);
    CHECK(producer.submit(3, {}, needs_signal).ok());
    CHECK(!needs_signal);

    consumer.complete(0, Error::None, {});
    CHECK(!consumer.take_signal());
    CHECK(!producer.prepare_to_sleep());  // race (2)
    CHECK((*producer.take()).has_value());
    CHECK(producer.prepare_to_sleep());
    CHECK((*consumer.take()).has_value());
    consumer.complete(1, Error::None, {});
    CHECK(consumer.take_signal());
    CHECK(!consumer.take_signal());
}

TEST_CASE("an entry that two incarnations took is not taken a third time") {
    RingMemory memory;
    auto producer = memory.produce();
    submit(producer, 1);
    for (int incarnation = 0; incarnation < 2; ++incarnation) {
        auto consumer = *memory.consume(kCount, false);
        CHECK((*consumer.take())->ticket == 0);
        if (incarnation == 0) submit(producer, 2);  // taken by nobody before the last
    }
    auto consumer = *memory.consume(kCount, false);
    CHECK(consumer.found_unfinished() == 2);
    CHECK((*consumer.take())->ticket == 1);
    CHECK((*producer.take())->status == Error::ServiceFailed);
    CHECK(consumer.take_signal());
}

TEST_CASE("what an incarnation took that ended by order does not count") {
    RingMemory memory;
    auto producer = memory.produce();
    submit(producer, 1);
    const auto take = [&](bool not_at_fault) {
        auto consumer = *memory.consume(kCount, not_at_fault);
        return (*consumer.take()).has_value();
    };
    CHECK(take(false));
    for (int kill = 0; kill < 100; ++kill) CHECK(take(true));
    CHECK(take(false));  // the last one failed with it: that is the first time
    CHECK_FALSE(take(false));
    CHECK((*producer.take())->status == Error::ServiceFailed);
}

// A consumer that is killed at every store that it makes into the ring: what it had stored stays, the rest is lost.
// Here the steps of a consumer are cut after each; the next incarnation knows only the memory.
TEST_CASE("a consumer killed between any two steps: each request is completed exactly once") {
    for (u32 seed = 0; seed < 400; ++seed) {
        std::mt19937 dice(seed);
        RingMemory memory;
        auto producer = memory.produce();
        auto consumer = *memory.consume();
        std::map<u64, unsigned> served;    // by value: how often a consumer did the work
        std::map<u64, unsigned> answered;  // by ticket
        std::map<u64, u64> value_of;
        std::vector<Taken> held;
        u64 next_value = 1, kills = 0, kills_with_work = 0;
        const u64 total = 120;
        for (unsigned step = 0; answered.size() < total && step < 100'000; ++step) {
            switch (dice() % 8) {
                case 0:
                case 1:
                    if (!producer.full() && next_value <= total) {
                        u64 value = next_value++;
                        value_of[submit(producer, value)] = value;
                    }
                    break;
                case 2:
                case 3:
                    if (auto taken = *consumer.take()) {
                        CHECK(!answered.contains(taken->ticket));
                        CHECK(taken->words[1] == ~taken->words[0]);
                        held.push_back(*taken);
                    }
                    break;
                case 4:
                case 5:
                    if (!held.empty()) {
                        std::size_t which = dice() % held.size();
                        ++served[held[which].words[0]];
                        u64 answer[] = {held[which].words[0] + 1};
                        consumer.complete(held[which].ticket, Error::None, answer);
                        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
                    }
                    break;
                case 6:
                    while (auto completion = *producer.take()) {
                        ++answered[completion->ticket];
                        CHECK(completion->words[0] == value_of[completion->ticket] + 1);
                    }
                    break;
                case 7:
                    if (dice() % 3) break;
                    ++kills;
                    kills_with_work += !held.empty();
                    for (const Taken& lost : held) {
                        if (dice() % 2) continue;  // it was writing the response when it died
                        u64* response = reinterpret_cast<u64*>(&memory.entry(lost.ticket) + 1) + kWords;
                        for (u32 i = 0; i < 1 + dice() % kWords; ++i) response[i] = 0xdead;
                        memory.entry(lost.ticket).status = static_cast<u32>(Error::DeviceError);
                    }
                    held.clear();
                    if (dice() % 2) memory.header().completed = dice();  // or the hint was not written yet
                    consumer = *memory.consume();
                    break;
            }
        }
        REQUIRE(answered.size() == total);
        CHECK(kills_with_work > 0);
        for (auto [ticket, times] : answered) CHECK(times == 1);
        for (auto [value, times] : served) CHECK(times == 1);  // complete() is the commit: never twice
        CHECK(served.size() == total);
        CHECK(memory.header().completed == total);
    }
}
