// Each operation ends at each of its invocations of the kernel, for good: nobody asks again. Its changes are undone, what it has
// begun to end ends, and what is left is what was there before, or what is there afterwards.
#include "machine.h"

#include <doctest/doctest.h>

#include <mem/space_memory.h>
#include <mem/undone.h>

#include <vector>

using namespace eft;
using namespace eft::memory;
using memory_test::Machine;

namespace {

struct End {};  // thrown where mem is killed

struct Undone : Machine {
    // With a journal of so many bytes: a small one has a checkpoint after each step.
    Undone(const memory_test::Given& from, std::size_t journal_bytes) : Machine(from), entries(journal_bytes) {
        use_journal(&log);
        log.on_undo(settle, &state);
    }
    ~Undone() {
        host::refusal = {};
        use_journal(nullptr);
    }

    // False: it came to its end before.
    template <class Operation>
    bool end_at(u64 invocation, Operation operation) {
        u64 count = 0;
        bool ended = false;
        host::refusal = [&](Invocation) {
            if (count++ == invocation) throw End();
            return Error::None;
        };
        try {
            operation();
        } catch (const End&) {
            ended = true;
        }
        host::refusal = {};
        if (ended) log.abort();
        else log.close();
        if (ended) finish_undone(state);
        end_objects(state);
        return ended;
    }

    // libos' slots are emptied by whoever restarts mem.
    Totals totals() const {
        Totals all = Machine::totals();
        all.sending = 0;
        return all;
    }

    UndoLog::Words words{};
    std::vector<std::byte> entries;
    UndoLog log{words, entries, std::as_writable_bytes(std::span(&state, 1))};
};

constexpr std::size_t kJournals[] = {kJournalBytes, kJournalBytes / 4};

template <class Test>
void for_each_journal(Test test) {
    for (const std::size_t bytes : kJournals) {
        CAPTURE(bytes);
        memory_test::run_as_mem([&](const memory_test::Given& given) {
            Undone machine(given, bytes);
            REQUIRE(machine.started.ok());
            test(machine);
        });
    }
}

}  // namespace

TEST_CASE("a space that is being made, and one that ends, leave nothing") {
    for_each_journal([](Undone& mem) {
        const Machine::Totals before = mem.totals();
        u64 made = 0, ended = 0;
        const auto make = [&] { static_cast<void>(mem.process(64)); };
        const auto id_of_last = [&] {
            u32 id = 0;
            for (const Space& space : mem.state.spaces)
                if (space.id != mem.state.own_space) id = std::max(id, space.id);
            return id;
        };
        // What was loaded and mapped by requests before is the space's until it ends: here all of it is one.
        for (; mem.end_at(made, make); ++made) {
            CAPTURE(made);
            if (const u32 id = id_of_last()) destroy_space(mem.state, *mem.state.spaces.find(id));
            checkpoint();
            REQUIRE(mem.totals() == before);
        }
        CHECK(made > 50);
        for (;; ++ended) {
            CAPTURE(ended);
            const u32 id = id_of_last();
            const bool died = mem.end_at(ended, [&] { destroy_space(mem.state, *mem.state.spaces.find(id)); });
            REQUIRE_FALSE(mem.state.spaces.find(id));
            REQUIRE(mem.totals() == before);
            if (!died) break;
            make();
            checkpoint();
        }
        CHECK(ended > 5);
    });
}

TEST_CASE("an object that is being made, mapped, unmapped or released is there as before, or not at all") {
    for_each_journal([](Undone& mem) {
        const Space& space = **create_space(mem.state, 2000);
        checkpoint();
        const Machine::Totals before = mem.totals();
        const u32 used = space.used;
        const Object* object = nullptr;
        const auto make = [&] { object = *create_object(mem.state, space, 37 * kPageSize, false); };
        const auto nothing_left = [&] { return mem.totals() == before && space.used == used && space.objects == 0 && space.mapped == 0; };
        u64 made = 0;
        for (; mem.end_at(made, make); ++made) {
            CAPTURE(made);
            REQUIRE(nothing_left());
        }
        CHECK(made > 8);
        const Machine::Totals with_object = mem.totals();
        u64 mapped = 0;
        const auto map = [&] { static_cast<void>(map_object(mem.state, space, *object, {0, 37 * kPageSize, 0x3000'0000, kReadWrite})); };
        map();
        REQUIRE(unmap(mem.state, space, 0x3000'0000, 37 * kPageSize).ok());  // the space has its page tables now
        checkpoint();
        const Machine::Totals with_tables = mem.totals();
        CHECK(with_tables.objects == with_object.objects);
        for (; mem.end_at(mapped, map); ++mapped) {
            CAPTURE(mapped);
            REQUIRE(mem.totals() == with_tables);
            REQUIRE(space.mapped == 0);
        }
        CHECK(mapped > 37);
        // Some of its pages may be gone; whoever wanted that asks again.
        const auto take_away = [&] { static_cast<void>(unmap(mem.state, space, 0x3000'0000, 37 * kPageSize)); };
        REQUIRE(mem.end_at(0, take_away));
        REQUIRE(space.mapped == 37);
        REQUIRE_FALSE(mem.end_at(1000, take_away));
        REQUIRE(mem.totals() == with_tables);
        // Let go of, it ends, whatever happens in it.
        for (u64 released = 0;; ++released) {
            CAPTURE(released);
            set(object->held, false);
            end_if_unwanted(mem.state, *object);
            checkpoint();
            const bool died = mem.end_at(released, [&] { end_objects(mem.state); });
            REQUIRE(mem.state.objects.used() == before.objects);
            REQUIRE(space.used == used + 0u);
            if (!died) break;
            make();
            checkpoint();
        }
    });
}

TEST_CASE("a page that was mapped when mem died stays as it is, and one that was not is the next one, without what was in it") {
    for_each_journal([](Undone& mem) {
        const Space& space = **create_space(mem.state, 64);
        const u64 address = layout::kStackTop - kPageSize, other = layout::kHeapBase;
        const auto fault = [&](u64 at) { return resolve_fault(mem.state, space.id, at, 6); };
        for (const u64 each : {address, other, other + kPageSize}) REQUIRE(fault(each) == Error::None);
        const Extent& extent = mem.state.extents[space.pages.tail];
        const u32 used = extent.used;
        REQUIRE(fault(other + 2 * kPageSize) == Error::None);
        const auto page = Machine::page_of(space, other + 2 * kPageSize);
        page->bytes[5] = std::byte{7};
        const Slot frame = slot_at(extent.first, used);
        // As if it had not come to count.
        set_at_once(extent.used, used);
        finish_undone(mem.state);
        CHECK(extent.used == used + 1);
        CHECK(fault(other + 2 * kPageSize) == Error::None);
        CHECK(Machine::page_of(space, other + 2 * kPageSize)->bytes == page->bytes);
        CHECK(page->bytes[5] == std::byte{7});
        // As if it had not been mapped either.
        REQUIRE(effects::unmap(space.space, frame).ok());
        set_at_once(extent.used, used);
        finish_undone(mem.state);
        CHECK(extent.used == used);
        CHECK(fault(other + 3 * kPageSize) == Error::None);
        CHECK(extent.used == used + 1);
        CHECK(Machine::page_of(space, other + 3 * kPageSize)->bytes == page->bytes);
        CHECK(page->bytes[5] == std::byte{0});
    });
}

TEST_CASE("the table grows for a long run in steps that fit into the journal, and stays as large") {
    for_each_journal([](Undone& mem) {
        const Space& space = **create_space(mem.state, 4000);
        checkpoint();
        const Object& object = **create_object(mem.state, space, 3000 * kPageSize, false);
        checkpoint();
        const u32 end = mem.state.slots.end();
        std::vector<Slot> taken;
        for (auto run = mem.state.slots.take(1024); run.ok(); run = mem.state.slots.take(1024)) {
            taken.push_back(*run);
            checkpoint();
        }
        const Machine::Totals before = mem.totals();
        REQUIRE(mem.end_at(2000, [&] { static_cast<void>(map_object(mem.state, space, object, {0, 2000 * kPageSize, 0x3000'0000, kReadWrite})); }));
        CHECK(mem.state.slots.end() > end);
        CHECK(space.mapped == 0);
        REQUIRE(map_object(mem.state, space, object, {0, 2000 * kPageSize, 0x3000'0000, kReadWrite}).ok());
        checkpoint();
        REQUIRE(unmap(mem.state, space, 0x3000'0000, 2000 * kPageSize).ok());
        checkpoint();
        CHECK(mem.totals().slots > before.slots);  // those of the table's new pages
        CHECK(mem.totals().objects == before.objects);
    });
}
