// The log ring: order and loss of lines, a writer that dies at every store, one that runs beside the reader, and one
// that is hostile.
#include "mortal.h"

#include <eft/log_ring.h>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace eft;
using namespace eft::test;

namespace {

constexpr std::size_t kBytes = 1000;
struct Memory {
    alignas(8) std::byte bytes[kBytes] = {};
    std::span<std::byte> span() { return bytes; }
    LogRingHeader& header() { return *reinterpret_cast<LogRingHeader*>(bytes); }
};
static_assert(kBytes >= kLogRingMinimum);

// A text that can be checked from its number alone.
std::string text_of(u64 number) {
    return std::string(number * 7 % 120, static_cast<char>('a' + number % 26)) + std::to_string(number);
}

struct Read {
    std::vector<u64> sequences;
    u64 lost = 0;
};
// Reads to the end, and checks that each line's text is that of its time.
Read read_all(LogReader& reader) {
    Read read;
    char buffer[kLogLineLimit];
    for (;;) {
        const auto line = reader.next(buffer);
        if (!line.ok()) {
            REQUIRE(line.error() == Error::WouldBlock);
            return read;
        }
        REQUIRE(line->text == text_of(line->time));
        read.lost += line->lost;
        read.sequences.push_back(line->sequence);
    }
}

}  // namespace

TEST_CASE("lines come in order, and those overwritten are counted") {
    Memory memory;
    LogReader reader(memory.span());
    CHECK(read_all(reader).sequences.empty());  // not made yet
    LogWriter writer(memory.span());
    std::mt19937 random(1);
    u64 written = 0, seen = 0;
    for (int round = 0; round < 500; ++round) {
        for (unsigned i = random() % 25; i > 0; --i) writer.append(text_of(written), written), ++written;
        const Read read = read_all(reader);
        for (u64 i = 1; i < read.sequences.size(); ++i) REQUIRE(read.sequences[i] == read.sequences[i - 1] + 1);
        if (seen > 0) REQUIRE(seen + read.lost + read.sequences.size() == written);
        if (!read.sequences.empty()) {
            REQUIRE(read.sequences.back() == written);  // the last line is always there
            seen = written;
        }
    }
    CHECK(seen > 3000);
}

TEST_CASE("long lines are cut, by the writer and by the reader; empty ones are lines") {
    Memory memory;
    LogWriter writer(memory.span());
    LogReader reader(memory.span());
    writer.append(std::string(300, 'x'), 1);
    writer.append("", 2);
    writer.append("twelve bytes", 3);
    char buffer[kLogLineLimit];
    auto line = reader.next(buffer);
    REQUIRE(line.ok());
    CHECK(line->text == std::string(kLogLineLimit, 'x'));
    CHECK(line->cut);
    line = reader.next(buffer);
    REQUIRE(line.ok());
    CHECK(line->text.empty());
    CHECK(!line->cut);
    line = reader.next(std::span(buffer).first(5));
    REQUIRE(line.ok());
    CHECK(line->text == "twelv");
    CHECK(line->cut);
    CHECK(line->time == 3);
    CHECK(reader.next(buffer).error() == Error::WouldBlock);
}

TEST_CASE("a writer killed at any store leaves whole lines, and its successor goes on") {
    constexpr u64 kLines = 30;  // several times around the ring
    for (u64 point = 0;; ++point) {
        auto memory = std::make_unique<Memory>();
        u64 complete = 0, complete_at_death = 0;
        const bool died = die_at(
            point, memory->span(),
            [&] {
                LogWriter writer(memory->span());
                for (u64 i = 0; i < kLines; ++i) {
                    writer.append(text_of(i), i);
                    complete = i + 1;
                }
            },
            [&] { complete_at_death = complete; });
        if (!died) complete_at_death = kLines;

        LogReader reader(memory->span());
        const Read left = read_all(reader);
        if (complete_at_death > 0) {
            REQUIRE(!left.sequences.empty());
            // The last complete line; or the next one, whose last store was the one that counts.
            REQUIRE(left.sequences.back() >= complete_at_death);
            REQUIRE(left.sequences.back() <= complete_at_death + 1);
            REQUIRE(left.lost == 0);
        }
        LogWriter successor(memory->span());
        successor.append(text_of(77), 77);
        const Read after = read_all(reader);
        REQUIRE(after.sequences.size() == 1);
        REQUIRE(after.lost <= 1);  // the line that was being written
        if (!died) break;
    }
}

TEST_CASE("a reader that runs between any two stores sees whole lines") {
    for (u64 point = 0; point < 400; ++point) {
        Memory memory;
        LogReader reader(memory.span());
        Read read;
        run_mortal(point, [&] { read = read_all(reader); }, [&] {
            LogWriter writer(memory.span());
            for (u64 i = 0; i < 30; ++i) writer.append(text_of(i), i);
        });
        const Read rest = read_all(reader);
        REQUIRE(!rest.sequences.empty());
        REQUIRE(rest.sequences.back() == 30);
        if (!read.sequences.empty()) REQUIRE(read.sequences.back() + rest.lost + rest.sequences.size() == 30);
    }
}

TEST_CASE("a writer on another core") {
    Memory memory;
    std::atomic<bool> ended = false;
    constexpr u64 kLines = 100'000;
    std::thread thread([&] {
        LogWriter writer(memory.span());
        for (u64 i = 0; i < kLines; ++i) {
            writer.append(text_of(i), i);
            if (i % 64 == 0) std::this_thread::yield();
        }
        ended = true;
    });
    LogReader reader(memory.span());
    char buffer[kLogLineLimit];
    u64 seen = 0, lost = 0, first = 0, last = 0;
    bool torn = false, overtaken = false;
    while (last < kLines && !torn) {
        const bool was_ended = ended;
        const auto line = reader.next(buffer);
        if (line.ok()) {
            torn = line->text != text_of(line->time) || line->sequence != line->time + 1;
            if (first == 0) first = line->sequence;
            lost += line->lost;
            last = line->sequence;
            ++seen;
        } else if (line.error() != Error::WouldBlock) {
            overtaken = true;  // by a whole ring, sixteen times in a row: allowed, but not at the end
            torn = was_ended;
        }
    }
    thread.join();
    CHECK(!torn);
    CHECK(last == kLines);
    CHECK(first + lost + seen - 1 == kLines);
    static_cast<void>(overtaken);
}

TEST_CASE("a hostile writer gets nothing but an error, and the reader always comes to an end") {
    std::mt19937_64 random(9);
    char buffer[64];
    for (int round = 0; round < 5000; ++round) {
        Memory memory;
        LogWriter writer(memory.span());
        for (u64 i = 0; i < 20; ++i) writer.append(text_of(i), i);
        LogReader reader(memory.span(), {random() % 2000, random() % 30});
        for (int i = 0; i < 3; ++i) {
            auto& word = reinterpret_cast<u64*>(memory.bytes)[random() % (random() % 2 ? 4 : kBytes / 8)];
            word = random() % 3 ? random() >> random() % 64 : word + 8 * (random() % 64);
        }
        int results = 0;
        for (; results < 1000; ++results) {
            const auto line = reader.next(buffer);
            if (line.error() == Error::WouldBlock) break;
            if (line.ok()) REQUIRE(line->text.size() <= sizeof buffer);
            if (line.error() == Error::ProtocolViolation && results > 100) break;  // wrong for ever
        }
        REQUIRE(results < 1000);
        // Its own next incarnation makes a ring of it again.
        LogWriter successor(memory.span());
        successor.append(text_of(5), 5);
        LogReader fresh(memory.span());
        char whole[kLogLineLimit];
        bool found = false;
        for (auto line = fresh.next(whole); line.ok(); line = fresh.next(whole)) found = line->text == text_of(5);
        REQUIRE(found);
    }
}
