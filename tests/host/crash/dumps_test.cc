// Which pages of a machine's memory count as crash dumps: anybody can have written what lies there.
#include <dumps.h>

#include <eft/service_config.h>

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <vector>

using namespace eft;
using namespace eft::crash;

namespace {

constexpr std::size_t kPages = 8;

struct Memory {
    std::vector<std::byte> bytes{kPages * kPageSize};

    void put(std::size_t page, const CrashDump& dump) { std::memcpy(bytes.data() + page * kPageSize, &dump, sizeof dump); }
    std::vector<CrashDump> dumps() const { return find_dumps(bytes); }
};

CrashDump dump_of(std::string_view name, u64 died_at) {
    CrashDump dump{};
    dump.magic = kCrashDumpMagic;
    set_text(dump.name, name);
    set_text(dump.program, name);
    dump.ticks_per_ms = 1000;
    dump.record.died_at = died_at;
    return dump;
}

}  // namespace

TEST_CASE("dumps are found wherever their pages are, and come in the order of the deaths") {
    Memory memory;
    memory.put(0, dump_of("late", 30));
    memory.put(3, dump_of("early", 10));
    memory.put(kPages - 1, dump_of("middle", 20));
    const auto found = memory.dumps();
    REQUIRE(found.size() == 3);
    CHECK(field_text(found[0].name) == "early");
    CHECK(field_text(found[1].name) == "middle");
    CHECK(field_text(found[2].name) == "late");
    CHECK(find_dumps(std::span(memory.bytes).first(kPages * kPageSize - 1)).size() == 2);  // cut off
    CHECK(find_dumps({}).empty());
}

TEST_CASE("a page that is being written, or that only begins as a dump, is none") {
    const auto is_found = [](auto change) {
        CrashDump dump = dump_of("echo", 1);
        change(dump);
        Memory memory;
        memory.put(2, dump);
        return !memory.dumps().empty();
    };
    CHECK(is_found([](CrashDump&) {}));
    CHECK(!is_found([](CrashDump& dump) { dump.magic = 0; }));
    CHECK(!is_found([](CrashDump& dump) { dump.ticks_per_ms = 0; }));
    CHECK(!is_found([](CrashDump& dump) { dump.name[0] = 0; }));
    CHECK(!is_found([](CrashDump& dump) { dump.name[1] = '\x1b'; }));
    CHECK(!is_found([](CrashDump& dump) { std::memset(dump.program, 'a', sizeof dump.program); }));
    CHECK(!is_found([](CrashDump& dump) { std::memset(dump.note, 'a', sizeof dump.note); }));
    CHECK(!is_found([](CrashDump& dump) { dump.message_count = kTraceEntries + 1; }));
    CHECK(is_found([](CrashDump& dump) { dump.message_count = kTraceEntries; }));
    CHECK(!is_found([](CrashDump& dump) { dump.capability_count = kDumpedCapabilities + 1; }));
    CHECK(is_found([](CrashDump& dump) { dump.capability_count = kDumpedCapabilities; }));
    CHECK(!is_found([](CrashDump& dump) {
        dump.capability_count = 1;
        dump.capabilities[0].peer[0] = '\n';
    }));
}

TEST_CASE("random bytes behind the first word do no harm") {
    std::mt19937_64 random(11);
    Memory memory;
    for (unsigned i = 0; i < 200; ++i) {
        for (std::byte& byte : memory.bytes) byte = static_cast<std::byte>(random());
        std::memcpy(memory.bytes.data() + kPageSize, &kCrashDumpMagic, sizeof kCrashDumpMagic);
        CHECK(memory.dumps().empty());
    }
}
