// The service Block over a slow disk: what a client is promised, without deaths.
#include "driver.h"

using namespace eft;
using namespace eft::test;

namespace {

struct Fixture : DiskScene {
    Fixture(Stage& where) : DiskScene{where} {}
    DiskClient client{*this, 7};
};

}  // namespace

STAGE_CASE(Fixture, "what is read is on the disk, several at a time, with one wake-up per batch") {
    const auto attached = client.attach();
    REQUIRE(attached.ok());
    CHECK(attached->sectors == SlowDisk::kSectors);
    CHECK(attached->writable);
    for (u32 i = 0; i < 16; ++i) REQUIRE(client.submit_read(2 * i, 2, i * 1024).ok());
    CHECK(disk.in_progress() == SlowDisk::kRoom);
    u32 answered = 0;
    const auto take_completions = [&] {
        for (auto done = client.ring.take_completion(); done.ok() && done->has_value(); done = client.ring.take_completion()) {
            CHECK(ring::response_of<block::Block::ReadMethod>(**done)->count == 2);
            const u32 which = static_cast<u32>((*done)->ticket);
            CHECK(client.holds(2 * which, 2, which * 1024));
            ++answered;
        }
    };
    // As many system calls for several completions as for one.
    u64 system_calls[2];
    static_cast<void>(poll_wake());
    for (unsigned ends : {1, 4}) {
        CHECK(client.ring.prepare_to_sleep());
        CHECK(!client.woken());
        const u64 before = driver.image.system_calls;
        interrupt(ends);
        system_calls[ends / 4] = driver.image.system_calls - before;
        CHECK(client.woken());
        take_completions();
    }
    CHECK(answered == 5);
    CHECK(system_calls[0] == system_calls[1]);
    run();
    take_completions();
    CHECK(answered == 16);
    CHECK(disk.most_in_progress() == SlowDisk::kRoom);
}

STAGE_CASE(Fixture, "an operation whose interrupt never comes is answered with the next heartbeat") {
    REQUIRE(client.attach().ok());
    REQUIRE(client.submit_read(3, 1, 0).ok());
    beat_after(1, 1);
    CHECK(client.ring.take_completion()->value().status == Error::None);
    CHECK(client.holds(3, 1, 0));
    CHECK(disk.resets == 0);
}

STAGE_CASE(Fixture, "an operation that the device does not end is answered in a bounded time, by its sector, and the others are done") {
    REQUIRE(client.attach().ok());
    REQUIRE(client.submit_read(3, 1, 0).ok());
    beat_after(4);
    REQUIRE(client.submit_read(4, 1, 512).ok());
    CHECK(!client.ring.take_completion()->has_value());
    CHECK(disk.resets == 0);
    beat_after(2);
    CHECK(disk.resets == 1);
    const auto late = client.ring.take_completion();
    REQUIRE(late->has_value());
    CHECK((*late)->ticket == 0);
    CHECK((*late)->status == Error::TimedOut);
    CHECK(stage.logged(driver).back() == "the device did not end a read of sector 3 in time, and was reset");
    run();
    const auto other = client.ring.take_completion();
    REQUIRE(other->has_value());
    CHECK((*other)->status == Error::None);
    CHECK(client.holds(4, 1, 512));

    // Nobody waits for what is over.
    names.close({7});
    CHECK(mapped_clients() == 0);
}

STAGE_CASE(Fixture, "what was written is read again, and flush is answered") {
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
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    CHECK(std::memcmp(client.area.data(), client.area.data() + 4096, 512) == 0);
}

STAGE_CASE(Fixture, "requests that cannot be are refused, and others go on") {
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
            run();
        CHECK((*client.ring.take_completion())->status == Error::OutOfRange);
    }
    disk.writable = false;
    block::Write write;
    write.count = 1;
    write.data = ipc::AreaSpan(client.area.data(), 0, 512);
    REQUIRE(client.ring.submit_write(write).ok());
    disk.failing_sector = 3;
    REQUIRE(client.submit_read(3, 1, 0).ok());
    REQUIRE(client.submit_read(4, 1, 0).ok());
    run();
    CHECK((*client.ring.take_completion())->status == Error::ReadOnly);
    CHECK((*client.ring.take_completion())->status == Error::DeviceError);
    CHECK((*client.ring.take_completion())->status == Error::None);
}

STAGE_CASE(Fixture, "of a device with large blocks only whole ones can be asked for") {
    disk.block = 4;
    const auto attached = client.attach();
    REQUIRE(attached.ok());
    CHECK(attached->block == 4);
    for (u64 sector : {4, 5}) {
        for (u32 count : {4u, 3u}) {
            REQUIRE(client.submit_read(sector, count, 0).ok());
            run();
            const bool whole = sector == 4 && count == 4;
            CHECK((*client.ring.take_completion())->status == (whole ? Error::None : Error::InvalidArgument));
        }
    }
}

STAGE_CASE(Fixture, "what is attached takes the place of what was, unless that is in use") {
    REQUIRE(client.attach().ok());
    REQUIRE(client.attach().ok());
    CHECK(mapped_clients() == 1);
    REQUIRE(client.submit_read(0, 1, 0).ok());
    CHECK(client.attach().error() == Error::Busy);
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    const SharedMemory small = *SharedMemory::create(kPageSize);  // smaller than it says
    CHECK(client.attach(client.ring_memory, small).error() == Error::OutOfRange);
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(stage.kept_slots(driver) == 0);
}

STAGE_CASE(Fixture, "an area that the device reads and writes itself is not mapped; that it is too small is found nevertheless") {
    disk.moves_data = true;
    stage.kill(driver);
    REQUIRE(client.attach().ok());
    CHECK(memory.mapped_pages(driver) == page_up(DiskClient::Ring::kMemoryBytes) / kPageSize);
    REQUIRE(client.submit_read(0, 1, DiskClient::kAreaBytes - block::kSectorBytes).ok());
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    const SharedMemory small = *SharedMemory::create(kPageSize);
    CHECK(client.attach(client.ring_memory, small).error() == Error::OutOfRange);
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(stage.kept_slots(driver) == 0);
}

STAGE_CASE(Fixture, "a session ends when its client has ended") {
    REQUIRE(client.attach().ok());
    REQUIRE(client.submit_read(0, 1, 0).ok());
    CHECK(disk.in_progress() == 1);
    names.close({client.badge});
    CHECK(mapped_clients() == 1);  // the disk may still write there
    run();
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(stage.kept_slots(driver) == 0);

    // All places can be used again, and one more is refused.
    std::vector<std::unique_ptr<DiskClient>> clients;
    for (u64 badge = 100; badge < 100 + block::kSessions; ++badge) {
        clients.push_back(std::make_unique<DiskClient>(*this, badge));
        CHECK(clients.back()->attach().ok());
    }
    DiskClient another(*this, 200);
    CHECK(another.attach().error() == Error::LimitReached);
    names.close_all_but({101, 103});
    CHECK(mapped_clients() == 2);
    CHECK(another.attach().ok());
}

STAGE_CASE(Fixture, "a device that had to be reset does everything again") {
    REQUIRE(client.attach().ok());
    for (u32 i = 0; i < 8; ++i) REQUIRE(client.submit_read(i, 1, i * 512).ok());
    disk.breaks_down = true;
    run();
    for (u32 i = 0; i < 8; ++i) {
        CHECK((*client.ring.take_completion())->status == Error::None);
        CHECK(client.holds(i, 1, i * 512));
    }
    CHECK(!client.ring.take_completion()->has_value());
}

STAGE_CASE(Fixture, "a client whose reads are done twice on order has each answer once, and one whose reads are lost waits alone") {
    const auto order = [this](const FaultPlan& plan) { stage.as_root([&] { driver.service.config().faults = plan; }); };
    DiskClient other(*this, 8);
    REQUIRE(client.attach().ok());
    REQUIRE(other.attach().ok());
    order({FaultKind::Duplicate, block::Block::ReadMethod::kLabel, 1, 0, 1});
    // As many as may be in progress, of both.
    for (u32 i = 0; i < block::Block::kInflight; ++i) {
        REQUIRE(client.submit_read(i, 1, i * 512).ok());
        REQUIRE(other.submit_read(i, 1, i * 512).ok());
    }
    run(200);
    for (DiskClient* each : {&client, &other}) {
        for (u32 i = 0; i < block::Block::kInflight; ++i) {
            const auto done = each->ring.take_completion();
            REQUIRE(done->has_value());
            CHECK((*done)->status == Error::None);
            CHECK(each->holds(i, 1, i * 512));
        }
        CHECK(!each->ring.take_completion()->has_value());
    }
    stage.as_root([this] { CHECK(driver.service.head().faults.calls == 2 * block::Block::kInflight); });

    order({FaultKind::Drop, block::Block::ReadMethod::kLabel, 1, 0, 2});
    REQUIRE(client.submit_read(1, 1, 0).ok());
    run();
    order({FaultKind::None, block::Block::ReadMethod::kLabel, 1, 0, 2});
    REQUIRE(other.submit_read(2, 1, 0).ok());
    run();
    CHECK((*other.ring.take_completion())->status == Error::None);
    CHECK(!client.ring.take_completion()->has_value());
    stage.kill(driver);
    run();
    CHECK((*client.ring.take_completion())->status == Error::None);
    CHECK(client.holds(1, 1, 0));
}
