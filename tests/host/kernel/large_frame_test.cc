// Frames of 2 MiB: what they are made of, where they fit, and that each of their pages is as well guarded as one alone.
#include "program.h"
#include "snapshot.h"

#include <object/address_space.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;
using arch::Action;
using arch::PageEntry;

namespace {

constexpr u64 kLarge = u64{1} << kLargeFrameBits, kPages = kLarge / kPageSize;
constexpr u64 kAddress = 0x1234'5660'0000;
constexpr u64 kRead = bits(FrameRight::Read), kWrite = bits(FrameRight::Write), kExecute = bits(FrameRight::Execute);
static_assert(kAddress % kLarge == 0);

// A space and a large frame of a device: its memory is never touched.
struct Space {
    explicit Space(unsigned spare) {
        for (unsigned i = 0; i < spare; ++i) donate();
    }
    void donate() {
        table.push_back(machine.make(ObjectType::PageTable));
        machine.expect(space, Invocation::SpaceDonate, table.back());
    }
    Error map(u32 cap, u64 address, u64 how = kRead) { return machine.invoke(space, Invocation::SpaceMap, cap, address, how).error; }
    Error unmap(u32 cap) { return machine.invoke(space, Invocation::SpaceUnmap, cap).error; }
    Words usage() { return machine.expect(space, Invocation::SpaceInspect).word; }
    u64 physical(u32 slot) { return machine.slot(slot).id(); }
    u64 entry(u64 table_address, unsigned level) { return table_address + 8 * arch::table_index(kAddress, level); }

    Machine machine;
    u32 space = machine.make(ObjectType::AddressSpace);
    u32 large = machine.make(ObjectType::Frame, kLargeFrameBits, kDevice), other = machine.make(ObjectType::Frame, kLargeFrameBits, kDevice);
    u32 small = machine.make(ObjectType::Frame);
    std::vector<u32> table;
};

}  // namespace

TEST_CASE("frames have two sizes, and are aligned to theirs") {
    Machine machine;
    const u32 untyped = machine.add_memory();
    const u64 start = machine.slot(untyped).id();
    for (unsigned size_bits : {1u, 11u, 13u, 20u, 22u, 30u, 255u}) {
        CAPTURE(size_bits);
        CHECK(machine.retype(untyped, ObjectType::Frame, size_bits, machine.free_slot(), 1) == Error::InvalidArgument);
    }
    for (ObjectType type : {ObjectType::PageTable, ObjectType::CapPage, ObjectType::Endpoint}) {
        CHECK(machine.retype(untyped, type, kLargeFrameBits, machine.free_slot(), 1) == Error::InvalidArgument);
    }
    const u32 small = machine.make(ObjectType::Frame, kPageBits, untyped), large = machine.make(ObjectType::Frame, kLargeFrameBits, untyped);
    CHECK(machine.slot(small).id() == start);
    CHECK(machine.slot(large).id() == start + kLarge);
    CHECK((machine.expect(kTable, Invocation::CapInspect, small).word[0] >> 18) == 0);
    CHECK((machine.expect(kTable, Invocation::CapInspect, large).word[0] >> 18) == 1);
    const u32 derived = machine.derive(large, kRead);
    CHECK((machine.expect(kTable, Invocation::CapInspect, derived).word[0] >> 18) == 1);
    const Snapshot before(machine, machine.manager());
    CHECK(machine.retype(untyped, ObjectType::Frame, kLargeFrameBits, machine.free_slot(), 1) == Error::NeedMemory);
    CHECK(machine.retype(untyped, ObjectType::Frame, 0, machine.free_slot(), 1) == Error::NeedMemory);
    CHECK(before.difference(Snapshot(machine, machine.manager())) == "");
    // All of it is cleared, and cleared again when it is used again.
    auto* words = to_pointer<u64>(PhysAddr(start + kLarge));
    for (u64 i = 0; i < kLarge / 8; i += 8) REQUIRE(words[i] == 0);
    words[kLarge / 8 - 1] = 1;
    CHECK(machine.revoke(untyped) == Error::None);
    const u32 again = machine.make(ObjectType::Frame, kLargeFrameBits, untyped, 2);
    CHECK(machine.slot(again + 1).id() == start + kLarge);
    CHECK(words[kLarge / 8 - 1] == 0);
}

TEST_CASE("a large page is one entry of the second level") {
    Space s(2);
    CHECK(s.map(s.large, kAddress, kRead | kWrite) == Error::None);
    const u64 root = s.physical(s.space) - kPageSize, upper = s.physical(s.table[1]), lower = s.physical(s.table[0]);
    const std::vector<arch::Event> expected = {
        {Action::WriteEntry, s.entry(root, 4), PageEntry::table(PhysAddr(upper)).value()},
        {Action::WriteEntry, s.entry(upper, 3), PageEntry::table(PhysAddr(lower)).value()},
        {Action::WriteEntry, s.entry(lower, 2), s.physical(s.large) | PageEntry::Present | PageEntry::Read | PageEntry::Write | PageEntry::Large},
    };
    CHECK(s.machine.events() == expected);
    CHECK(s.usage() == Words{kPages, 0, 2, 3});
    CHECK(s.map(s.other, kAddress + kLarge) == Error::None);
    CHECK(s.usage() == Words{2 * kPages, 0, 2, 4});
    CHECK(s.unmap(s.large) == Error::None);
    const std::vector<arch::Event> removal = {{Action::WriteEntry, s.entry(lower, 2), 0}, {Action::FlushPage, root, kAddress}};
    CHECK(s.machine.events() == removal);
    CHECK(s.usage() == Words{kPages, 0, 2, 3});
    CHECK(s.machine.remove(s.other) == Error::None);
    CHECK(s.usage() == Words{0, 0, 2, 2});
}

TEST_CASE("a large page is mapped where it is aligned, and with all tables above it, or not at all") {
    for (unsigned spare = 0; spare < 2; ++spare) {
        Space s(spare);
        const Snapshot before(s.machine, s.machine.manager());
        CHECK(s.map(s.large, kAddress) == Error::NeedMemory);
        for (u64 address : {u64{0}, kPageSize, kAddress + kPageSize, kAddress + kLarge / 2, kAddress - kPageSize, page_down(kUserTop - 1) & ~(kLarge - 1),
                            u64{1} << 47, ~(kLarge - 1)}) {
            CAPTURE(address);
            CHECK(s.map(s.large, address) == Error::InvalidArgument);
        }
        CHECK(s.map(s.large, kAddress, kWrite | kExecute) == Error::InvalidArgument);
        CHECK(s.map(s.large, kAddress, kExecute) == Error::MissingRight);
        CHECK(before.difference(Snapshot(s.machine, s.machine.manager())) == "");
    }
    Space s(2);
    CHECK(s.map(s.large, (kUserTop & ~(kLarge - 1)) - kLarge) == Error::None);
}

TEST_CASE("large and small pages do not share a place") {
    Space s(4);
    CHECK(s.map(s.large, kAddress) == Error::None);
    for (u64 offset : {u64{0}, kPageSize, kLarge - kPageSize}) CHECK(s.map(s.small, kAddress + offset) == Error::AlreadyMapped);
    CHECK(s.map(s.other, kAddress) == Error::AlreadyMapped);
    CHECK(s.map(s.small, kAddress + kLarge) == Error::None);
    CHECK(s.usage() == Words{kPages + 1, 1, 3, 6});
    CHECK(s.map(s.other, kAddress + kLarge) == Error::AlreadyMapped);
    CHECK(s.unmap(s.small) == Error::None);
    CHECK(s.map(s.other, kAddress + kLarge) == Error::AlreadyMapped);  // the table for small pages is still there
    CHECK(s.machine.remove(s.table[1]) == Error::None);
    CHECK(s.map(s.other, kAddress + kLarge) == Error::None);
    CHECK(s.usage()[0] == 2 * kPages);
    CHECK(s.unmap(s.large) == Error::None);
    CHECK(s.map(s.small, kAddress) == Error::None);
    CHECK(s.usage()[0] == kPages + 1);
}

TEST_CASE("the tables above a large page may go, and what comes in its place is left alone") {
    for (unsigned gone = 0; gone < 2; ++gone) {
        CAPTURE(gone);
        Space s(2);
        CHECK(s.map(s.large, kAddress) == Error::None);
        CHECK(s.machine.remove(s.table[gone]) == Error::None);
        CHECK(s.usage()[0] == 0);
        while (s.map(s.small, kAddress) == Error::NeedMemory) s.donate();
        CHECK(s.usage()[0] == 1);
        CHECK(s.unmap(s.large) == Error::None);
        CHECK(s.usage()[0] == 1);
        CHECK(s.machine.remove(s.space) == Error::None);
        CHECK(s.machine.slot(s.small).link().space == nullptr);
    }
}

TEST_CASE("all pages of a sealed large frame are guarded in the direct map, until their memory is used for something new") {
    Machine machine;
    const u32 untyped = machine.add_memory();
    const u32 frame = machine.make(ObjectType::Frame, kLargeFrameBits, untyped);
    const PhysAddr start = machine.slot(frame).address();
    const u32 space = machine.make(ObjectType::AddressSpace), table = machine.make(ObjectType::PageTable, 0, kUntyped, 3);
    for (u32 i = 0; i < 3; ++i) machine.expect(space, Invocation::SpaceDonate, table + i);
    const auto guarded = [&] {
        u64 count = 0;
        for (u64 i = 0; i < kPages + 1; ++i) count += arch::record().is_protected(start + i * kPageSize);
        return count;
    };
    CHECK(guarded() == 0);
    machine.expect(frame, Invocation::FrameSeal);
    CHECK(guarded() == kPages);
    CHECK(machine.invoke(space, Invocation::SpaceMap, frame, kAddress, kRead | kWrite).error == Error::MissingRight);
    CHECK(machine.invoke(space, Invocation::SpaceMap, frame, kAddress, kRead | kExecute).error == Error::None);
    CHECK(machine.remove(frame) == Error::None);
    CHECK(guarded() == kPages);
    machine.make(ObjectType::Frame, 0, untyped, 2);
    CHECK(guarded() == kPages - 2);
    machine.make(ObjectType::CapTable, 15, untyped);  // it lies behind
    CHECK(guarded() == kPages - 2);
    CHECK(machine.revoke(untyped) == Error::None);
    machine.make(ObjectType::Frame, kLargeFrameBits, untyped, 2);
    CHECK(guarded() == 0);
}

TEST_CASE("a large frame is cleared in pieces") {
    Machine machine;
    const u32 untyped = machine.add_memory();
    const u32 frame = machine.free_slot();
    u64 pauses = 0;
    machine.check_each_entry(false);
    machine.preempt([&] { return true; },
                    [&] {
                        ++pauses;
                        CHECK(machine.slot(frame).empty());
                    });
    CHECK(machine.retype(untyped, ObjectType::Frame, kLargeFrameBits, frame, 1) == Error::None);
    CHECK(pauses == kPages);
    CHECK(machine.slot(frame).is(ObjectType::Frame));
}
