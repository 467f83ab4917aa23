// Clients that break the rules lose their own session, and no more.
#include "machine.h"

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

void run(Driver& driver, int rounds = 60) {
    for (int i = 0; i < rounds; ++i) {
        driver.disk().ends = 3;
        driver.serve();
    }
}

// The honest client reads a little; true if all is right.
bool works(Driver& driver, DiskClient& client, u64 sector) {
    if (!client.submit_read(sector, 2, 0).ok()) return false;
    driver.wake();
    run(driver);
    const auto done = client.ring.take_completion();
    return done.ok() && done->has_value() && (*done)->status == Error::None && client.holds(sector, 2, 0);
}

}  // namespace

TEST_CASE("a ring that cannot be one is refused, and so are memory that is too small and areas that are too large") {
    World world;
    Driver driver(world);
    DiskClient client(world, driver, 7);
    auto& magic = *reinterpret_cast<u64*>(client.ring_memory.data());
    const u64 good = std::exchange(magic, 1);
    CHECK(client.attach().error() == Error::BadFormat);
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
    magic = good;
    world.make_memory(client.ring_object(), kPageSize);
    CHECK(client.attach().error() == Error::BadFormat);
    CHECK(world.now.slots.empty());
}

TEST_CASE("an index that runs away closes the session, and only that one, in later incarnations, too") {
    World world;
    Driver driver(world);
    DiskClient hostile(world, driver, 7), honest(world, driver, 8);
    REQUIRE(hostile.attach().ok());
    REQUIRE(honest.attach().ok());
    REQUIRE(hostile.submit_read(0, 1, 0).ok());
    driver.wake();
    auto& header = *reinterpret_cast<ring::Header*>(hostile.ring_memory.data());
    header.submitted += 100'000;
    run(driver);
    CHECK(world.mapped == 2);
    CHECK(hostile.attach().error() == Error::ProtocolViolation);
    CHECK(works(driver, honest, 5));
    driver.kill();
    CHECK(hostile.attach().error() == Error::ProtocolViolation);
    CHECK(works(driver, honest, 6));
}

TEST_CASE("a ring whose memory changes at random never hurts the neighbour") {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        World world;
        Driver driver(world);
        DiskClient hostile(world, driver, 7), honest(world, driver, 8);
        REQUIRE(hostile.attach().ok());
        REQUIRE(honest.attach().ok());
        for (int i = 0; i < 20; ++i) {
            static_cast<void>(hostile.submit_read(random() % 80, 1 + random() % 4, static_cast<u32>(random() % 8192)));
            for (int change = 0; change < 4; ++change) {
                const bool in_header = random() % 2;
                const std::size_t at = in_header ? random() % sizeof(ring::Header) : random() % 4096;
                hostile.ring_memory[at] = static_cast<std::byte>(random());
            }
            world.now.self_bits |= 1;
            driver.wake();
            run(driver, 2);
            if (i == 10 && round % 4 == 0) driver.kill();
        }
        CHECK(works(driver, honest, random() % 60));
        FakeNames names;
        names.ended = {7};
        driver.close_ended();
        run(driver);
        CHECK(world.mapped == 2);
        CHECK(works(driver, honest, random() % 60));
    }
}

TEST_CASE("messages of random words answer with an error, and keep nothing") {
    World world;
    Driver driver(world);
    std::mt19937_64 random(9);
    Utcb page{};
    for (int i = 0; i < 20'000; ++i) {
        for (u32& slot : page.receive_slots) slot = ipc::local_caps().take_free_slot();
        ipc::Registers registers;
        const u32 label = random() % 4 ? make_label(block::Block::kInterfaceId, random() % 6) : static_cast<u32>(random());
        const unsigned caps = random() % 4;
        registers.tag = Tag(label, random() % 12, caps, static_cast<u16>(random()));
        for (u64& word : registers.w) word = random() % 3 ? random() % 8192 : random();
        for (unsigned cap = 0; cap < caps; ++cap) page.send_slots[cap] = raw(ipc::local_caps().create(900'000 + random() % 10));
        static_cast<void>(driver.service().call(registers, page, 1 + random() % 6));
        for (unsigned cap = 0; cap < caps; ++cap) ipc::local_caps().drop(static_cast<Slot>(page.send_slots[cap]));
    }
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
}
