// AttachedRing with a server that is held, started again, or loses the session: each request has one answer, and nobody waits
// for what does not come. On a Stage a client that waits for ever ends the test.
#include "driver.h"

#include <eft/invoke.h>

using namespace eft;
using namespace eft::test;

int eft_main_tombstone();

namespace {

using DiskRing = ring::AttachedRing<block::Block>;

// Who runs on the driver's persistent part.
enum class Stands { Driver, Tombstone, Nobody };

int stand_idle() {
    for (;;) wait_for_wake();
}

// One read of one sector: what AttachedRing's clients do.
Task<Error> read(DiskRing& disk, u64 sector) {
    if (const Status usable = disk.ring().usable(); !usable.ok()) co_return usable.error();
    if (!disk.windows().any()) {
        const Status waited = co_await disk.windows().wait();
        if (!waited.ok()) co_return waited.error();
    }
    ring::Windows::Lease window(disk.windows());
    block::Read request;
    request.sector = sector;
    request.count = 1;
    request.data = window.first(block::kSectorBytes);
    auto call = disk.ring().read(request);
    Result<block::Done> done = co_await call;
    window.ended(done.error());
    if (!done.ok()) co_return done.error();
    u64 first;
    std::memcpy(&first, window.bytes().data(), sizeof first);
    co_return first == ram_block::pattern(sector, 0) ? Error::None : Error::BadFormat;
}

struct Scene {
    static constexpr u32 kWindows = 4;

    Stage& stage;
    MemoryServer memory{stage};
    SlowDisk disk{};
    Stands who = Stands::Driver;
    Program& driver = stage.add("driver", [this]() -> int {
        if (who == Stands::Tombstone) return eft_main_tombstone();
        if (who == Stands::Nobody) return stand_idle();
        disk.forget();
        run_server<block::Server>(block::kLayoutVersion, disk);
    }, {.priority = Stage::kServerPriority, .state_bytes = page_up(block::Server::Region::kBytes)});
    ScriptedNames names{stage, driver};
    CapHandle wake = *make_wake();
    DiskRing ring{kWindows, block::kSectorBytes};
    std::vector<Task<Error>> reads{};

    // The present incarnation ends, as by an order.
    void replace(Stands by) {
        who = by;
        stage.kill(driver);
        stage.run();
    }
    void interrupt(unsigned ends) {
        disk.ends = ends;
        stage.signal(driver, DiskScene::kInterrupt);
    }
    void submit(u64 sector) {
        reads.push_back(read(ring, sector));
        reads.back().start();
    }
    // Until the first of the reads has ended: how. The disk ends so many operations each time that the client sleeps.
    Error first_end(unsigned ends = 0) {
        while (!reads.front().done()) {
            if (ring.prepare_to_sleep()) wait_for_wake();
            ring.on_wake();
            if (ends != 0) interrupt(ends);
        }
        const Error ended = reads.front().take();
        reads.erase(reads.begin());
        return ended;
    }
    // The disk ends what it has.
    Error read_now(u64 sector) {
        submit(sector);
        interrupt(SlowDisk::kRoom);
        return first_end();
    }
    void connect() { REQUIRE(ring.connect("driver", wake).ok()); }
    void forget_signals() { static_cast<void>(poll_wake()); }
};

}  // namespace

STAGE_CASE(Scene, "a tombstone's signal that comes with a completion's is not overlooked") {
    connect();
    submit(1);
    submit(2);
    REQUIRE(ring.prepare_to_sleep());
    interrupt(1);  // of the second
    replace(Stands::Tombstone);
    CHECK(wait_for_wake() != 0);  // both signals at once
    ring.on_wake();
    CHECK(first_end() == Error::ServiceHeld);
    CHECK(first_end() == Error::None);
    CHECK(read_now(3) == Error::ServiceHeld);

    // The driver does again what nobody waits for any more, and its part of the area is free when it is done.
    replace(Stands::Driver);
    for (u64 sector = 0; sector < Scene::kWindows - 1; ++sector) submit(sector);
    CHECK(!ring.windows().any());
    interrupt(SlowDisk::kRoom);
    for (u64 sector = 0; sector < Scene::kWindows - 1; ++sector) CHECK(first_end() == Error::None);
    for (u64 sector = 0; sector < Scene::kWindows; ++sector) submit(sector);
    interrupt(SlowDisk::kRoom);
    for (u64 sector = 0; sector < Scene::kWindows; ++sector) CHECK(first_end() == Error::None);
}

STAGE_CASE(Scene, "what is submitted to a ring that is held by then ends, too") {
    connect();
    REQUIRE(read_now(1) == Error::None);
    replace(Stands::Tombstone);
    forget_signals();  // as if they had come for something else
    submit(2);
    CHECK(first_end() == Error::ServiceHeld);
}

STAGE_CASE(Scene, "a client does not wait for a service that nobody serves at this moment") {
    connect();
    submit(1);
    replace(Stands::Nobody);  // it is being started
    forget_signals();
    REQUIRE(sys::signal(wake.slot()) == Error::None);
    CHECK(poll_wake() != 0);
    ring.on_wake();  // would wait for ever here
    CHECK(!reads.front().done());
    ring.look();
    replace(Stands::Driver);
    interrupt(1);
    CHECK(first_end() == Error::None);
}

STAGE_CASE(Scene, "who submits while a held service is being started has the answer of its next incarnation") {
    connect();
    submit(1);
    replace(Stands::Tombstone);
    CHECK(first_end() == Error::ServiceHeld);
    replace(Stands::Nobody);
    submit(2);
    CHECK(!reads.front().done());
    SUBCASE("that comes") {
        replace(Stands::Driver);
        interrupt(SlowDisk::kRoom);
        CHECK(first_end() == Error::None);
    }
    SUBCASE("that fails, and is held again") {
        replace(Stands::Tombstone);
        CHECK(first_end() == Error::ServiceHeld);
    }
}

STAGE_CASE(Scene, "a server that has lost its state has the ring attached again, and does what waits in it") {
    connect();
    submit(1);
    submit(2);
    stage.as_root([&] { driver.state()[8] ^= std::byte{0x55}; });
    SUBCASE("at once") { replace(Stands::Driver); }
    SUBCASE("after it was held") {
        replace(Stands::Tombstone);
        replace(Stands::Driver);
    }
    CHECK(stage.logged(driver).front() == "the state is damaged: started over");
    ring.on_wake();
    interrupt(SlowDisk::kRoom);
    CHECK(first_end() == Error::None);
    CHECK(first_end() == Error::None);
    CHECK(read_now(3) == Error::None);
}

STAGE_CASE(Scene, "a session that names has lost is opened again") {
    connect();
    submit(1);
    names.close_all_but({});
    CHECK(stage.kept_slots(driver) != 0);  // until nothing of it is in progress
    interrupt(1);
    CHECK(first_end() == Error::None);
    stage.run();
    CHECK(read_now(2) == Error::None);
}

STAGE_CASE(Scene, "a client that has broken its ring is told so, for good") {
    connect();
    submit(1);
    submit(2);
    ring.ring().producer().memory().header().submitted += 100;
    stage.signal(driver, static_cast<u64>(WakeBit::Rings));
    interrupt(SlowDisk::kRoom);  // what was in progress then has its answer
    CHECK(first_end() == Error::None);
    CHECK(first_end() == Error::None);
    submit(3);
    CHECK(first_end() == Error::ProtocolViolation);
    CHECK(read_now(4) == Error::ProtocolViolation);
}

// The server dies at each of its steps meanwhile, and so does what it has begun.
TEST_CASE("a session that is lost while its server dies at any step: each request has one answer") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        Scene scene{stage};
        scene.connect();
        scene.submit(1);
        scene.submit(2);
        scene.driver.die(death);
        scene.names.close_all_but({});
        scene.submit(3);
        for (unsigned i = 0; i < 4; ++i) scene.interrupt(SlowDisk::kRoom);
        for (unsigned i = 0; i < 3; ++i) {
            // Cancelled: it had not begun when the session ended. ServiceHeld: nobody was there who could say.
            const Error ended = scene.first_end(SlowDisk::kRoom);
            CHECK((ended == Error::None || ended == Error::Cancelled || ended == Error::ServiceHeld));
        }
        stage.run();
        CHECK(scene.read_now(4) == Error::None);
        CHECK(scene.driver.deaths <= 1);
        return scene.driver.deaths == 1;
    });
    CHECK(deaths.system_calls > 20);
    CHECK(deaths.stores > 50);
}

STAGE_CASE(Scene, "a client whose sessions were closed for good is told so") {
    connect();
    submit(1);
    REQUIRE(kernel_object::remove(slot(WellKnown::Table), ring.calls().slot()).ok());
    REQUIRE(sys::signal(wake.slot()) == Error::None);
    CHECK(first_end() == Error::ServiceFailed);
    CHECK(read_now(2) == Error::ServiceFailed);
}
