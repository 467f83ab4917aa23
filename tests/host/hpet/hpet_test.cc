// The clock and the alarm against an HPET whose time passes while the driver works.
#include <devices/hpet.h>
#include <drivers/hpet/hpet.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::hpet;
using test::HpetModel;

namespace {

Hpet start(HpetModel& model, ClockState& state) {
    auto device = Hpet::start(model.registers(), state, 0);
    REQUIRE(device.ok());
    return *device;
}

}  // namespace

TEST_CASE("conversion is exact: checked against 128-bit arithmetic") {
    std::mt19937_64 random(1);
    for (const u32 period : {1u, 999'999u, 1'000'000u, 10'000'000u, 69'841'279u, 100'000'000u}) {
        const Ticks ticks(period);
        for (int i = 0; i < 20'000; ++i) {
            const u64 value = random() >> (random() % 64);
            const unsigned __int128 exact = static_cast<unsigned __int128>(value) * period / 1'000'000;
            REQUIRE(ticks.to_nanoseconds(value) == (exact >> 64 ? ~0ull : static_cast<u64>(exact)));
            const unsigned __int128 up =
                (static_cast<unsigned __int128>(value) * 1'000'000 + period - 1) / period;
            REQUIRE(ticks.to_ticks(value) == (up >> 64 ? ~0ull : static_cast<u64>(up)));
            if (!(up >> 64)) REQUIRE(ticks.to_nanoseconds(ticks.to_ticks(value)) >= value);
        }
        CHECK(ticks.to_nanoseconds(0) == 0);
        CHECK(ticks.to_ticks(0) == 0);
    }
}

TEST_CASE("an HPET that cannot be used is refused") {
    HpetModel model;
    ClockState state;
    SUBCASE("no period") { model.period = 0; }
    SUBCASE("a period beyond the specification") { model.period = kLongestPeriod + 1; }
    SUBCASE("nothing there") { model.period = model.capabilities = ~0u; }
    SUBCASE("a 32-bit counter") { model.capabilities &= ~(1u << 13); }
    SUBCASE("a 32-bit timer") { model.timers[0].configuration = 0; }
    CHECK(Hpet::start(model.registers(), state, 0).error() == Error::NotSupported);
    CHECK(state.anchored == 0);
}

TEST_CASE("a timer that does not exist is the caller's mistake") {
    HpetModel model;
    ClockState state;
    CHECK(Hpet::start(model.registers(), state, 3).error() == Error::InvalidArgument);
}

TEST_CASE("time starts at zero wherever the counter stands, and never stops or goes back") {
    HpetModel model;
    model.counter = 0xffff'ffff'ffff'ff00;  // wraps soon
    ClockState state;
    Hpet device = start(model, state);
    CHECK(device.now() < 1000);
    u64 before = device.now();
    for (int i = 0; i < 2000; ++i) {
        const u64 now = device.now();
        REQUIRE(now >= before);
        before = now;
    }
    const u64 at = device.now();
    model.advance(1'000'000);
    CHECK(device.now() - at >= 10'000'000);
    CHECK(device.now() - at < 10'001'000);
    CHECK(model.counter_writes == 0);
    CHECK_FALSE(model.wrong_access);
}

TEST_CASE("the low half overflows while the counter is read") {
    for (u64 offset = 1; offset < 12; ++offset) {
        HpetModel model;
        ClockState state{.zero_ticks = 0, .latest = 0, .anchored = 1};
        model.configuration = 1;
        model.counter = 0x1'0000'0000 - 40;
        Hpet device = start(model, state);
        model.counter = 0x1'0000'0000 - offset;
        const u64 told = device.now() / 10;
        CHECK(told >= 0x1'0000'0000 - offset);
        CHECK(told <= 0x1'0000'0000 + 12);
    }
}

TEST_CASE("a restart goes on with the same time") {
    HpetModel model;
    ClockState state;
    u64 told;
    {
        Hpet device = start(model, state);
        model.advance(5'000'000);
        told = device.now();
    }
    model.advance(2'000'000);  // no driver lives: 20 ms
    Hpet reborn = start(model, state);
    CHECK(reborn.now() - told >= 20'000'000);
    CHECK(reborn.now() - told < 20'001'000);
    CHECK(model.counter_writes == 0);
}

TEST_CASE("a counter that somebody reset does not turn time back") {
    HpetModel model;
    ClockState state;
    Hpet device = start(model, state);
    model.advance(5'000'000);
    const u64 told = device.now();
    model.counter = 3;
    model.configuration = 0;  // stopped, too
    Hpet reborn = start(model, state);
    CHECK(reborn.now() >= told);
    CHECK(reborn.now() < told + 1000);
    model.advance(100);
    CHECK(reborn.now() >= told + 1000);
}

TEST_CASE("a death before the anchor was complete starts time again, not at nonsense") {
    HpetModel model;
    model.counter = 12345678;
    ClockState state{.zero_ticks = 77, .latest = 0, .anchored = 0};
    CHECK(start(model, state).now() < 1000);
}

TEST_CASE("the line is one that the timer reaches and dev permits; legacy routing is off") {
    HpetModel model;
    model.configuration = 2;
    model.timers[0].configuration |= 2 | 8 | 1u << 8 | 1u << 14;  // level, periodic, 32 bits, messages
    ClockState state;
    Hpet device = start(model, state);
    CHECK((model.configuration & 3) == 1);
    CHECK(device.possible_lines() == 0x00ff'0104);
    CHECK(device.connect(0x0000'ffff & ~4u).value_or(0) == 8);
    CHECK(device.connect(0xff00'0000).error() == Error::NotSupported);
    const auto line = device.connect(0x00f0'0000);
    REQUIRE(line.ok());
    CHECK(*line == 20);
    CHECK((model.timers[0].configuration >> 9 & 31) == 20);
    CHECK((model.timers[0].configuration & (2 | 8 | 1u << 8 | 1u << 14)) == 0);
    model.kept_routes = 0;
    CHECK(device.connect(0x00f0'0000).error() == Error::DeviceError);
}

TEST_CASE("an alarm fires at its time, once, and not when disarmed") {
    HpetModel model;
    ClockState state;
    Hpet device = start(model, state);
    const u64 at = device.now() + 1'000'000;
    REQUIRE(device.set_alarm(at).ok());
    model.advance(90'000);
    CHECK(model.timers[0].fired == 0);
    model.advance(20'000);
    CHECK(model.timers[0].fired == 1);
    CHECK(device.now() >= at);
    model.advance(1'000'000);
    CHECK(model.timers[0].fired == 1);
    REQUIRE(device.set_alarm(device.now() + 1000).ok());
    device.disarm();
    model.advance(1'000'000);
    CHECK(model.timers[0].fired == 1);
}

TEST_CASE("race 1: a deadline that is past, or passes while it is written, still fires, soon") {
    for (const u32 speed : {1u, 3u, 50u, 1000u}) {
        for (u64 ahead = 0; ahead < 40'000; ahead += 130) {
            HpetModel model;
            model.ticks_per_access = speed;
            ClockState state;
            Hpet device = start(model, state);
            model.advance(100'000);
            const u64 at = device.now() + ahead - 1000;
            REQUIRE(device.set_alarm(at).ok());
            model.advance(ahead / 10 + 64 * u64{speed} + 64);
            REQUIRE(model.timers[0].fired >= 1);
        }
    }
}

TEST_CASE("a counter that outruns everything is reported, not waited for") {
    HpetModel model;
    ClockState state;
    Hpet device = start(model, state);
    model.ticks_per_access = 1u << 31;
    CHECK(device.set_alarm(0).error() == Error::DeviceError);
}
