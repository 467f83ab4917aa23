// The driver dies at every system call, store and step of its disk, once: its clients notice nothing, and nothing is left
// over.
#include "driver.h"

using namespace eft;
using namespace eft::test;

namespace {

constexpr u32 kReads = 12;

// A whole life: attaching, reads, and the end of the client. False if the driver did not die.
bool live(Stage& stage, Death death) {
    DiskScene scene{stage};
    DiskClient client(scene, 7), other(scene, 8);
    scene.driver.die(death);

    REQUIRE(client.attach().ok());
    REQUIRE(other.attach().ok());
    unsigned answered = 0;
    std::vector<unsigned> answers(kReads);
    REQUIRE(other.submit_read(40, 1, 0).ok());
    for (u32 i = 0; i < kReads; ++i) REQUIRE(client.submit_read(i, 1, i * 512).ok());
    client.ring.prepare_to_sleep();
    for (int round = 0; round < 60 && answered < kReads; ++round) {
        scene.interrupt(2);
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
    CHECK(client.woken());  // by whichever incarnation

    scene.run();
    scene.names.close({7, 8});
    for (int i = 0; i < 2; ++i) scene.names.close_all_but({});  // as names tells each incarnation
    CHECK(scene.memory.mapped_pages(scene.driver) == 0);
    CHECK(stage.kept_slots(scene.driver) == 0);
    CHECK(scene.driver.deaths <= 1);
    return scene.driver.deaths == 1;
}

}  // namespace

TEST_CASE("a death at every step is noticed by nobody") {
    const Deaths deaths = die_everywhere(live);
    CHECK(deaths.system_calls > 50);
    CHECK(deaths.stores > 100);
}

STAGE_CASE(DiskScene, "a driver that is killed again and again with requests in progress answers each") {
    DiskClient client(*this, 7);
    REQUIRE(client.attach().ok());
    u64 submitted = 0, answered = 0, failed = 0;
    for (int round = 0; round < 300; ++round) {
        while (submitted - answered < 20) {
            REQUIRE(client.submit_read(submitted % 32, 1, static_cast<u32>(submitted % 32 * 512)).ok());
            ++submitted;
        }
        interrupt(7);
        if (round % 3 == 0) {
            CHECK(disk.in_progress() > 0);
            stage.kill(driver);
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
    CHECK(driver.deaths == 100);
    CHECK(answered > 1000);
    CHECK(failed < answered);
}
