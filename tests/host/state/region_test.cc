// State regions: outcomes of recovery, limits, and memory that cannot be right.
#include <eft/state/region.h>

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <random>

using namespace eft;

namespace {

struct State {
    u64 value = 5;
    u8 bytes[100] = {};
};
using Region = StateRegion<State, 256>;
struct Memory {
    alignas(64) std::byte bytes[Region::kBytes] = {};
    std::span<std::byte> span() { return bytes; }
    RegionHeader& header() { return *reinterpret_cast<RegionHeader*>(bytes); }
    std::byte* log() { return bytes + sizeof(RegionHeader); }
};

// A region that died in the middle of a transaction with two entries.
Memory interrupted() {
    Memory memory;
    Region region(memory.span(), 3);
    CHECK(region.recover(0) == RecoveryOutcome::Fresh);
    auto transaction = region.begin();
    CHECK(transaction.write(region->value, 6).ok());
    CHECK(transaction.write(region->bytes[99], 7).ok());
    Memory left = memory;
    return left;
}

}  // namespace

TEST_CASE("zero memory is fresh, and the next incarnation keeps what was committed") {
    Memory memory;
    {
        Region region(memory.span(), 3);
        CHECK(region.begin().error() == Error::WrongState);  // not recovered yet
        CHECK(region.recover(0) == RecoveryOutcome::Fresh);
        CHECK(region->value == 5);
        auto transaction = region.begin();
        CHECK(transaction.write(region->value, 8).ok());
        CHECK(transaction.commit_now().ok());
    }
    Region region(memory.span(), 3);
    CHECK(region.recover(0) == RecoveryOutcome::Kept);
    CHECK(region->value == 8);
}

TEST_CASE("an interrupted transaction is undone") {
    Memory memory = interrupted();
    Region region(memory.span(), 3);
    CHECK(region.recover(1000) == RecoveryOutcome::Undone);
    CHECK(region->value == 5);
    CHECK(region->bytes[99] == 0);
}

TEST_CASE("a transaction counts if its reply was delivered") {
    for (u64 delivered : {41u, 42u, 43u}) {
        Memory memory;
        {
            Region region(memory.span(), 3);
            static_cast<void>(region.recover(0));
            auto transaction = region.begin();
            CHECK(transaction.write(region->value, 6).ok());
            CHECK(transaction.commit_with_reply(42).ok());
            CHECK(region.begin().error() == Error::WrongState);  // the reply comes first
        }
        Region region(memory.span(), 3);
        CHECK(region.recover(delivered) == (delivered < 42 ? RecoveryOutcome::Undone : RecoveryOutcome::Kept));
        CHECK(region->value == (delivered < 42 ? 5 : 6));
    }
}

TEST_CASE("a reply that cannot be sent takes its transaction back") {
    Memory memory;
    Region region(memory.span(), 3);
    static_cast<void>(region.recover(0));
    auto transaction = region.begin();
    CHECK(transaction.write(region->value, 6).ok());
    CHECK(transaction.commit_with_reply(1).ok());
    region.log().abort();
    CHECK(region->value == 5);
    CHECK(region.begin().error() == Error::None);
}

TEST_CASE("a full log refuses the write, and everything is as before") {
    Memory memory;
    Region region(memory.span(), 3);
    static_cast<void>(region.recover(0));
    auto transaction = region.begin();
    CHECK(transaction.write(region->value, 6).ok());
    Status status;
    unsigned writes = 1;
    for (; status.ok() && writes < 1000; ++writes) status = transaction.write(region->bytes[writes % 100], 1);
    CHECK(status.error() == Error::LimitReached);
    CHECK(writes > 5);
    CHECK(region->value == 5);
    CHECK(region->bytes[1] == 0);
    CHECK(transaction.write(region->value, 9).error() == Error::LimitReached);
    CHECK(transaction.commit_with_reply(1).error() == Error::LimitReached);
    CHECK(region->value == 5);
    CHECK(region.begin().error() == Error::None);
}

TEST_CASE("the log keeps back what is reserved") {
    Memory memory;
    Region region(memory.span(), 3);
    static_cast<void>(region.recover(0));
    constexpr std::size_t kEntry = UndoLog::entry_bytes(sizeof(State::bytes));
    static_assert(2 * kEntry <= 256 && 3 * kEntry > 256);
    CHECK(region.log().reserve(257).error() == Error::LimitReached);
    CHECK(region.log().reserve(kEntry).ok());
    auto transaction = region.begin();
    CHECK(transaction.edit(region->bytes).ok());
    CHECK(region.log().before_change(std::as_bytes(std::span(region->bytes))).error() == Error::LimitReached);
    CHECK(region.log().before_last_change(std::as_bytes(std::span(region->bytes))).ok());
}

TEST_CASE("what lies outside the region cannot be written") {
    Memory memory;
    Region region(memory.span(), 3);
    static_cast<void>(region.recover(0));
    const u64 elsewhere = 1;
    const auto& check = memory.header().check;
    auto first = region.begin();
    CHECK(first.write(elsewhere, 2).error() == Error::OutOfRange);
    CHECK(elsewhere == 1);
    auto second = region.begin();
    CHECK(second.write(check, 2).error() == Error::OutOfRange);
    auto third = region.begin();
    CHECK(third.write_span<u8>(std::span(region->bytes).first(2), std::span<const u8>()).error() ==
          Error::InvalidArgument);
}

TEST_CASE("another layout is told apart from damage, and nothing is touched") {
    Memory memory = interrupted();
    const Memory before = memory;
    CHECK(Region(memory.span(), 4).recover(0) == RecoveryOutcome::OtherLayout);
    CHECK(std::memcmp(memory.bytes, before.bytes, sizeof memory.bytes) == 0);
}

TEST_CASE("a damaged header or log is recognised, not followed; reset makes the region usable") {
    auto check_damaged = [](Memory& memory) {
        const Memory before = memory;
        Region region(memory.span(), 3);
        CHECK(region.recover(0) == RecoveryOutcome::Damaged);
        CHECK(std::memcmp(memory.bytes, before.bytes, sizeof memory.bytes) == 0);
        CHECK(region.begin().error() == Error::WrongState);
        region.reset();
        CHECK(region->value == 5);
        CHECK(region.begin().error() == Error::None);
    };
    Memory memory = interrupted();
    memory.header().magic ^= 1;
    check_damaged(memory);
    memory = interrupted();
    memory.header().magic = 0;  // not fresh: the rest is not zero
    check_damaged(memory);
    memory = interrupted();
    memory.header().check ^= 1;
    check_damaged(memory);
    for (u64 used : {u64{1}, u64{8}, u64{16}, u64{264}, ~u64{7}, u64{1} << 63}) {
        memory = interrupted();
        memory.header().log_used = used;
        check_damaged(memory);
    }
    const u64 used = interrupted().header().log_used;
    for (u64 at = 0; at < used; ++at) {
        if (at >= 25 && at < 32) continue;  // padding behind the single byte of the second entry
        memory = interrupted();
        memory.log()[at] ^= std::byte{0x40};
        check_damaged(memory);
    }
}

TEST_CASE("random bytes are damage or harmless, never undefined") {
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        Memory memory = interrupted();
        const unsigned limit = random() % 2 ? sizeof(RegionHeader) + 64 : sizeof memory.bytes;
        for (unsigned i = random() % 6; i < 6; ++i) memory.bytes[random() % limit] = static_cast<std::byte>(random());
        Region region(memory.span(), 3);
        static_cast<void>(region.recover(random() % 3));
    }
}
