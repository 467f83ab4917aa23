// The timing wheel against a plain sorted model.
#include <drivers/timer/wheel.h>

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <type_traits>

using namespace eft;
using eft::timer::TimerWheel;

static_assert(std::is_trivially_copyable_v<TimerWheel<64>>);

TEST_CASE("timers come out in the order of their deadlines, never early") {
    TimerWheel<4> wheel(1000);
    wheel.arm(0, 5'000'000'000);
    wheel.arm(1, 1001);
    wheel.arm(2, 70'000);
    CHECK(wheel.next_deadline() == 1001);
    CHECK_FALSE(wheel.take_due(1000).has_value());
    CHECK(wheel.take_due(1001) == 1);
    CHECK_FALSE(wheel.take_due(69'999).has_value());
    CHECK(wheel.next_deadline() == 70'000);
    CHECK(wheel.take_due(6'000'000'000) == 2);
    CHECK(wheel.take_due(6'000'000'000) == 0);
    CHECK_FALSE(wheel.take_due(~0ull).has_value());
    CHECK_FALSE(wheel.next_deadline().has_value());
}

TEST_CASE("a past deadline is due at once, the last moment of time is a deadline too") {
    TimerWheel<3> wheel(500);
    wheel.arm(0, 3);
    wheel.arm(1, ~0ull);
    wheel.arm(2, 0);
    CHECK(wheel.next_deadline() == 500);
    CHECK(wheel.take_due(500).has_value());
    CHECK(wheel.take_due(500).has_value());
    CHECK_FALSE(wheel.take_due(~0ull - 1).has_value());
    CHECK(wheel.next_deadline() == ~0ull);
    CHECK(wheel.take_due(~0ull) == 1);
}

TEST_CASE("cancelling and moving") {
    TimerWheel<3> wheel;
    wheel.arm(0, 100);
    wheel.arm(1, 100);
    wheel.arm(2, 100);
    CHECK(wheel.armed() == 3);
    wheel.cancel(1);
    wheel.cancel(1);
    CHECK_FALSE(wheel.is_armed(1));
    wheel.arm(0, 1'000'000);  // moved
    CHECK(wheel.take_due(100) == 2);
    CHECK_FALSE(wheel.take_due(100).has_value());
    CHECK(wheel.take_due(1'000'000) == 0);
    CHECK(wheel.armed() == 0);
}

TEST_CASE("a seeded run agrees with a sorted model at every step") {
    constexpr u16 kTimers = 60;
    for (u64 seed = 0; seed < 10; ++seed) {
        std::mt19937_64 random(seed);
        u64 now = random() >> (random() % 60);
        TimerWheel<kTimers> wheel(now);
        std::map<u16, u64> model;
        for (int step = 0; step < 3'000; ++step) {
            const u16 timer = static_cast<u16>(random() % kTimers);
            switch (random() % 4) {
                case 0:
                case 1: {
                    u64 deadline = now + (random() >> (random() % 64));
                    if (deadline < now) deadline = ~0ull;
                    wheel.arm(timer, deadline);
                    model[timer] = deadline;
                    break;
                }
                case 2:
                    wheel.cancel(timer);
                    model.erase(timer);
                    break;
                default: {
                    const u64 step_length = random() >> (24 + random() % 40);
                    now = now + step_length < now ? ~0ull : now + step_length;
                    u64 last = 0;
                    while (const auto due = wheel.take_due(now)) {
                        REQUIRE(model.count(*due));
                        REQUIRE(model[*due] <= now);
                        REQUIRE(model[*due] >= last);
                        last = model[*due];
                        model.erase(*due);
                    }
                }
            }
            u64 earliest = ~0ull;
            for (const auto& [name, deadline] : model) earliest = std::min(earliest, deadline);
            REQUIRE((model.empty() || earliest >= now));
            REQUIRE(wheel.next_deadline().has_value() == !model.empty());
            if (!model.empty()) REQUIRE(*wheel.next_deadline() == earliest);
            REQUIRE(wheel.armed() == model.size());
        }
    }
}
