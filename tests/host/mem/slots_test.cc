#include <doctest/doctest.h>

#include <mem/slot_runs.h>

#include <random>
#include <vector>

using namespace eft;
using namespace eft::memory;

TEST_CASE("runs do not overlap, and everything can be taken again after it was given back") {
    SlotRuns slots;
    slots.set_end(1u << SlotRuns::kTableBits);
    std::vector<bool> taken(1u << SlotRuns::kTableBits);
    std::vector<std::pair<Slot, u32>> runs;
    std::mt19937 random(7);
    u32 used = 0;
    for (int step = 0; step < 20000; ++step) {
        if (random() % 3 != 0 || runs.empty()) {
            const u32 count = random() % 8 == 0 ? 1 + random() % 700 : 1 + random() % 70;
            const auto run = slots.take(count);
            if (!run.ok()) continue;
            REQUIRE(raw(*run) >= SlotRuns::kFirst);
            REQUIRE(raw(*run) + count <= 1u << SlotRuns::kTableBits);
            for (u32 i = 0; i < count; ++i) {
                REQUIRE(!taken[raw(*run) + i]);
                taken[raw(*run) + i] = true;
            }
            used += count;
            runs.emplace_back(*run, count);
        } else {
            std::swap(runs[random() % runs.size()], runs.back());
            const auto [first, count] = runs.back();
            runs.pop_back();
            slots.give(first, count);
            for (u32 i = 0; i < count; ++i) taken[raw(first) + i] = false;
            used -= count;
        }
        REQUIRE(slots.used() == used);
    }
    for (const auto& [first, count] : runs) slots.give(first, count);
    CHECK(slots.used() == 0);
    CHECK(slots.take_with_reserve(SlotRuns::kCount).ok());
    CHECK(slots.take_with_reserve(1).error() == Error::LimitReached);
}

TEST_CASE("no run of no slots, and none longer than the table") {
    SlotRuns slots;
    slots.set_end(1u << SlotRuns::kTableBits);
    CHECK(slots.take(0).error() == Error::LimitReached);
    CHECK(slots.take(SlotRuns::kCount + 1).error() == Error::LimitReached);
    CHECK(slots.take(~u32{0}).error() == Error::LimitReached);
}

TEST_CASE("single slots fill the table to the last") {
    SlotRuns slots;
    slots.set_end(1u << SlotRuns::kTableBits);
    for (u32 i = 0; i < SlotRuns::kCount - SlotRuns::kReserve; ++i) REQUIRE(slots.take().ok());
    CHECK(!slots.take().ok());
    CHECK(!slots.reserve_in_use());
    for (u32 i = 0; i < SlotRuns::kReserve; ++i) REQUIRE(slots.take_with_reserve(1).ok());
    CHECK(slots.reserve_in_use());
    CHECK(!slots.take_with_reserve(1).ok());
    slots.give(Slot{SlotRuns::kFirst + 999});
    CHECK(slots.take().value_or(Slot::None) == Slot{SlotRuns::kFirst + 999});
}

TEST_CASE("only slots that exist are given, and the last of these are a reserve") {
    SlotRuns slots;
    CHECK(!slots.take().ok());
    slots.set_end(SlotRuns::kFirst + SlotRuns::kReserve + 64);
    CHECK(slots.take(64).value_or(Slot::None) == Slot{SlotRuns::kFirst});
    CHECK(!slots.take().ok());
    CHECK(slots.take_with_reserve(2).value_or(Slot::None) == Slot{SlotRuns::kFirst + 64});
    CHECK(slots.reserve_in_use());
    slots.set_end(slots.end() + 64);
    CHECK(slots.take().value_or(Slot::None) == Slot{SlotRuns::kFirst + 66});
    CHECK(slots.end() == SlotRuns::kFirst + SlotRuns::kReserve + 128);
}
