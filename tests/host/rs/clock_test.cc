// The clock, the restart limits, and the words about a service.
#include <doctest/doctest.h>

#include <clock.h>
#include <describe.h>

#include <string>

using namespace eft;
using namespace eft::supervisor;

TEST_CASE("the clock finds the rate in spite of late and lost ticks") {
    Clock clock;
    CHECK(clock.microseconds(1000) == 0);
    const u64 per_tick = 100'000'000;  // 2 GHz
    u64 time = 12345;
    for (int i = 1; i < 200; ++i) {
        time += per_tick;
        if (i % 7 == 3) continue;  // lost: it melted into the next
        clock.tick(time + (i % 3) * per_tick / 100);
    }
    for (int i = 0; i < 20; ++i) clock.tick(time += per_tick);
    CHECK(clock.microseconds(2'000'000'000) > 990'000);
    CHECK(clock.microseconds(2'000'000'000) < 1'010'000);
}

TEST_CASE("the clock is good for something from the third tick on, however long the first one waited") {
    Clock clock;
    const u64 per_tick = 100'000'000;
    u64 time = 12345;
    clock.tick(time + 99 * per_tick / 100);  // rs was not ready for it before
    CHECK(clock.microseconds(2'000'000'000) == 0);
    clock.tick(time += per_tick);
    CHECK(clock.microseconds(2'000'000'000) == 0);
    for (int i = 0; i < 20; ++i) {
        clock.tick(time += per_tick);
        CHECK(clock.microseconds(2'000'000'000) == 1'000'000);
    }
}

TEST_CASE("the back-off neither overflows nor forgets the cap") {
    FailureHistory history;
    const RestartLimits limits{1, 1000, 1'000'000, 15, 1, 4};
    u64 last = 0;
    for (u64 now = 0; now < 200; ++now) {
        history.record(limits, now * 10, 0);
        last = history.verdict(limits, now * 10).value();
    }
    CHECK(last == 1000);
}

TEST_CASE("deaths and capabilities in words") {
    InfoText text;
    proc::CrashRecord record;
    record.reason = proc::DeathReason::PageFault;
    record.error_code = static_cast<u32>(FaultBit::Write);
    record.address = 0xdead'0000;
    describe_death(text, record);
    CHECK(std::string(text.view()) == "page fault, write at 0x00000000dead0000");

    text.clear();
    describe_capability(text, {140, ObjectType::IoPorts, kAllRights, u64{8} << 32 | 0x3f8, {}, {}});
    describe_capability(text, {141, ObjectType::Irq, kAllRights, u64{1} << 32 | 4, {}, {}});
    describe_capability(text, {32, ObjectType::Endpoint, 1, 9, "device", "dev"});
    describe_capability(text, {4, ObjectType::Notification, 2, 0, {}, {}});
    CHECK(std::string(text.view()) ==
          "  140 ports 0x3f8 to 0x3ff\n"
          "  141 interrupt 4\n"
          "  32 device: endpoint of dev, badge 9, send\n"
          "  4 notification, wait\n");
}
