// The restart limits, and the words about a service.
#include <doctest/doctest.h>

#include <describe.h>

#include <string>

using namespace eft;
using namespace eft::supervisor;

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
