// Untyped: what can be made of it, where it ends, and what becomes of memory that is used again.
#include "program.h"

#include <object/untyped.h>

#include <arch/arena.h>
#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

u64 used(Machine& machine, u32 untyped) { return machine.expect(untyped, Invocation::UntypedInspect).word[2]; }
u64 address(Machine& machine, u32 slot) { return machine.slot(slot).id(); }

}  // namespace

TEST_CASE("each object takes its size, aligned to it") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 15);
    const u32 endpoint = machine.make(ObjectType::Endpoint, 0, untyped);
    CHECK(used(machine, untyped) == 64);
    const u32 thread = machine.make(ObjectType::Thread, 0, untyped);
    CHECK(used(machine, untyped) == 4096);
    const u32 table = machine.make(ObjectType::CapTable, 4, untyped);
    CHECK(used(machine, untyped) == 4096 + 1024);
    const u32 frame = machine.make(ObjectType::Frame, 0, untyped);
    CHECK(used(machine, untyped) == 3 * 4096);
    const u32 space = machine.make(ObjectType::AddressSpace, 0, untyped);
    CHECK(used(machine, untyped) == 6 * 4096);
    const u64 base = address(machine, untyped);
    CHECK(address(machine, endpoint) == base);
    CHECK(address(machine, thread) == base + 2048);
    CHECK(address(machine, table) == base + 4096);
    CHECK(address(machine, frame) == base + 2 * 4096);
    CHECK(address(machine, space) == base + 5 * 4096);  // the head stands behind the root
}

TEST_CASE("an Untyped gives exactly what it has") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 12);
    const u32 first = machine.make(ObjectType::Endpoint, 0, untyped, 63);
    for (unsigned i = 0; i < 3; ++i) machine.free_slot();
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, first + 63, 2) == Error::NeedMemory);
    CHECK(machine.slot(first + 63).empty());
    CHECK(machine.retype(untyped, ObjectType::Reply, 0, first + 63, 1) == Error::None);
    CHECK(machine.retype(untyped, ObjectType::Reply, 0, first + 64, 1) == Error::NeedMemory);
    CHECK(used(machine, untyped) == 4096);
    const u32 small = machine.make(ObjectType::Untyped, 6);
    CHECK(machine.retype(small, ObjectType::Frame, 0, machine.free_slot(), 1) == Error::NeedMemory);
}

TEST_CASE("sizes and counts out of range are refused before anything changes") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 14);
    const u32 to = machine.free_slot();
    const auto refused = [&](ObjectType type, unsigned size_bits, u64 count) {
        CAPTURE(static_cast<unsigned>(type));
        CAPTURE(size_bits);
        CHECK(machine.retype(untyped, type, size_bits, to, static_cast<u32>(count)) == Error::InvalidArgument);
        CHECK(used(machine, untyped) == 0);
    };
    refused(ObjectType::Untyped, 5, 1);
    refused(ObjectType::Untyped, 48, 1);
    refused(ObjectType::Untyped, 255, 1);
    refused(ObjectType::CapTable, 0, 1);
    refused(ObjectType::CapTable, 21, 1);
    refused(ObjectType::CapTable, 6 | 21 << 8, 1);
    refused(ObjectType::CapTable, 5 | 8 << 8, 1);  // its own slots are no page
    refused(ObjectType::CapTable, 7 | 6 << 8, 1);
    refused(ObjectType::Endpoint, 0 | 6 << 8, 1);
    refused(ObjectType::CapPage, 12, 1);
    refused(ObjectType::CapPage, 0, 257);
    refused(ObjectType::Frame, 20, 1);
    refused(ObjectType::Frame, 22, 1);
    refused(ObjectType::Endpoint, 6, 1);
    refused(ObjectType::None, 0, 1);
    refused(ObjectType::Irq, 0, 1);
    refused(ObjectType::IoPorts, 0, 1);
    refused(static_cast<ObjectType>(200), 0, 1);
    refused(ObjectType::Endpoint, 0, 0);
    refused(ObjectType::Endpoint, 0, 257);
    machine.expect(untyped, Invocation::UntypedInspect);
    CHECK(machine.retype(untyped, ObjectType::Untyped, 47, to, 100) == Error::NeedMemory);
    CHECK(machine.invoke(untyped, Invocation::UntypedRetype, u64{1} << 24 | 4, to, 1).error == Error::InvalidArgument);
    CHECK(machine.invoke(untyped, Invocation::UntypedRetype, 4, to, u64{1} << 32 | 1).error == Error::InvalidArgument);
}

TEST_CASE("all destination slots must exist and be empty") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 14);
    const u32 occupied = machine.make(ObjectType::Endpoint);
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, occupied, 1) == Error::SlotOccupied);
    constexpr u32 kLast = (1u << kTableBits) - 1;
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, kLast, 2) == Error::InvalidCapability);
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, 0, 1) == Error::InvalidCapability);
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, kLast, 1) == Error::None);
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, kLast - 1, 2) == Error::SlotOccupied);
    CHECK(machine.slot(kLast - 1).empty());
}

TEST_CASE("device memory gives only frames and smaller device memory, and is never touched") {
    Machine machine;
    const u32 part = machine.make(ObjectType::Untyped, 13, kDevice);
    const u32 frame = machine.make(ObjectType::Frame, 0, part);  // its address is in no memory of the host
    CHECK(address(machine, frame) == kDeviceAddress);
    for (ObjectType type : {ObjectType::Endpoint, ObjectType::Thread, ObjectType::PageTable, ObjectType::CapPage, ObjectType::AddressSpace,
                            ObjectType::Reply, ObjectType::Notification}) {
        CHECK(machine.retype(part, type, 0, machine.free_slot(), 1) == Error::InvalidArgument);
    }
    CHECK(machine.retype(part, ObjectType::CapTable, 2, machine.free_slot(), 1) == Error::InvalidArgument);
    CHECK(machine.expect(part, Invocation::UntypedInspect).word[3] == 1);
    CHECK(machine.invoke(frame, Invocation::FrameSeal).error == Error::InvalidOperation);
}

TEST_CASE("memory is cleared when it is used, not before, and used again from the start after a revoke") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 12);
    const u32 frame = machine.make(ObjectType::Frame, 0, untyped);
    u64* words = to_pointer<u64>(PhysAddr(address(machine, frame)));
    for (unsigned i = 0; i < kPageSize / 8; ++i) {
        CHECK(words[i] == 0);
        words[i] = 0x1234;
    }
    CHECK(machine.retype(untyped, ObjectType::Frame, 0, machine.free_slot(), 1) == Error::NeedMemory);
    CHECK(machine.revoke(untyped) == Error::None);
    CHECK(used(machine, untyped) == 0);
    const u32 table = machine.make(ObjectType::CapTable, 6, untyped);
    CHECK(address(machine, table) == address(machine, untyped));
    CHECK(machine.expect(table, Invocation::CapUsed).word[1] == 0);
    CHECK(machine.remove(table) == Error::None);
    const u32 again = machine.make(ObjectType::Frame, 0, untyped);
    for (unsigned i = 0; i < kPageSize / 8; ++i) REQUIRE(words[i] == 0);
    CHECK(machine.remove(again) == Error::None);
}

TEST_CASE("memory is not used again while one derived capability or part of it remains") {
    Machine machine;
    const u32 untyped = machine.make(ObjectType::Untyped, 12);
    const u32 frame = machine.make(ObjectType::Frame, 0, untyped);
    const u32 derived = machine.derive(frame);
    CHECK(machine.remove(frame) == Error::None);
    CHECK(machine.retype(untyped, ObjectType::Frame, 0, frame, 1) == Error::NeedMemory);
    CHECK(machine.remove(derived) == Error::None);
    CHECK(machine.retype(untyped, ObjectType::Untyped, 12, frame, 1) == Error::None);
    const u32 nested = machine.make(ObjectType::Endpoint, 0, frame);
    CHECK(machine.remove(frame) == Error::None);  // the part's capability: what was made of it stays
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, frame, 1) == Error::NeedMemory);
    CHECK(machine.remove(nested) == Error::None);
    CHECK(machine.retype(untyped, ObjectType::Endpoint, 0, frame, 1) == Error::None);
}
