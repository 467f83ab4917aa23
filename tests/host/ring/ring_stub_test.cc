// The generated client and server of a ring, with Block: tickets, coroutines, checked areas, and a driver that dies.
#include <eft/idl/block.h>
#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

using namespace eft;

namespace {

struct Wake {
    unsigned* signals;
    void signal() { ++*signals; }
};
using Ring = block::BlockRing<Wake>;

struct Session {
    block::Block::RingConsumer consumer;
};

// The disk outlives its drivers.
using Disk = std::array<u8, 64>;

struct Driver {
    Disk& disk;
    std::vector<ring::Pending<block::Done>> waiting;  // reads complete later, as by interrupt
    std::vector<block::Read> reads;
    Completion<u64>* gate = nullptr;

    void read(ring::Pending<block::Done> pending, Session&, const block::Read& request) {
        waiting.push_back(pending);
        reads.push_back(request);
    }
    Result<block::Done> write(ring::Pending<block::Done>, Session&, const block::Write& request) {
        if (request.sector >= disk.size()) return Error::OutOfRange;
        disk[request.sector] = static_cast<u8>(request.data.bytes()[0]);
        return block::Done{request.count};
    }
    Task<Status> flush(ring::Pending<Empty>, Session&, Empty) {
        if (gate) co_await *gate;
        co_return Status{};
    }
    void interrupt(std::size_t which) {
        reads[which].data.bytes()[0] = std::byte{disk[reads[which].sector]};
        waiting[which].complete(block::Done{reads[which].count});
    }
};
static_assert(block::BlockRingServer<Driver, Session>);

struct World {
    alignas(64) std::array<std::byte, Ring::kMemoryBytes> memory{};
    std::array<std::byte, 8192> area{};
    Disk disk{};
    unsigned signals = 0;
    Ring ring{Wake{&signals}};
    Session session;

    World() {
        REQUIRE(ring.create(memory, area.size()).ok());
        open();
    }
    void open() {
        auto consumer = block::Block::RingConsumer::open(memory, area, block::Block::kInflight);
        REQUIRE(consumer.ok());
        session.consumer = *consumer;
    }
    void poll(Driver& driver) { CHECK(block::Block::poll_ring(driver, session, session.consumer).ok()); }
    ipc::AreaSpan at(u32 offset, u32 length) { return {area.data(), offset, length}; }
};

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

TEST_CASE("fail() ends what waits and what comes") {
    World world;
    std::vector<u64> done;
    auto task = copy(world, 1, 2, done);
    task.start();
    world.ring.fail(Error::ServiceHeld);
    CHECK(task.done());
    CHECK(done.empty());
    CHECK(world.ring.submit_flush().error() == Error::ServiceHeld);
    CHECK(world.ring.take_completion().error() == Error::ServiceHeld);
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
                        block::Block::RingConsumer::open(world.memory, world.area, block::Block::kInflight, 1000);
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
