// The generated client and server of a ring, with Block: tickets, coroutines, checked areas, and a driver that dies.
#include "driver_world.h"

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

Task<void> copy(World& world, u64 from, u64 to, std::vector<u64>& done) {
    auto place = world.at(static_cast<u32>(from) * 512, 512);
    block::Read read{.sector = from, .count = 1, .data = place};
    auto got = co_await world.ring.read(read);
    if (!got.ok()) co_return;
    block::Write write{.sector = to, .count = 1, .data = place};
    auto put = co_await world.ring.write(write);
    if (!put.ok()) co_return;
    done.push_back(from);
}

}  // namespace

TEST_CASE("coroutines go on in the order in which completions come") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    for (u8 i = 0; i < 4; ++i) world.disk[i] = static_cast<u8>(i + 10);
    std::vector<u64> done;
    std::vector<Task<void>> tasks;
    for (u64 i = 0; i < 4; ++i) {
        tasks.push_back(copy(world, i, i + 20, done));
        tasks.back().start();
    }
    world.poll(driver);
    world.ring.on_wake();
    CHECK(done.empty());
    for (std::size_t which : {2u, 0u}) driver.interrupt(which);
    world.ring.on_wake();
    world.poll(driver);
    world.ring.on_wake();
    CHECK(done == std::vector<u64>{0, 2});
    CHECK(world.disk[22] == 12);
    CHECK(world.disk[23] == 0);
    tasks[1].cancel();  // its entry stays until the driver has answered it
    CHECK(world.ring.in_flight() == 2);
    driver.interrupt(1);
    driver.interrupt(3);
    world.ring.on_wake();
    world.poll(driver);
    world.ring.on_wake();
    CHECK(done == std::vector<u64>{0, 2, 3});
    CHECK(world.ring.in_flight() == 0);
}

TEST_CASE("by ticket: completions are typed by their method") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    Completion<u64> gate;
    driver.gate = &gate;
    u64 flush = *world.ring.submit_flush();
    u64 write = *world.ring.submit_write({.sector = 3, .count = 1, .data = world.at(0, 512)});
    world.poll(driver);
    auto first = *world.ring.take_completion();
    REQUIRE(first);
    CHECK(first->ticket == write);
    CHECK(ring::response_of<block::Block::WriteMethod>(*first)->count == 1);
    CHECK(ring::response_of<block::Block::FlushMethod>(*first).error() == Error::InvalidArgument);
    CHECK(!(*world.ring.take_completion()).has_value());
    gate.set(1);
    CHECK((*world.ring.take_completion())->ticket == flush);
}

TEST_CASE("what the driver must not see is answered for it") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    auto answer = [&] {
        world.poll(driver);
        return (**world.ring.take_completion()).status;
    };
    CHECK(world.ring.submit_read({.sector = 1, .count = 1, .data = world.at(8192 - 511, 512)}).ok());
    CHECK(answer() == Error::BadMessage);
    CHECK(world.ring.submit_read({.sector = 1, .count = 1, .data = world.at(0xffff'ffff, 0xffff'ffff)}).ok());
    CHECK(answer() == Error::BadMessage);
    bool needs_signal;
    CHECK(world.ring.producer().submit(block::Block::AttachMethod::kLabel, {}, needs_signal).ok());
    CHECK(answer() == Error::NoSuchMethod);
    CHECK(world.ring.submit_write({.sector = 64, .count = 1, .data = world.at(0, 512)}).ok());
    CHECK(answer() == Error::OutOfRange);
    CHECK(driver.reads.empty());
}

TEST_CASE("signals: only to who sleeps") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    CHECK(world.session.consumer.prepare_to_sleep());
    CHECK(world.ring.submit_flush().ok());
    CHECK(world.ring.submit_flush().ok());
    CHECK(world.signals == 1);
}

TEST_CASE("signals: one for all that is submitted in a batch, if there is anything, and the server sleeps") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    using Batch = decltype(world.ring)::Batch;
    CHECK(world.session.consumer.prepare_to_sleep());
    { const Batch batch(world.ring); }
    CHECK(world.signals == 0);
    {
        const Batch batch(world.ring);
        CHECK(world.ring.submit_flush().ok());
        {
            const Batch inner(world.ring);
            CHECK(world.ring.submit_flush().ok());
        }
        CHECK(world.signals == 0);
    }
    CHECK(world.signals == 1);
    {
        const Batch batch(world.ring);
        CHECK(world.ring.submit_flush().ok());  // it has been signalled, and does not sleep
    }
    CHECK(world.signals == 1);
}

namespace {

Task<void> flush_when_there_is_room(World& world, std::vector<Error>& done) {
    Task<Status> room = world.ring.room();
    const Status there = co_await room;
    if (!there.ok()) {
        done.push_back(there.error());
        co_return;
    }
    const auto answer = co_await world.ring.flush();
    done.push_back(answer.error());
}

}  // namespace

TEST_CASE("more coroutines than entries: those without wait for one that is free") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    constexpr std::size_t kMany = 3 * decltype(world.ring)::kEntries;
    std::vector<u64> copied;
    Task<void> slow = copy(world, 1, 2, copied);  // its entry is the oldest, until the interrupt
    slow.start();
    std::vector<Error> done;
    std::vector<Task<void>> tasks;
    for (std::size_t i = 0; i < kMany + 1; ++i) tasks.push_back(flush_when_there_is_room(world, done));
    for (Task<void>& each : tasks) each.start();
    CHECK(world.ring.producer().full());
    tasks.back().cancel();

    SUBCASE("each is done") {
        const auto serve = [&] {
            world.poll(driver);
            world.ring.on_wake();
        };
        serve();
        CHECK(done.size() == decltype(world.ring)::kEntries - 1);
        CHECK(world.ring.producer().full());
        driver.interrupt(0);
        for (int round = 0; round < 4; ++round) serve();
        CHECK(done == std::vector<Error>(kMany, Error::None));
        CHECK(copied == std::vector<u64>{1});
    }
    SUBCASE("a ring that fails ends the wait") {
        world.ring.fail(Error::NoDevice);
        CHECK(done == std::vector<Error>(kMany, Error::NoDevice));
    }
    SUBCASE("a ring that is held ends the wait") {
        world.ring.hold();
        CHECK(done == std::vector<Error>(kMany, Error::ServiceHeld));
    }
}

namespace {

// Its requests are completed before it waits for them.
Task<void> flush_for_ever(World& world, Driver& driver, unsigned& done) {
    for (;; ++done) {
        auto call = world.ring.flush();
        world.poll(driver);
        static_cast<void>(co_await call);
    }
}

}  // namespace

TEST_CASE("a coroutine that always finds its request completed does not keep the program from all else") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    unsigned done = 0;
    Task<void> busy = flush_for_ever(world, driver, done);
    busy.start();
    for (unsigned round = 1; round < 4; ++round) {
        CHECK(!world.ring.prepare_to_sleep());
        world.ring.on_wake();
        CHECK(done == round * decltype(world.ring)::kEntries);
    }
}

TEST_CASE("fail() ends what waits and what comes") {
    World world;
    std::vector<u64> done;
    auto task = copy(world, 1, 2, done);
    task.start();
    world.ring.fail(Error::NoDevice);
    CHECK(task.done());
    CHECK(done.empty());
    CHECK(world.ring.submit_flush().error() == Error::NoDevice);
    CHECK(world.ring.take_completion().error() == Error::NoDevice);
}

namespace {

// Answers the ring's question whether its service is back.
struct Service {
    World& world;
    bool started = false;
    unsigned asked = 0;
    void look() {
        ++asked;
        if (started) world.ring.go_on();
    }
};

}  // namespace

TEST_CASE("of a service that is held: who waits and who comes is told, and when it is started again all is as before") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    world.disk[1] = 77;
    Service service{world};
    world.ring.on_held(service);
    std::vector<u64> done;
    auto waits = copy(world, 1, 2, done);
    waits.start();
    world.ring.hold();
    CHECK(waits.done());
    CHECK(service.asked == 0);
    auto comes = copy(world, 1, 3, done);
    comes.start();
    CHECK(comes.done());
    CHECK(service.asked == 1);
    CHECK(done.empty());

    service.started = true;
    auto later = copy(world, 1, 4, done);
    later.start();
    CHECK(!later.done());
    world.poll(driver);  // also the entry for which nobody waits any more
    CHECK(driver.waiting.size() == 2);
    driver.interrupt(0);
    driver.interrupt(1);
    world.ring.on_wake();
    world.poll(driver);
    world.ring.on_wake();
    CHECK(done == std::vector<u64>{1});
    CHECK(world.disk[4] == 77);
    CHECK(world.disk[2] == 0);
    CHECK(world.ring.in_flight() == 0);
}

TEST_CASE("what was completed before the service was held is there to be taken, and does not keep the program from sleeping then") {
    World world;
    Driver driver{world.disk, {}, {}, nullptr};
    Service service{world};
    world.ring.on_held(service);
    const auto ticket = world.ring.submit_flush();
    REQUIRE(ticket.ok());
    world.poll(driver);
    world.ring.hold();
    CHECK(!world.ring.prepare_to_sleep());
    const auto done = world.ring.take_completion();
    REQUIRE(done.ok());
    REQUIRE(done->has_value());
    CHECK((*done)->ticket == *ticket);
    CHECK(world.ring.take_completion().error() == Error::ServiceHeld);
    CHECK(world.ring.prepare_to_sleep());
    world.ring.go_on();
    CHECK(!world.ring.take_completion()->has_value());
}

TEST_CASE("who is told that the service is held may submit at once, when it is back already") {
    World world;
    Service service{world, true};
    world.ring.on_held(service);
    std::vector<u64> done;
    auto again = [](World& all, std::vector<u64>& copied) -> Task<void> {
        auto place = all.at(0, 512);
        block::Read read{.sector = 1, .count = 1, .data = place};
        auto first = co_await all.ring.read(read);
        CHECK(first.error() == Error::ServiceHeld);
        auto second = co_await all.ring.read(read);
        CHECK(second.ok());
        copied.push_back(1);
    };
    Task<void> tasks[] = {again(world, done), again(world, done)};
    for (auto& task : tasks) task.start();
    world.ring.hold();
    Driver driver{world.disk, {}, {}, nullptr};
    world.poll(driver);
    for (std::size_t i = 0; i < driver.waiting.size(); ++i) driver.interrupt(i);
    CHECK(done.empty());
    world.ring.on_wake();
    CHECK(done.size() == 2);
}

TEST_CASE("drivers are killed at random; every copy ends well, and nobody notices") {
    for (u32 seed = 0; seed < 60; ++seed) {
        std::mt19937 dice(seed);
        World world;
        for (u8 i = 0; i < 16; ++i) world.disk[i] = static_cast<u8>(100 + i);
        auto driver = std::make_unique<Driver>(Driver{world.disk, {}, {}, nullptr});
        std::vector<u64> done;
        std::vector<Task<void>> tasks;
        for (u64 i = 0; i < 16; ++i) {
            tasks.push_back(copy(world, i, i + 32, done));
            tasks.back().start();
        }
        unsigned kills = 0;
        for (unsigned step = 0; done.size() < 16 && step < 10'000; ++step) {
            switch (dice() % 4) {
                case 0: world.poll(*driver); break;
                case 1:
                    if (!driver->waiting.empty()) driver->interrupt(dice() % driver->waiting.size());
                    break;
                case 2: world.ring.on_wake(); break;
                case 3:
                    if (kills == 40 || dice() % 4) break;
                    ++kills;
                    driver = std::make_unique<Driver>(Driver{world.disk, {}, {}, nullptr});
                    auto consumer =
                        block::Block::RingConsumer::open(world.memory, world.area, block::Block::kInflight, true);
                    REQUIRE(consumer.ok());
                    world.session.consumer = *consumer;
                    break;
            }
        }
        CHECK(done.size() == 16);
        CHECK(kills > 0);
        for (u64 i = 0; i < 16; ++i) CHECK(world.disk[i + 32] == 100 + i);
    }
}
