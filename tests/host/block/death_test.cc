// The driver dies at every step of its life, once: its clients notice nothing, and nothing is left over.
#include "machine.h"

using namespace eft;
using namespace eft::test;

namespace {

constexpr u32 kReads = 12;

// A whole life: attaching, reads, and the end of the client. The driver dies at step `fatal`, counted from the first
// message on. False if it was not reached.
bool live(u64 fatal) {
    CAPTURE(fatal);
    World world;
    Driver driver(world);
    DiskClient client(world, driver, 7), other(world, driver, 8);
    world.steps = 0;
    world.fatal_step = fatal;

    REQUIRE(client.attach().ok());
    REQUIRE(other.attach().ok());
    unsigned answered = 0;
    std::vector<unsigned> answers(kReads);
    REQUIRE(other.submit_read(40, 1, 0).ok());
    for (u32 i = 0; i < kReads; ++i) REQUIRE(client.submit_read(i, 1, i * 512).ok());
    for (int round = 0; round < 60 && answered < kReads; ++round) {
        driver.wake();
        driver.disk().ends = 2;
        driver.serve();
        for (;;) {
            const auto done = client.ring.take_completion();
            REQUIRE(done.ok());
            if (!done->has_value()) break;
            CHECK((*done)->status == Error::None);
            ++answers[(*done)->ticket];
            ++answered;
        }
    }
    for (u32 i = 0; i < kReads; ++i) {
        CHECK(answers[i] == 1);
        CHECK(client.holds(i, 1, i * 512));
    }
    // A client that slept was told, by whichever incarnation.
    CHECK(world.now.signals[client.wake_object()] >= 1);

    FakeNames names;
    names.ended = {7, 8};
    names.open_badges = {};
    driver.close_ended();
    names.incomplete = true;  // what names says to a new incarnation
    driver.close_ended();
    for (int i = 0; i < 20; ++i) {
        driver.disk().ends = 2;
        driver.serve();
    }
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
    const bool reached = driver.deaths() != 0;
    CHECK(driver.deaths() <= 1);
    return reached;
}

}  // namespace

TEST_CASE("a death at every step is noticed by nobody") {
    u64 step = 0;
    while (live(step)) ++step;
    CHECK(step > 100);  // so many places there are
}

TEST_CASE("a driver that is killed again and again with requests in progress answers each") {
    World world;
    Driver driver(world);
    DiskClient client(world, driver, 7);
    REQUIRE(client.attach().ok());
    u64 submitted = 0, answered = 0, failed = 0;
    for (int round = 0; round < 300; ++round) {
        while (submitted - answered < 20) {
            REQUIRE(client.submit_read(submitted % 32, 1, static_cast<u32>(submitted % 32 * 512)).ok());
            ++submitted;
        }
        driver.wake();
        driver.disk().ends = 7;
        driver.serve();
        if (round % 3 == 0) {
            CHECK(driver.disk().in_progress() > 0);
            driver.kill();
        }
        for (;;) {
            const auto done = client.ring.take_completion();
            REQUIRE(done.ok());
            if (!done->has_value()) break;
            ++answered;
            failed += (*done)->status != Error::None;  // in progress at two deaths: ServiceFailed
            if ((*done)->status != Error::None) CHECK((*done)->status == Error::ServiceFailed);
        }
    }
    CHECK(driver.deaths() == 100);
    CHECK(answered > 1000);
    CHECK(failed < answered);
}
