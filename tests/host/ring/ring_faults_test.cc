// Faults on order reach the entries of rings: each kind does what <eft/ring/fault_hooks.h> says, however the handler answers.
#include "driver_world.h"

using namespace eft;
using namespace eft::test;

namespace {

using block::Block;

struct Killed {};

// An order, as the supervisor gives it and the process obeys it. The progress outlives incarnations.
struct Orders {
    FaultPlan plan{};
    FaultProgress progress{};
    static inline u64 late_ms = 0;

    Orders() {
        late_ms = 0;
        take_fault_orders({&plan, &progress, [](u64 milliseconds) { late_ms += milliseconds; }, [] { throw Killed(); }});
    }
    Orders(const Orders&) = delete;
    ~Orders() { take_fault_orders({}); }

    void order(FaultKind kind, u32 label, u64 every, u64 seed = 0) { plan = {kind, label, every, seed, plan.order + 1}; }
};

Driver driver_of(World& world) { return {world.disk, {}, {}, nullptr}; }

u64 submit_write(World& world, u64 sector) {
    return *world.ring.submit_write({.sector = sector, .count = 1, .data = world.at(0, 512)});
}
u64 submit_read(World& world, u64 sector) {
    return *world.ring.submit_read({.sector = sector, .count = 1, .data = world.at(0, 512)});
}
// Completions that are there.
std::vector<ring::Completion> taken(World& world) {
    std::vector<ring::Completion> all;
    while (auto next = *world.ring.take_completion()) all.push_back(*next);
    return all;
}
// The first seed with which this call dies before its handler, or after it.
u64 seed_that_kills(u64 call, bool after) {
    FaultProgress progress{.order = 0, .calls = call};
    for (u64 seed = 0;; ++seed) {
        const FaultPlan plan{FaultKind::Kill, 0, call, seed, 0};
        if (dies_after_handler(FaultDecision(plan, progress).random()) == after) return seed;
    }
}

}  // namespace

TEST_CASE("without an order nothing is counted, and one for another call counts only that") {
    World world;
    Orders orders;
    Driver driver = driver_of(world);
    submit_write(world, 1);
    world.poll(driver);
    CHECK(orders.progress.calls == 0);
    orders.order(FaultKind::Drop, Block::ReadMethod::kLabel, 1);
    submit_write(world, 2);
    world.poll(driver);
    CHECK(orders.progress.calls == 0);
    CHECK(taken(world).size() == 2);
}

TEST_CASE("calls by message and by ring are one count") {
    World world;
    Orders orders;
    Driver driver = driver_of(world);
    orders.order(FaultKind::Drop, 0, 3);
    FaultDecision decision(orders.plan, orders.progress);
    CHECK(decision.next(Block::AttachMethod::kLabel) == FaultKind::None);
    const u64 second = submit_write(world, 1);
    const u64 third = submit_write(world, 2);
    world.poll(driver);
    CHECK(decision.next(Block::AttachMethod::kLabel) == FaultKind::None);
    CHECK(orders.progress.calls == 4);
    REQUIRE(taken(world).size() == 1);
    CHECK(world.ring.in_flight(third));
    CHECK(!world.ring.in_flight(second));
}

TEST_CASE("drop: no completion, no place among those in progress, and the next incarnation does it") {
    World world;
    Orders orders;
    Driver driver = driver_of(world);
    orders.order(FaultKind::Drop, Block::WriteMethod::kLabel, 1);
    // More than may be in progress at a time.
    for (u64 i = 0; i < Block::kInflight + 10; ++i) submit_write(world, i % 64);
    world.poll(driver);
    CHECK(taken(world).empty());
    CHECK(world.session.consumer.in_progress() == 0);
    CHECK(world.session.consumer.prepare_to_sleep());
    const u64 flush = *world.ring.submit_flush();
    world.poll(driver);
    const auto other = taken(world);
    REQUIRE(other.size() == 1);
    CHECK(other[0].ticket == flush);
    orders.order(FaultKind::None, 0, 1);
    world.open();
    world.poll(driver);
    const auto all = taken(world);
    CHECK(all.size() == Block::kInflight + 10);
    for (const auto& each : all) CHECK(each.status == Error::None);
}

TEST_CASE("delay: the handler comes 1 to 16 ms late, as the seed says") {
    Orders orders;
    u64 sums[3] = {};
    for (u64 run = 0; run < 3; ++run) {
        World world;
        Driver driver = driver_of(world);
        orders.order(FaultKind::Delay, 0, 2, run / 2);
        for (u64 i = 0; i < 20; ++i) submit_write(world, i);
        const u64 before = Orders::late_ms;
        world.poll(driver);
        sums[run] = Orders::late_ms - before;
        CHECK(taken(world).size() == 20);
        CHECK(sums[run] >= 10);
        CHECK(sums[run] <= 160);
    }
    CHECK(sums[0] == sums[1]);
    CHECK(sums[0] != sums[2]);
}

TEST_CASE("duplicate: the handler sees it twice, at once or later, the client hears once, and it is one call") {
    World world;
    Orders orders;
    Driver driver = driver_of(world);
    Completion<u64> gate;
    driver.gate = &gate;
    orders.order(FaultKind::Duplicate, 0, 1);
    world.disk[5] = 55;
    world.area[0] = std::byte{77};
    const u64 write = submit_write(world, 4);
    const u64 read = submit_read(world, 5);
    const u64 flush = *world.ring.submit_flush();
    world.poll(driver);
    CHECK(driver.writes == 2);
    auto all = taken(world);
    REQUIRE(all.size() == 1);
    CHECK(all[0].ticket == write);
    CHECK(world.disk[4] == 77);

    REQUIRE(driver.reads.size() == 1);
    driver.interrupt(0);
    CHECK(taken(world).empty());
    CHECK(!world.session.consumer.prepare_to_sleep());
    world.area[0] = {};
    world.poll(driver);
    REQUIRE(driver.reads.size() == 2);
    driver.interrupt(0);  // of what was done with already
    driver.interrupt(1);
    all = taken(world);
    REQUIRE(all.size() == 1);
    CHECK(all[0].ticket == read);
    CHECK(world.area[0] == std::byte{55});

    gate.set(1);
    CHECK(taken(world).empty());
    world.poll(driver);
    all = taken(world);
    REQUIRE(all.size() == 1);
    CHECK(all[0].ticket == flush);
    CHECK(driver.flushes == 2);
    CHECK(orders.progress.calls == 3);
    CHECK(world.session.consumer.in_progress() == 0);
    CHECK(world.ring.in_flight() == 0);
}

TEST_CASE("duplicates of a full ring never have more in progress than may be, and are no attempts that failed") {
    World world;
    Orders orders;
    Driver first = driver_of(world), driver = driver_of(world);
    orders.order(FaultKind::Duplicate, 0, 2);
    for (u64 i = 0; i < Block::kRingEntries; ++i) submit_read(world, i % 64);
    world.poll(first);
    world.open();  // each that was taken has one attempt behind it that ended
    std::size_t answered = 0, done = 0;
    while (answered < Block::kRingEntries) {
        world.poll(driver);
        CHECK(world.session.consumer.in_progress() <= Block::kInflight);
        REQUIRE(done < driver.reads.size());
        driver.interrupt(done++);
        for (const auto& each : taken(world)) {
            CHECK(each.status == Error::None);
            ++answered;
        }
    }
    CHECK(world.ring.in_flight() == 0);
    CHECK(done == Block::kRingEntries * 3 / 2);
}

TEST_CASE("corrupt: one bit of the request's words is another; a request without words stays as it is") {
    Orders orders;
    unsigned changed = 0;
    for (u64 seed = 0; seed < 50; ++seed) {
        World world;
        Driver driver = driver_of(world);
        orders.order(FaultKind::Corrupt, 0, 1, seed);
        submit_read(world, 3);
        const u64 flush = *world.ring.submit_flush();
        world.poll(driver);
        // Another sector, number or place in the area; refused, where the place is none; the same, if nothing lies at the bit.
        if (driver.reads.size() == 1) {
            const block::Read& read = driver.reads[0];
            const int others = (read.sector != 3) + (read.count != 1) + (read.data.offset() != 0) + (read.data.bytes().size() != 512);
            CHECK(others <= 1);
            changed += others == 1;
        } else {
            const auto refused = *world.ring.take_completion();
            REQUIRE(refused);
            CHECK(refused->status == Error::BadMessage);
        }
        const auto flushed = taken(world);
        REQUIRE(flushed.size() == 1);
        CHECK(flushed[0].ticket == flush);
        CHECK(flushed[0].status == Error::None);
    }
    CHECK(changed > 10);
}

TEST_CASE("kill: before the handler, or with its work done and no completion; the next incarnation does it again") {
    for (const bool after : {false, true}) {
        CAPTURE(after);
        World world;
        Orders orders;
        Driver driver = driver_of(world);
        orders.order(FaultKind::Kill, Block::WriteMethod::kLabel, 1, seed_that_kills(1, after));
        world.area[0] = std::byte{9};
        const u64 write = submit_write(world, 7);
        CHECK_THROWS_AS(static_cast<void>(Block::poll_ring(driver, world.session, world.session.consumer)), Killed);
        CHECK(driver.writes == (after ? 1 : 0));
        CHECK(world.ring.in_flight(write));
        CHECK(taken(world).empty());
        orders.order(FaultKind::None, 0, 1);
        world.open();
        world.poll(driver);
        const auto all = taken(world);
        REQUIRE(all.size() == 1);
        CHECK(all[0].status == Error::None);
        CHECK(world.disk[7] == 9);
    }
}

TEST_CASE("kill, of a call that is answered later: in place of its completion, not of another's") {
    World world;
    Orders orders;
    Driver driver = driver_of(world);
    orders.order(FaultKind::Kill, Block::ReadMethod::kLabel, 2, seed_that_kills(2, true));
    for (u64 i = 0; i < 3; ++i) submit_read(world, i);
    world.poll(driver);
    REQUIRE(driver.reads.size() == 3);
    driver.interrupt(2);
    driver.interrupt(0);
    CHECK(taken(world).size() == 2);
    CHECK_THROWS_AS(driver.interrupt(1), Killed);
    CHECK(world.ring.in_flight() == 1);
}
