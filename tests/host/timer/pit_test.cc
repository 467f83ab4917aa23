// The alarm of an 8254 over the time stamp: never late by more than a tick of its own, at once if it is past, and a hint where
// it cannot count so far.
#include <devices/pit_8254.h>
#include <drivers/pit/pit.h>

#include <doctest/doctest.h>

using namespace eft;

namespace {

constexpr u64 kStampsPerMs = 3'000'017;
u64 stamp_now = 0;
u64 stamp() { return stamp_now; }
void pass(u64 nanoseconds) { stamp_now += nanoseconds * kStampsPerMs / 1'000'000 + 1; }
u64 duration_of(u64 count) { return (count * 1'000'000'000 + i8254::kFrequency - 1) / i8254::kFrequency; }

}  // namespace

TEST_CASE("time is the stamp's, exactly, and does not go back where another stamp is less") {
    stamp_now = 0;
    test::Pit8254 hardware;
    timer::ClockState state;
    pit::Pit first(i8254::registers(Slot{1}), stamp, kStampsPerMs, state);
    CHECK(first.now() == 0);
    stamp_now = kStampsPerMs;
    CHECK(first.now() == 1'000'000);
    stamp_now = 1'000'000 * kStampsPerMs + kStampsPerMs / 2;
    CHECK(first.now() == 1'000'000'499'999);
    stamp_now = u64{1} << 63;  // a hundred years
    CHECK(first.now() / 1'000'000 == stamp_now / kStampsPerMs);
    stamp_now = 5;
    pit::Pit next(i8254::registers(Slot{1}), stamp, kStampsPerMs, state);
    CHECK(next.now() == first.now());
    CHECK(next.now() > u64{1'000'000'000'000'000});
}

TEST_CASE("an alarm comes at its time, and by several hints if it is further away than the 8254 counts") {
    test::Pit8254 hardware;
    timer::ClockState state;
    stamp_now = 12'345;
    pit::Pit clock(i8254::registers(Slot{1}), stamp, kStampsPerMs, state);
    for (const u64 distance : {u64{0}, u64{1}, u64{838}, u64{839}, u64{10'000'000}, u64{54'925'000}, u64{55'000'000}, u64{1'000'000'000}}) {
        CAPTURE(distance);
        const u64 deadline = clock.now() + distance;
        unsigned hints = 0;
        do {
            REQUIRE(clock.set_alarm(deadline).ok());
            REQUIRE(hardware.count[0] >= 1);
            REQUIRE(hardware.count[0] <= 65536);
            pass(duration_of(hardware.count[0]));
            ++hints;
        } while (clock.now() < deadline);
        CHECK(clock.now() - deadline < 1700);  // a tick and the rounding
        CHECK(hints <= distance / 54'000'000 + 2);
        CHECK(hardware.programmed[0] == 0x30);
    }
    const u64 past = clock.now() - 5;
    REQUIRE(clock.set_alarm(past).ok());
    CHECK(hardware.count[0] == 1);
}
