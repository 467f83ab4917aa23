// Kill at every store: whatever a transaction was doing, the next incarnation finds the state exactly as before it, or
// exactly as after it, and as after it if and only if the reply was delivered. Recovery itself is killed as well.
#include "mortal.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>

using namespace eft;
using namespace eft::test;

namespace {

struct State {
    u64 counters[6] = {1, 2, 3, 4, 5, 6};
    u8 odd_bytes[13] = {};
    u32 count = 7;
    bool operator==(const State&) const = default;  // not by bytes: padding is anything
};
using Region = StateRegion<State, 512>;

struct Memory {
    alignas(64) std::byte bytes[Region::kBytes] = {};
    std::span<std::byte> span() { return bytes; }
};

enum class Ending { WithReply, Now, Aborted, Dropped };

struct Step {
    u32 seed;
    unsigned changes;
    Ending ending;
};

// The supervisor's and the client's view: replies that were delivered, over all incarnations.
struct World {
    u64 delivered = 0;
};

// One random change, to the region through a transaction and to the model by plain assignment.
Status change(std::mt19937& random, Region& region, Transaction& transaction, State& model) {
    const auto at = random() % 6;
    switch (random() % 4) {
        case 0: {
            const u64 value = random();
            model.counters[at] = value;
            return transaction.write(region->counters[at], value);
        }
        case 1: {
            const u8 values[5] = {u8(random()), u8(random()), u8(random()), u8(random()), u8(random())};
            std::memcpy(model.odd_bytes + at, values, 5);
            return transaction.write_span<u8>(std::span(region->odd_bytes).subspan(at, 5), values);
        }
        case 2: {
            const u32 value = static_cast<u32>(random());
            model.count = value;
            return transaction.write(region->count, value);
        }
        default: {
            EFT_TRY(u64* const counter, transaction.edit(region->counters[at]));
            ++model.counters[at];
            store_word(*counter, model.counters[at]);
            return {};
        }
    }
}

// What the state has to be after a kill at the present moment.
struct Expectation {
    State before;  // the step in progress
    State after;
    bool may_be_before = true;
    bool may_be_after = true;
};

void run_step(const Step& step, Region& region, World& world, Expectation& expected) {
    std::mt19937 random(step.seed);
    expected.before = expected.after = *region;
    expected.may_be_before = true;
    expected.may_be_after = false;
    State model = *region;
    auto transaction = region.begin();
    for (unsigned i = 0; i < step.changes; ++i)
        if (!change(random, region, transaction, model).ok()) break;
    if (transaction.error() == Error::LimitReached) {
        CHECK(std::memcmp(&*region, &expected.before, sizeof(State)) == 0);
        return;
    }
    switch (step.ending) {
        case Ending::WithReply:
            expected.after = model;
            CHECK(transaction.commit_with_reply(world.delivered + 1).ok());
            Mortal::point();
            ++world.delivered;  // the kernel's doing: it cannot be interrupted
            expected.may_be_before = false;
            expected.may_be_after = true;
            Mortal::point();
            region.log().close();
            break;
        case Ending::Now:
            expected.after = model;
            expected.may_be_after = true;
            CHECK(transaction.commit_now().ok());
            expected.may_be_before = false;
            break;
        case Ending::Aborted: transaction.abort(); break;
        case Ending::Dropped: break;
    }
}

bool equal(const State& a, const State& b) { return a == b; }

// One life of the given steps, killed at `point`; then recoveries that are killed at each of their stores, and one that
// is not. False if the life had fewer stores.
bool check_kill(const std::vector<Step>& steps, u64 point) {
    auto memory = std::make_unique<Memory>();
    World world, world_at_death;
    Expectation now, at_death;
    bool running = false;
    const bool died = die_at(
        point, memory->span(),
        [&] {
            Region region(memory->span(), 1);
            CHECK(region.recover(0) == RecoveryOutcome::Fresh);
            running = true;
            now.before = now.after = *region;
            for (const Step& step : steps) run_step(step, region, world, now);
        },
        [&] {
            at_death = now;
            world_at_death = world;
            if (!running) at_death.before = at_death.after = State{};
        });
    if (!died) return false;

    for (u64 second = 0;; ++second) {
        const bool died_again = die_at(
            second, memory->span(),
            [&] { static_cast<void>(Region(memory->span(), 1).recover(world_at_death.delivered)); }, [] {});
        Memory copy = *memory;
        Region region(copy.span(), 1);
        const RecoveryOutcome outcome = region.recover(world_at_death.delivered);
        REQUIRE(outcome != RecoveryOutcome::Damaged);
        REQUIRE(outcome != RecoveryOutcome::OtherLayout);
        const bool before = equal(*region, at_death.before), after = equal(*region, at_death.after);
        const bool right = (before && at_death.may_be_before) || (after && at_death.may_be_after);
        REQUIRE_MESSAGE(right, "killed at store " << point << ", again at store " << second << " of the recovery");
        // The region is fit for use.
        REQUIRE(region.begin().error() == Error::None);
        if (!died_again) break;
    }
    return true;
}

}  // namespace

TEST_CASE("one transaction of each kind, killed at every store") {
    for (bool backwards : {false, true}) {
        Mortal::backwards = backwards;
        for (Ending ending : {Ending::WithReply, Ending::Now, Ending::Aborted, Ending::Dropped}) {
            u64 point = 0;
            while (check_kill({{1, 3, ending}}, point)) ++point;
            CHECK(point > 60);  // the stores of three entries and their changes
        }
    }
    Mortal::backwards = false;
}

TEST_CASE("a transaction after an answered one is undone alone") {
    u64 point = 0;
    while (check_kill({{1, 2, Ending::WithReply}, {2, 2, Ending::WithReply}}, point)) ++point;
    CHECK(point > 100);
}

TEST_CASE("random programs of transactions, killed at every store") {
    std::mt19937 random(20240611);
    u64 kills = 0;
    for (int program = 0; program < 12; ++program) {
        std::vector<Step> steps;
        for (unsigned i = 0; i < 4; ++i) {
            // Up to 20 changes: some transactions fill the log and are refused.
            const unsigned changes = random() % 4 == 0 ? 20 : random() % 4;
            steps.push_back({static_cast<u32>(random()), changes, static_cast<Ending>(random() % 4)});
        }
        Mortal::backwards = random() % 2;
        u64 point = 0;
        while (check_kill(steps, point)) ++point;
        kills += point;
    }
    Mortal::backwards = false;
    CHECK(kills > 1000);
}

TEST_CASE("counting the replies of the last incarnation alone would undo an answered request") {
    // Pins down why the supervisor adds up: the answered transaction is not closed, a second incarnation dies at once.
    Memory memory;
    {
        Region region(memory.span(), 1);
        CHECK(region.recover(0) == RecoveryOutcome::Fresh);
        auto transaction = region.begin();
        CHECK(transaction.write(region->count, 99).ok());
        CHECK(transaction.commit_with_reply(1).ok());
    }
    Memory summed = memory;
    CHECK(Region(summed.span(), 1).recover(1 + 0) == RecoveryOutcome::Kept);
    Memory last_only = memory;
    CHECK(Region(last_only.span(), 1).recover(0) == RecoveryOutcome::Undone);
}
