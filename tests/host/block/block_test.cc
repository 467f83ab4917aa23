// The service Block over a slow disk: what a client is promised, without deaths.
#include "machine.h"

#include <stdexcept>

using namespace eft;
using namespace eft::test;

[[noreturn]] void eft::panic(const char* text) { throw std::runtime_error(text); }

namespace {

struct Fixture {
    World world;
    Driver driver{world};
    DiskClient client{world, driver, 7};

    // Lets the disk end what it has, until nothing is left to do.
    void run() {
        for (int i = 0; i < 200; ++i) {
            driver.disk().ends = 3;
            driver.serve();
        }
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is read is on the disk, several at a time, with one wake-up per batch") {
    const auto attached = client.attach();
    REQUIRE(attached.ok());
    CHECK(attached->sectors == SlowDisk::kSectors);
    CHECK(attached->writable);
    for (u32 i = 0; i < 16; ++i) REQUIRE(client.submit_read(2 * i, 2, i * 1024).ok());
    driver.wake();
    CHECK(driver.disk().in_progress() == SlowDisk::kRoom);
    CHECK(client.ring.prepare_to_sleep());
    const unsigned before = world.now.signals[client.wake_object()];
    driver.disk().ends = 4;
    driver.serve();
    CHECK(world.now.signals[client.wake_object()] == before + 1);
    run();
    for (u32 i = 0; i < 16; ++i) {
        const auto done = client.ring.take_completion();
        REQUIRE(done.ok());
        REQUIRE(done->has_value());
        CHECK(ring::response_of<block::Block::ReadMethod>(**done)->count == 2);
        const u32 which = static_cast<u32>((*done)->ticket);
        CHECK(client.holds(2 * which, 2, which * 1024));
    }
    CHECK(driver.disk().most_in_progress() == SlowDisk::kRoom);
}

TEST_CASE_FIXTURE(Fixture, "what was written is read again, and flush is answered") {
    REQUIRE(client.attach().ok());
    std::memset(client.area.data(), 0x5a, 512);
    block::Write write;
    write.sector = 9;
    write.count = 1;
    write.data = ipc::AreaSpan(client.area.data(), 0, 512);
    REQUIRE(client.ring.submit_write(write).ok());
    REQUIRE(client.ring.submit_flush().ok());
    run();
    for (int i = 0; i < 2; ++i) CHECK((*client.ring.take_completion())->status == Error::None);
    REQUIRE(client.submit_read(9, 1, 4096).ok());
    driver.wake();
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    CHECK(std::memcmp(client.area.data(), client.area.data() + 4096, 512) == 0);
}

TEST_CASE_FIXTURE(Fixture, "requests that cannot be are refused, and others go on") {
    REQUIRE(client.attach().ok());
    struct Case {
        u64 sector;
        u32 count;
        u32 bytes;
    };
    const Case cases[] = {{SlowDisk::kSectors, 1, 512}, {SlowDisk::kSectors - 1, 2, 1024}, {~u64{0}, 1, 512}, {0, 0, 0}, {0, 9, 9 * 512}, {0, 1, 1024},
                          {0, 2, 512}, {1, ~u32{0}, 512}};
    for (const Case& each : cases) {
        block::Read request;
        request.sector = each.sector;
        request.count = each.count;
        request.data = ipc::AreaSpan(client.area.data(), 0, each.bytes);
        REQUIRE(client.ring.submit_read(request).ok());
        driver.wake();
        run();
        CHECK((*client.ring.take_completion())->status == Error::OutOfRange);
    }
    driver.disk().writable = false;
    block::Write write;
    write.count = 1;
    write.data = ipc::AreaSpan(client.area.data(), 0, 512);
    REQUIRE(client.ring.submit_write(write).ok());
    driver.disk().failing_sector = 3;
    REQUIRE(client.submit_read(3, 1, 0).ok());
    REQUIRE(client.submit_read(4, 1, 0).ok());
    driver.wake();
    run();
    CHECK((*client.ring.take_completion())->status == Error::ReadOnly);
    CHECK((*client.ring.take_completion())->status == Error::DeviceError);
    CHECK((*client.ring.take_completion())->status == Error::None);
}

TEST_CASE_FIXTURE(Fixture, "of a device with large blocks only whole ones can be asked for") {
    driver.disk().block = 4;
    const auto attached = client.attach();
    REQUIRE(attached.ok());
    CHECK(attached->block == 4);
    for (u64 sector : {4, 5}) {
        for (u32 count : {4u, 3u}) {
            REQUIRE(client.submit_read(sector, count, 0).ok());
            driver.wake();
            run();
            const bool whole = sector == 4 && count == 4;
            CHECK((*client.ring.take_completion())->status == (whole ? Error::None : Error::InvalidArgument));
        }
    }
}

TEST_CASE_FIXTURE(Fixture, "what is attached takes the place of what was, unless that is in use") {
    REQUIRE(client.attach().ok());
    REQUIRE(client.attach().ok());
    CHECK(world.mapped == 2);
    REQUIRE(client.submit_read(0, 1, 0).ok());
    driver.wake();
    CHECK(client.attach().error() == Error::Busy);
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    world.make_memory(client.area_object(), kPageSize);  // smaller than it says
    CHECK(client.attach().error() == Error::OutOfRange);
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
}

TEST_CASE_FIXTURE(Fixture, "a session ends when its client has ended") {
    REQUIRE(client.attach().ok());
    REQUIRE(client.submit_read(0, 1, 0).ok());
    driver.wake();
    CHECK(driver.disk().in_progress() == 1);
    FakeNames names;
    names.ended = {client.badge};
    driver.close_ended();
    CHECK(world.mapped == 2);  // the disk may still write there
    run();
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());

    // All places can be used again, and one more is refused.
    std::vector<std::unique_ptr<DiskClient>> clients;
    for (u64 badge = 100; badge < 100 + block::kSessions; ++badge) {
        clients.push_back(std::make_unique<DiskClient>(world, driver, badge));
        CHECK(clients.back()->attach().ok());
    }
    DiskClient another(world, driver, 200);
    CHECK(another.attach().error() == Error::LimitReached);
    names.incomplete = true;
    names.open_badges = {101, 103};
    driver.close_ended();
    CHECK(world.mapped == 4);
    CHECK(another.attach().ok());
}

TEST_CASE_FIXTURE(Fixture, "a device that had to be reset does everything again") {
    REQUIRE(client.attach().ok());
    for (u32 i = 0; i < 8; ++i) REQUIRE(client.submit_read(i, 1, i * 512).ok());
    driver.wake();
    driver.disk().breaks_down = true;
    run();
    for (u32 i = 0; i < 8; ++i) {
        CHECK((*client.ring.take_completion())->status == Error::None);
        CHECK(client.holds(i, 1, i * 512));
    }
    CHECK(!client.ring.take_completion()->has_value());
}

TEST_CASE_FIXTURE(Fixture, "a client whose reads are done twice on order has each answer once, and one whose reads are lost waits alone") {
    FaultPlan plan{FaultKind::Duplicate, block::Block::ReadMethod::kLabel, 1, 0, 1};
    FaultProgress progress{};
    DiskClient other(world, driver, 8);
    REQUIRE(client.attach().ok());
    REQUIRE(other.attach().ok());
    take_fault_orders({&plan, &progress, nullptr, nullptr});
    // As many as may be in progress, of both.
    for (u32 i = 0; i < block::Block::kInflight; ++i) {
        REQUIRE(client.submit_read(i, 1, i * 512).ok());
        REQUIRE(other.submit_read(i, 1, i * 512).ok());
    }
    driver.wake();
    run();
    for (DiskClient* each : {&client, &other}) {
        for (u32 i = 0; i < block::Block::kInflight; ++i) {
            const auto done = each->ring.take_completion();
            REQUIRE(done->has_value());
            CHECK((*done)->status == Error::None);
            CHECK(each->holds(i, 1, i * 512));
        }
        CHECK(!each->ring.take_completion()->has_value());
    }
    CHECK(progress.calls == 2 * block::Block::kInflight);

    plan = {FaultKind::Drop, block::Block::ReadMethod::kLabel, 1, 0, 2};
    REQUIRE(client.submit_read(1, 1, 0).ok());
    driver.wake();
    run();
    plan.kind = FaultKind::None;
    REQUIRE(other.submit_read(2, 1, 0).ok());
    driver.wake();
    run();
    CHECK((*other.ring.take_completion())->status == Error::None);
    CHECK(!client.ring.take_completion()->has_value());
    driver.kill();
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    CHECK(client.holds(1, 1, 0));
    take_fault_orders({});
}
