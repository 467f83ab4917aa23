// root's tick: by the real-time clock, by the 8254 where there is none, and where there is neither.
#include <devices/pit_8254.h>
#include <devices/rtc_146818.h>
#include <drivers/i8254/i8254.h>
#include <servers/root/tick.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace eft;
using root::Tick;

namespace {

struct Write {
    u64 offset, value;
    bool operator==(const Write&) const = default;
};

// A PIT that notes what it is told, and says that it is there.
class Recorder final : public host::DeviceModel {
public:
    std::vector<Write> writes;

private:
    u64 read(u64, unsigned) override { return 0x34; }
    void write(u64 offset, unsigned, u64 value) override { writes.push_back({offset, value}); }
    host::DeviceWindow window_{*this, host::DeviceSpace::Ports, i8254::kFirstPort, i8254::kPortCount};
};

}  // namespace

TEST_CASE("the PIT's divisor is the nearest one, and is written low byte first in mode 2") {
    CHECK(i8254::divisor(100).value_or(0) == 11932);
    CHECK(i8254::divisor(19).value_or(0) == 62799);
    CHECK(i8254::divisor(18).error() == Error::OutOfRange);
    CHECK(i8254::divisor(0).error() == Error::OutOfRange);
    CHECK(i8254::divisor(1'000'000).error() == Error::OutOfRange);
    Recorder timer;
    const auto period = i8254::start_tick(i8254::registers(Slot{1}), 100);
    REQUIRE(period.ok());
    CHECK(*period == 10'000'150);
    CHECK(timer.writes == std::vector<Write>{{3, 0x34}, {0, 11932 & 0xff}, {0, 11932 >> 8}, {3, 0xe2}});
}

TEST_CASE("without a real-time clock each interrupt of the 8254 is a tick") {
    const test::Pit8254 pit;
    Tick tick;
    tick.start(Slot{1});
    REQUIRE(tick.clock() == Tick::Clock::Pit);
    CHECK(tick.line() == 2);
    CHECK(pit.programmed[0] == 0x34);
    CHECK_FALSE(tick.spares_pit());
    for (int i = 0; i < 5; ++i) CHECK(tick.acknowledge());
}

TEST_CASE("the real-time clock gives twenty ticks a second, and keeps its time; the 8254 ends its own") {
    test::Pit8254 pit;
    pit.programmed[0] = 0x36;  // firmware's
    test::Rtc146818 rtc;
    rtc.registers[0x0a] = 0x26;
    rtc.registers[0x0b] = 0x32;  // 24 hours; firmware has left two interrupts on
    const auto before = rtc.registers;
    Tick tick;
    tick.start(Slot{1});
    REQUIRE(tick.clock() == Tick::Clock::Rtc);
    CHECK(tick.line() == 8);
    CHECK(pit.programmed[0] == 0x30);
    CHECK(tick.spares_pit());
    CHECK(rtc.registers[0x0a] == 0x2a);
    CHECK(rtc.registers[0x0b] == 0x42);
    CHECK(std::equal(before.begin(), before.begin() + 0x0a, rtc.registers.begin()));
    rtc.periodic();  // nobody has listened yet
    static_cast<void>(tick.acknowledge());
    unsigned ticks = 0;
    for (int second = 0; second < 10; ++second) {
        for (int i = 0; i < 64; ++i) {
            REQUIRE(rtc.periodic());
            ticks += tick.acknowledge();
        }
    }
    CHECK(ticks == 200);
}

TEST_CASE("a machine without either is told apart") {
    Tick tick;
    tick.start(Slot{1});
    CHECK(tick.clock() == Tick::Clock::None);
}
