// The trace of message headers: the last 64, whole entries only, at every store and over incarnations.
#include "mortal.h"

#include <eft/message_trace.h>

#include <doctest/doctest.h>

#include <memory>

using namespace eft;
using namespace eft::test;

namespace {

struct Memory {
    alignas(8) std::byte bytes[kTraceBytes] = {};
};

// Every entry is whole; answers the last number.
u64 check_entries(Memory& memory, std::size_t at_least) {
    std::array<TraceEntry, kTraceEntries> entries;
    const std::size_t count = read_trace(memory.bytes, entries);
    REQUIRE(count >= at_least);
    for (std::size_t i = 0; i < count; ++i) {
        REQUIRE(entries[i].tag == entries[i].number * 3);
        REQUIRE(entries[i].badge == entries[i].number * 5);
        REQUIRE(entries[i].time == entries[i].number * 7);
        if (i > 0) REQUIRE(entries[i].number == entries[i - 1].number + 1);
    }
    return count == 0 ? 0 : entries[count - 1].number;
}

}  // namespace

TEST_CASE("killed at any store, the trace has the last whole entries, and the next incarnation goes on") {
    for (u64 point = 0;; ++point) {
        auto memory = std::make_unique<Memory>();
        u64 done = 0, done_at_death = 0;
        const bool died = die_at(
            point, memory->bytes,
            [&] {
                BasicMessageTrace<MortalStores> trace(memory->bytes);
                for (u64 number = 1; number <= 150; ++number) {
                    trace.record(number * 3, number * 5, number * 7);
                    done = number;
                }
            },
            [&] { done_at_death = done; });
        if (!died) done_at_death = done;
        const u64 last = check_entries(*memory, std::min<std::size_t>(done_at_death, kTraceEntries - 1));
        REQUIRE((last == done_at_death || last == done_at_death + 1));
        MessageTrace successor(memory->bytes);
        successor.record((last + 1) * 3, (last + 1) * 5, (last + 1) * 7);
        REQUIRE(check_entries(*memory, 1) == last + 1);
        if (!died) break;
    }
}

TEST_CASE("nonsense in the memory is left out") {
    Memory memory;
    auto* entries = reinterpret_cast<TraceEntry*>(memory.bytes);
    entries[3].number = 5;
    entries[4].number = ~u64{0};
    entries[63].number = ~u64{0};  // the largest number there is, in its place
    std::array<TraceEntry, kTraceEntries> out;
    CHECK(read_trace(memory.bytes, out) == 1);
    MessageTrace trace(memory.bytes);
    trace.record(1, 2, 3);
    CHECK(read_trace(memory.bytes, out) == 2);
}
