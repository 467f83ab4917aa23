// The trace of requests and answers: the last 24, whole entries only, killed at any store.
#include "mortal.h"

#include <eft/message_trace.h>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace eft;
using namespace eft::test;

namespace {

std::vector<TraceEntry> entries_in(const TraceMemory& memory) {
    std::array<u64, kTraceWords> words;
    std::memcpy(words.data(), &memory, sizeof(memory));
    std::array<TraceEntry, kTraceEntries> entries;
    const std::size_t count = read_trace(words, entries);
    return {entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count)};
}

// One whose words are its number times 100, 101, …
void receive(MessageTrace& trace, u64 number, u64 badge, u64 time) {
    const u64 in_registers[] = {number * 100, number * 101, number * 102, number * 103};
    const u64 in_page[] = {~u64{0}, ~u64{0}, ~u64{0}, ~u64{0}, number * 104, number * 105};
    trace.received(number, badge, time, in_registers, in_page);
}

}  // namespace

TEST_CASE("killed at any store, the trace has the last 24 requests, whole, and what was answered") {
    constexpr u64 kRequests = 60;
    for (u64 point = 0;; ++point) {
        auto memory = std::make_unique<TraceMemory>();
        u64 received = 0, answered = 0;
        u64 received_at_death = kRequests, answered_at_death = kRequests;
        const bool died = die_at(
            point, std::as_writable_bytes(std::span(memory.get(), 1)),
            [&] {
                MessageTrace trace(*memory);
                for (u64 number = 1; number <= kRequests; ++number) {
                    receive(trace, number, number * 5, number * 7);
                    received = number;
                    trace.answered(number * 11);
                    answered = number;
                }
            },
            [&] { received_at_death = received, answered_at_death = answered; });
        const std::vector<TraceEntry> entries = entries_in(*memory);
        REQUIRE(entries.size() >= std::min<std::size_t>(received_at_death, kTraceEntries));
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const u64 number = entries[i].time / 7;
            REQUIRE(entries[i].time == number * 7);
            REQUIRE(entries[i].tag == number);
            for (u64 word = 0; word < kTracedWords; ++word) REQUIRE(entries[i].words[word] == number * (100 + word));
            REQUIRE(entries[i].badge == number * 5);
            const bool has_answer = entries[i].answer == number * 11;
            REQUIRE((has_answer || entries[i].answer == TraceEntry::kNone));
            if (number <= answered_at_death) REQUIRE(has_answer);
            if (i > 0) REQUIRE(entries[i].time == entries[i - 1].time + 7);
        }
        if (!entries.empty()) {
            const u64 last = entries.back().time / 7;
            REQUIRE((last == received_at_death || last == received_at_death + 1));
        }
        if (!died) break;
    }
}

TEST_CASE("an incarnation begins with an empty trace") {
    TraceMemory memory{};
    MessageTrace trace(memory);
    for (u64 i = 1; i < 100; ++i) receive(trace, i, i, i);
    REQUIRE(entries_in(memory).size() == kTraceEntries);
    MessageTrace successor(memory);
    successor.clear();
    CHECK(entries_in(memory).empty());
    receive(successor, 1, 2, 3);
    REQUIRE(entries_in(memory).size() == 1);
    CHECK(entries_in(memory)[0].badge == 2);
    CHECK(entries_in(memory)[0].answer == TraceEntry::kNone);
}

TEST_CASE("an answer that comes later finds its request, unless others have taken the place") {
    TraceMemory memory{};
    MessageTrace trace(memory);
    receive(trace, 10, 1, 100);
    const MessageTrace::Place first = trace.current();
    receive(trace, 20, 2, 200);
    trace.answered(0);
    trace.answered(first, 7);
    REQUIRE(entries_in(memory).size() == 2);
    CHECK(entries_in(memory)[0].answer == 7);
    CHECK(entries_in(memory)[1].answer == 0);
    for (u64 i = 0; i < kTraceEntries; ++i) receive(trace, 30, 3, 300 + i);
    trace.answered(first, 9);
    for (const TraceEntry& entry : entries_in(memory)) CHECK(entry.answer == TraceEntry::kNone);
}

TEST_CASE("memory that is no trace is none") {
    TraceMemory memory{};
    for (const u64 last : {u64{1}, u64{TraceMemory::kLastPlace + sizeof(TraceEntry)}, ~(sizeof(TraceEntry) - 1)}) {
        memory.last = last;
        memory.entries[3].time = 5;
        CHECK(entries_in(memory).empty());
    }
}
