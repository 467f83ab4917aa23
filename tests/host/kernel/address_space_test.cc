// Page tables: what is written and flushed, step by step, and what is left when parts go in any order.
#include "program.h"

#include <object/address_space.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;
using arch::Action;
using arch::PageEntry;

namespace {

constexpr u64 kAddress = 0x1234'5678'9000;
constexpr u64 kRead = bits(FrameRight::Read), kWrite = bits(FrameRight::Write), kExecute = bits(FrameRight::Execute);

struct Space {
    explicit Space(unsigned spare = 0)
        : space(machine.make(ObjectType::AddressSpace)), frame(machine.make(ObjectType::Frame)) {
        for (unsigned i = 0; i < spare; ++i) donate();
    }
    u32 donate() {
        table.push_back(machine.make(ObjectType::PageTable));
        machine.expect(space, Invocation::SpaceDonate, table.back());
        return table.back();
    }
    Error map(u32 cap, u64 address, u64 how = kRead) {
        return machine.invoke(space, Invocation::SpaceMap, cap, address, how).error;
    }
    Error unmap(u32 cap) { return machine.invoke(space, Invocation::SpaceUnmap, cap).error; }
    Words usage() { return machine.expect(space, Invocation::SpaceInspect).word; }
    u64 physical(u32 slot) { return machine.slot(slot).id(); }
    u64 root() { return physical(space) - kPageSize; }
    u64 entry(u64 table_address, unsigned level) { return table_address + 8 * arch::table_index(kAddress, level); }

    Machine machine;
    u32 space, frame;
    std::vector<u32> table;
};

}  // namespace

TEST_CASE("mapping takes spare tables from the top down, and writes each entry once") {
    Space s(3);
    CHECK(s.map(s.frame, kAddress, kRead | kWrite) == Error::None);
    // Donated last, used first.
    const u64 upper = s.physical(s.table[2]), middle = s.physical(s.table[1]), lower = s.physical(s.table[0]);
    const auto inner = [](u64 address) { return PageEntry::table(PhysAddr(address)).value(); };
    const std::vector<arch::Event> expected = {
        {Action::WriteEntry, s.entry(s.root(), 4), inner(upper)},
        {Action::WriteEntry, s.entry(upper, 3), inner(middle)},
        {Action::WriteEntry, s.entry(middle, 2), inner(lower)},
        {Action::WriteEntry, s.entry(lower, 1),
         s.physical(s.frame) | PageEntry::Present | PageEntry::Read | PageEntry::Write},
    };
    CHECK(s.machine.events() == expected);
    CHECK(s.usage() == Words{1, 0, 3, 4});

    CHECK(s.unmap(s.frame) == Error::None);
    const std::vector<arch::Event> removal = {{Action::WriteEntry, s.entry(lower, 1), 0},
                                              {Action::FlushPage, s.root(), kAddress}};
    CHECK(s.machine.events() == removal);
    CHECK(s.usage() == Words{0, 0, 3, 3});
}

TEST_CASE("too few tables: NeedMemory, and nothing half done") {
    for (unsigned spare = 0; spare < 3; ++spare) {
        CAPTURE(spare);
        Space s(spare);
        CHECK(s.map(s.frame, kAddress) == Error::NeedMemory);
        CHECK(s.machine.events().empty());
        CHECK(s.usage() == Words{0, spare, 0, spare});
        CHECK(s.machine.slot(s.frame).link().space == nullptr);
        while (s.table.size() < 3) s.donate();
        CHECK(s.map(s.frame, kAddress) == Error::None);
    }
}

TEST_CASE("neighbours share tables") {
    Space s(3);
    CHECK(s.map(s.frame, kAddress) == Error::None);
    const u32 next = s.machine.make(ObjectType::Frame);
    CHECK(s.map(next, kAddress + kPageSize) == Error::None);
    const u32 far = s.machine.make(ObjectType::Frame);
    CHECK(s.map(far, kAddress + (u64{1} << 21)) == Error::NeedMemory);
    s.donate();
    CHECK(s.map(far, kAddress + (u64{1} << 21)) == Error::None);
    CHECK(s.usage() == Words{3, 0, 4, 7});
}

TEST_CASE("wrong addresses, rights and frames are refused") {
    Space s(3);
    for (u64 address : {u64{0}, u64{0x1001}, kUserTop, u64{1} << 47, ~u64{0xfff}, u64{0xffff'8000'0000'0000}}) {
        CAPTURE(address);
        CHECK(s.map(s.frame, address) == Error::InvalidArgument);
    }
    CHECK(s.map(s.frame, kAddress, 0) == Error::MissingRight);
    CHECK(s.map(s.frame, kAddress, kRead | kExecute) == Error::MissingRight);
    CHECK(s.map(s.frame, kAddress, kRead | 8) == Error::MissingRight);
    CHECK(s.map(s.frame, kAddress, kWrite | kExecute) == Error::InvalidArgument);
    CHECK(s.map(s.frame, kAddress, kRead | 1 << 16) == Error::InvalidArgument);
    CHECK(s.map(kThread, kAddress) == Error::InvalidCapability);
    CHECK(s.unmap(s.frame) == Error::NotMapped);
    CHECK(s.map(s.frame, kAddress) == Error::None);
    CHECK(s.machine.expect(kTable, Invocation::CapInspect, s.frame).word[2] == kAddress);
    CHECK(s.unmap(s.frame) == Error::None);
    CHECK(s.machine.expect(kTable, Invocation::CapInspect, s.frame).word[2] == 0);
    const u32 read_only = s.machine.derive(s.frame, kRead);
    CHECK(s.map(read_only, kAddress, kRead | kWrite) == Error::MissingRight);
    CHECK(s.map(read_only, kAddress) == Error::None);
    CHECK(s.map(read_only, kAddress + kPageSize) == Error::AlreadyMapped);
    CHECK(s.map(s.frame, kAddress) == Error::AlreadyMapped);
    CHECK(s.machine.invoke(kSpace, Invocation::SpaceUnmap, read_only).error == Error::NotMapped);
    CHECK(s.machine.invoke(s.space, Invocation::SpaceDonate, s.table[0]).error == Error::AlreadyMapped);
    CHECK(s.usage()[0] == 1);
}

TEST_CASE("a mapping ends with its capability, however that goes") {
    Space s(3);
    const u32 derived = s.machine.derive(s.frame);
    CHECK(s.map(derived, kAddress) == Error::None);
    CHECK(s.machine.revoke(s.frame) == Error::None);
    CHECK(s.machine.events().back() == arch::Event{Action::FlushPage, s.root(), kAddress});
    CHECK(s.usage()[0] == 0);
    CHECK(s.map(s.frame, kAddress) == Error::None);
    CHECK(s.machine.remove(s.frame) == Error::None);
    CHECK(s.usage()[0] == 0);
}

TEST_CASE("a table may go from under mappings, at every level, and come back") {
    for (unsigned gone = 0; gone < 3; ++gone) {
        CAPTURE(gone);
        Space s(3);
        CHECK(s.map(s.frame, kAddress) == Error::None);
        CHECK(s.machine.remove(s.table[gone]) == Error::None);
        CHECK(s.machine.events().back() == arch::Event{Action::FlushAll, s.root()});
        CHECK(s.usage()[0] == 0);
        const u32 other = s.machine.make(ObjectType::Frame);
        while (s.map(other, kAddress) == Error::NeedMemory) s.donate();
        CHECK(s.usage()[0] == 1);
        CHECK(s.unmap(s.frame) == Error::None);  // it must not take the other's mapping away
        CHECK(s.usage()[0] == 1);
        for (u32 table : s.table) CHECK(s.machine.remove(table) == Error::None);
        CHECK(s.usage()[0] == 0);
        CHECK(s.unmap(other) == Error::None);
        CHECK(s.usage() == Words{0, 0, 0, 0});
    }
}

TEST_CASE("a spare table can be taken back, and a used one given to another space") {
    Space s(4);
    CHECK(s.machine.remove(s.table[0]) == Error::None);
    CHECK(s.map(s.frame, kAddress) == Error::None);
    const u32 other = s.machine.make(ObjectType::AddressSpace);
    CHECK(s.machine.invoke(other, Invocation::SpaceDonate, s.table[1]).error == Error::AlreadyMapped);
    CHECK(s.machine.revoke(s.space) == Error::None);
    CHECK(s.machine.remove(s.space) == Error::None);
    CHECK(s.machine.expect(other, Invocation::SpaceDonate, s.table[1]).error == Error::None);
    CHECK(s.machine.expect(other, Invocation::SpaceInspect).word == Words{0, 1, 0, 1});
}

TEST_CASE("a space that dies first leaves its frames unmapped and usable") {
    Space s(3);
    CHECK(s.map(s.frame, kAddress) == Error::None);
    const u64 root = s.root();
    CHECK(s.machine.remove(s.space) == Error::None);
    CHECK(s.machine.events().front() == arch::Event{Action::LeaveSpace, root});
    CHECK(s.machine.slot(s.frame).link().space == nullptr);
    CHECK(s.machine.expect(kTable, Invocation::CapInspect, s.frame).word[2] == 0);
    for (u32 table : s.table) s.machine.expect(kSpace, Invocation::SpaceDonate, table);
    CHECK(s.machine.invoke(kSpace, Invocation::SpaceMap, s.frame, kAddress, kRead).error == Error::None);
}

TEST_CASE("space, tables and frames of one Untyped go in one revoke") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 16);
    const u32 frame = machine.make(ObjectType::Frame, 0, untyped);
    const u32 table = machine.make(ObjectType::PageTable, 0, untyped, 3);
    const u32 space = machine.make(ObjectType::AddressSpace, 0, untyped);
    for (u32 i = 0; i < 3; ++i) machine.expect(space, Invocation::SpaceDonate, table + i);
    machine.expect(space, Invocation::SpaceMap, frame, kAddress, kRead);
    CHECK(machine.revoke(untyped) == Error::None);
    CHECK(machine.expect(untyped, Invocation::UntypedInspect).word[2] == 0);
    CHECK(machine.slot(frame).empty());
}

TEST_CASE("a sealed frame can be executed and never written again, also in the direct map") {
    Space s(3);
    const u64 page = s.physical(s.frame);
    CHECK(s.machine.expect(s.frame, Invocation::FrameSeal).error == Error::None);
    CHECK(s.machine.events() == std::vector<arch::Event>{{Action::Protect, page}});
    CHECK(s.machine.invoke(s.frame, Invocation::FrameSeal).error == Error::InvalidOperation);
    CHECK(s.map(s.frame, kAddress, kRead | kWrite) == Error::MissingRight);
    CHECK(s.map(s.frame, kAddress, kRead | kExecute) == Error::None);
    CHECK(s.map(s.machine.derive(s.frame), kAddress + kPageSize, kExecute) == Error::None);
    Program program(s.machine);
    s.machine.expect(program.thread, Invocation::ThreadSuspend);
    CHECK(s.machine
              .invoke(program.thread, Invocation::ThreadConfigure, program.table, program.space, s.frame, kUtcbAddress)
              .error == Error::MissingRight);
}

TEST_CASE("only an unmapped original without descendants can be sealed, by who may write") {
    Space s(3);
    const u32 derived = s.machine.derive(s.frame);
    CHECK(s.machine.invoke(s.frame, Invocation::FrameSeal).error == Error::HasChildren);
    CHECK(s.machine.invoke(derived, Invocation::FrameSeal).error == Error::InvalidOperation);
    CHECK(s.machine.remove(s.frame) == Error::None);
    CHECK(s.machine.invoke(derived, Invocation::FrameSeal).error == Error::InvalidOperation);
    const u32 mapped = s.machine.make(ObjectType::Frame);
    CHECK(s.map(mapped, kAddress, kRead | kWrite) == Error::None);
    CHECK(s.machine.invoke(mapped, Invocation::FrameSeal).error == Error::AlreadyMapped);
    Program program(s.machine);
    CHECK(s.machine.invoke(program.frame, Invocation::FrameSeal).error == Error::HasChildren);  // its message page
    const u32 device = s.machine.make(ObjectType::Frame, 0, kDevice);
    CHECK(s.machine.invoke(device, Invocation::FrameSeal).error == Error::InvalidOperation);
    CHECK(s.map(device, kAddress + kPageSize, kRead | kWrite | u64{static_cast<u8>(MapFlag::Uncached)} << 8) ==
          Error::None);
}

TEST_CASE("a sealed page is writable for the kernel again only when its memory is used for something new") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 12);
    const u32 frame = machine.make(ObjectType::Frame, 0, untyped);
    const PhysAddr page = machine.slot(frame).address();
    machine.expect(frame, Invocation::FrameSeal);
    CHECK(machine.remove(frame) == Error::None);
    CHECK(arch::record().is_protected(page));
    machine.make(ObjectType::Endpoint, 0, untyped);
    CHECK_FALSE(arch::record().is_protected(page));
}
