// The slot allocator against a set as a model, with sizes around the edges of its levels.
#include <eft/slots.h>

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <set>

using namespace eft;

namespace {

constexpr u32 kFirst = 100;

template <u32 Capacity>
void compare_with_model(u32 count, int steps) {
    auto slots = std::make_unique<SlotAllocator<Capacity>>(Slot{kFirst}, count);
    std::set<u32> used;
    std::mt19937 random(count);
    for (int step = 0; step < steps; ++step) {
        switch (random() % 5) {
            case 0:
            case 1: {
                u32 lowest = kFirst;
                while (used.contains(lowest)) ++lowest;
                const u32 got = raw(slots->allocate());
                REQUIRE(got == (lowest < kFirst + count ? lowest : 0));
                if (got) used.insert(got);
                break;
            }
            case 2: {
                const u32 length = random() % 70;
                const u32 got = raw(slots->allocate_run(length));
                bool possible = false;
                for (u32 at = kFirst, run = 0; at < kFirst + count && length > 0 && !possible; ++at) {
                    run = used.contains(at) ? 0 : run + 1;
                    possible = run == length;
                }
                REQUIRE((got != 0) == possible);
                for (u32 i = 0; got && i < length; ++i) REQUIRE(used.insert(got + i).second);
                break;
            }
            default: {
                const u32 slot = kFirst - 2 + random() % (count + 4);
                REQUIRE(slots->is_free(Slot{slot}) ==
                        (slot >= kFirst && slot < kFirst + count && !used.contains(slot)));
                REQUIRE(slots->free(Slot{slot}) == (used.erase(slot) == 1));
            }
        }
        REQUIRE(slots->used_count() == used.size());
        REQUIRE(slots->free_count() == count - used.size());
    }
}

}  // namespace

TEST_CASE("slots against a model") {
    compare_with_model<64>(64, 3000);
    compare_with_model<100>(90, 3000);
    compare_with_model<512>(512, 3000);
    compare_with_model<5000>(4500, 2000);
}

TEST_CASE("all slots can be had, once each") {
    auto slots = std::make_unique<SlotAllocator<20000>>(Slot{1}, 20000);
    for (u32 slot = 1; slot <= 20000; ++slot) REQUIRE(raw(slots->allocate()) == slot);
    CHECK(slots->allocate() == Slot::None);
    CHECK(slots->allocate_run(1) == Slot::None);
    CHECK(slots->free(Slot{19999}));
    CHECK(slots->allocate() == Slot{19999});
    CHECK(slots->free(Slot{1}, 20000));
    CHECK(raw(slots->allocate_run(20000)) == 1);
}

TEST_CASE("a mistaken free or reserve changes nothing") {
    SlotAllocator<64> slots(Slot{10}, 20);
    CHECK(slots.reserve(Slot{12}));
    CHECK(!slots.reserve(Slot{12}));
    CHECK(!slots.reserve(Slot{30}));
    CHECK(!slots.reserve(Slot{9}));
    CHECK(slots.allocate_run(3) == Slot{13});
    CHECK(!slots.free(Slot{11}, 2));  // 11 is free
    CHECK(!slots.free(Slot{12}, 19));
    CHECK(!slots.free(Slot{0}));
    CHECK(slots.used_count() == 4);
    CHECK(slots.free(Slot{12}, 4));
    CHECK(slots.used_count() == 0);
}
