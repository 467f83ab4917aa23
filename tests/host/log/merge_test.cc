// Many rings read as one log.
#include "log/merge.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace eft;
using namespace eft::log_server;

namespace {

struct Ring {
    explicit Ring(std::string_view service, std::size_t bytes = 4096) : name(service), memory(bytes / sizeof(u64)) {}
    std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(memory)); }
    void write(std::string_view line, u64 time) { LogWriter(bytes()).append(line, time); }

    std::string name;
    std::vector<u64> memory;
};

// Reads all there is in answers of at most N bytes, as a client does.
template <std::size_t N>
std::string read_all(std::vector<Ring*> rings, u64 cursor = 0, const TimeScale& scale = {}) {
    std::string all;
    for (;;) {
        std::vector<Source> sources;
        sources.reserve(rings.size());
        std::vector<Source*> pointers;
        for (Ring* ring : rings) {
            sources.emplace_back(ring->name, ring->bytes());
            pointers.push_back(&sources.back());
        }
        FixedText<N> text;
        const u64 next = merge(std::span<Source* const>(pointers), cursor, scale, text);
        if (text.empty()) return all;
        REQUIRE(next > cursor);
        CHECK(text.view().ends_with('\n'));
        cursor = next;
        all += text.view();
    }
}

}  // namespace

TEST_CASE("lines come in the order of their times, whoever wrote them, in answers of any size") {
    Ring one("one"), two("two"), none("none");
    one.write("first", 10);
    two.write("second", 20);
    one.write("third", 30);
    one.write("fourth", 40);
    two.write("fifth", 50);
    const std::string expected = "[#10] one: first\n[#20] two: second\n[#30] one: third\n[#40] one: fourth\n[#50] two: fifth\n";
    CHECK(read_all<3072>({&one, &two, &none}) == expected);
    CHECK(read_all<20>({&one, &two, &none}) == expected);
    CHECK(read_all<3072>({&two, &one}, 30) == "[#40] one: fourth\n[#50] two: fifth\n");
    CHECK(read_all<3072>({&none}) == "");
}

TEST_CASE("lines that were overwritten are missing from the beginning, the rest is whole") {
    Ring ring("busy", 1024);
    for (u64 i = 1; i <= 200; ++i) ring.write("line " + std::to_string(i), i);
    const std::string text = read_all<3072>({&ring});
    CHECK(text.find("line 1\n") == std::string::npos);
    CHECK(text.ends_with("[#199] busy: line 199\n[#200] busy: line 200\n"));
}

TEST_CASE("a ring full of nonsense, or of control characters, spoils only itself") {
    Ring good("good"), bad("bad"), loud("loud");
    good.write("hello", 5);
    loud.write("a\nb\rc", 7);
    for (u64 seed = 1; seed < 500; ++seed) {
        for (u64 i = 0, word = seed; i < bad.memory.size(); ++i) bad.memory[i] = word = word * 6364136223846793005u + 1442695040888963407u;
        if (seed % 2) bad.memory[0] = LogRingHeader::kMagic;
        if (seed % 3 == 0) {
            bad.memory[1] = 0;
            bad.memory[2] = 8 * (seed % 400);
            bad.memory[8] = LogRecordHead::stamp_of(0);
        }
        const std::string text = read_all<3072>({&good, &bad, &loud});
        CHECK(text.find("[#5] good: hello\n") != std::string::npos);
        CHECK(text.find("[#7] loud: a b c\n") != std::string::npos);
    }
}

TEST_CASE("ticks become time since the kernel's entry, at the rate of two moments") {
    const TimeScale scale{500, {1000, 0, 2'000'000'000}, {2990, 20, 4'000'000'000}};  // a million ns for each tick
    FixedText<64> text;
    append_time(text, 2000, scale);
    CHECK(text.view() == "[    1.500000] ");
    CHECK(*scale.nanoseconds(500) == 0);
    CHECK(*scale.nanoseconds(400) == 0);
    CHECK_FALSE(TimeScale{}.nanoseconds(5).has_value());
    CHECK_FALSE(TimeScale{0, {7, 0, 7}, {7, 0, 9}}.nanoseconds(5).has_value());
    CHECK(*TimeScale{0, {0, 0, 0}, {~u64{0}, 0, ~u64{0}}}.nanoseconds(~u64{0}) == ~u64{0});
}

namespace {

// A counter of 3 ticks per ns; `now` takes some time, and now and then much.
struct Clocks {
    u64 ns = 1'000;
    unsigned calls = 0;
    unsigned fails_at = ~0u;
    bool stands = false;

    u64 stamp() { return 3 * ns + 5'000'000; }
    Result<u64> now() {
        if (++calls == fails_at) return Error::ServiceHeld;
        if (calls % 3 == 1) ns += 4'000'000;  // somebody else has the processor
        const u64 answer = ns += 400;
        ns += 400;
        return stands ? 77 : answer;
    }
    Status measure(TimeScale& scale) {
        return log_server::measure(scale, [this] { return stamp(); }, [this] { return now(); });
    }
};

}  // namespace

TEST_CASE("the rate is right from the first measurement on, whoever comes between two looks") {
    Clocks clocks;
    TimeScale scale;
    scale.zero = clocks.stamp();
    REQUIRE(clocks.measure(scale).ok());
    CHECK(scale.long_enough());
    CHECK(scale.first.width == 2400);
    const u64 second = *scale.nanoseconds(scale.zero + 3'000'000'000);
    CHECK(second > 999'900'000);
    CHECK(second < 1'000'100'000);
    const unsigned calls = clocks.calls;
    clocks.ns += 1'000'000'000;
    REQUIRE(clocks.measure(scale).ok());
    CHECK(clocks.calls - calls == 4);  // nothing to wait for
}

TEST_CASE("a clock that stands still, or is not there, is given up") {
    Clocks still;
    still.stands = true;
    TimeScale scale;
    CHECK(still.measure(scale).error() == Error::DeviceError);
    CHECK_FALSE(scale.nanoseconds(5).has_value());
    Clocks absent;
    absent.fails_at = 3;
    TimeScale other;
    CHECK(absent.measure(other).error() == Error::ServiceHeld);
    CHECK_FALSE(other.nanoseconds(5).has_value());
}
