// The derivation tree: every operation in every position. The links themselves are checked by the invariants after
// each call; the cases check who remains whose descendant.
#include "scene.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel::test;

namespace {

// A parent with some children, each with grandchildren or not.
struct Family {
    explicit Family(unsigned count, unsigned grandchildren) : parent(machine.make(ObjectType::Endpoint)) {
        for (unsigned i = 0; i < count; ++i) {
            child.push_back(machine.derive(parent, kAllRights, 100 + i));
            for (unsigned j = 0; j < grandchildren; ++j) grandchild.push_back(machine.derive(child.back()));
        }
    }
    bool lives(u32 slot) { return !machine.slot(slot).empty(); }

    Machine machine;
    u32 parent;
    std::vector<u32> child;
    std::vector<u32> grandchild;
};

template <class Function>
void each_position(Function function) {
    for (unsigned count : {1u, 2u, 3u, 4u}) {
        for (unsigned position = 0; position < count; ++position) {
            for (unsigned grandchildren : {0u, 1u, 3u}) {
                CAPTURE(count);
                CAPTURE(position);
                CAPTURE(grandchildren);
                Family family(count, grandchildren);
                function(family, position, grandchildren);
            }
        }
    }
}

}  // namespace

TEST_CASE("deleting a capability leaves its descendants, which its parent inherits") {
    each_position([](Family& family, unsigned position, unsigned) {
        CHECK(family.machine.remove(family.child[position]) == Error::None);
        CHECK_FALSE(family.lives(family.child[position]));
        for (u32 slot : family.grandchild) CHECK(family.lives(slot));
        CHECK(family.machine.revoke(family.parent) == Error::None);
        for (u32 slot : family.grandchild) CHECK_FALSE(family.lives(slot));
        CHECK(family.lives(family.parent));
    });
}

TEST_CASE("revoking a capability deletes its descendants, and nobody else's") {
    each_position([](Family& family, unsigned position, unsigned grandchildren) {
        CHECK(family.machine.revoke(family.child[position]) == Error::None);
        for (u32 slot : family.child) CHECK(family.lives(slot));
        for (unsigned i = 0; i < family.grandchild.size(); ++i) {
            CHECK(family.lives(family.grandchild[i]) == (i / grandchildren != position));
        }
    });
}

TEST_CASE("who waits through a capability that is moved waits through it where it is then, and nobody else does") {
    for (const ObjectType type : {ObjectType::Endpoint, ObjectType::Notification}) {
        CAPTURE(static_cast<u32>(type));
        Machine machine;
        const u32 object = machine.make(type), slots[] = {machine.derive(object), machine.derive(object)}, to = machine.free_slot();
        Program first(machine), second(machine);
        for (Program* program : {&first, &second}) share_table(machine, *program);
        second.receive(slots[1]);
        first.receive(slots[0]);
        machine.expect(kTable, Invocation::CapMove, to, slots[0]);
        CHECK(machine.remove(to) == Error::None);
        CHECK(first.error() == Error::InvalidCapability);
        CHECK(second.state() != ThreadState::Ready);
        CHECK(machine.remove(slots[1]) == Error::None);
        CHECK(second.error() == Error::InvalidCapability);
    }
}

TEST_CASE("a moved capability keeps its parent, its descendants, its badge and its rights") {
    each_position([](Family& family, unsigned position, unsigned grandchildren) {
        const u32 from = family.child[position];
        const u32 to = family.machine.free_slot();
        CHECK(family.machine.invoke(kTable, Invocation::CapMove, to, from).error == Error::None);
        CHECK_FALSE(family.lives(from));
        CHECK(family.machine.expect(kTable, Invocation::CapInspect, to).word[2] == 100 + position);
        CHECK(family.machine.revoke(to) == Error::None);
        for (unsigned i = 0; i < family.grandchild.size(); ++i) {
            CHECK(family.lives(family.grandchild[i]) == (i / grandchildren != position));
        }
        CHECK(family.machine.revoke(family.parent) == Error::None);
        CHECK_FALSE(family.lives(to));
    });
}

TEST_CASE("a capability is derived behind its siblings, however many were deleted before") {
    each_position([](Family& family, unsigned position, unsigned) {
        CHECK(family.machine.remove(family.child[position]) == Error::None);
        const u32 late = family.machine.derive(family.parent);
        CHECK(family.machine.remove(family.parent) == Error::None);
        CHECK(family.lives(late));
        Machine& machine = family.machine;  // the next call takes everybody, the manager too
        machine.system_call(machine.manager(), SystemCall::Call, kTable,
                            Tag(static_cast<u32>(Invocation::CapRevoke), 1), {kUntyped});
        CHECK(family.machine.live_objects() == 0);
        CHECK(family.machine.core().current == nullptr);
    });
}

TEST_CASE("an object lives as long as its last capability") {
    Machine machine;
    const u64 before = machine.live_objects();
    const u32 first = machine.make(ObjectType::Endpoint);
    const u32 second = machine.derive(first);
    const u32 third = machine.derive(second);
    CHECK(machine.live_objects() == before + 1);
    CHECK(machine.remove(first) == Error::None);
    CHECK(machine.remove(third) == Error::None);
    CHECK(machine.live_objects() == before + 1);
    CHECK(machine.remove(second) == Error::None);
    CHECK(machine.live_objects() == before);
}

TEST_CASE("a deleted table deletes what it holds, also when tables hold each other") {
    Machine machine;
    const u64 before = machine.live_objects();
    const u32 outer = machine.make(ObjectType::CapTable, 3);
    const u32 inner = machine.make(ObjectType::CapTable, 3);
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    machine.expect(inner, Invocation::CapMove, 1, endpoint);
    machine.expect(outer, Invocation::CapMove, 1, inner);
    CHECK(machine.live_objects() == before + 3);
    CHECK(machine.remove(outer) == Error::None);
    CHECK(machine.live_objects() == before);
}

TEST_CASE("a table that holds itself goes with its Untyped") {
    Machine machine;
    const u64 before = machine.live_objects();
    const u32 untyped = machine.make(ObjectType::Untyped, 13);
    const u32 table = machine.make(ObjectType::CapTable, 3, untyped);
    machine.expect(table, Invocation::CapDerive, 1, table, kAllRights);
    CHECK(machine.remove(table) == Error::None);
    CHECK(machine.live_objects() == before + 1);
    CHECK(machine.revoke(untyped) == Error::None);
    CHECK(machine.live_objects() == before);
}

TEST_CASE("Untyped, page tables, pages of tables and Replies cannot be derived") {
    Machine machine;
    for (u32 source : {machine.make(ObjectType::Untyped, 12), machine.make(ObjectType::PageTable), machine.make(ObjectType::CapPage),
                       machine.make(ObjectType::Reply)}) {
        CHECK(machine.invoke(kTable, Invocation::CapDerive, machine.free_slot(), source, kAllRights).error ==
              Error::InvalidOperation);
    }
}

TEST_CASE("operations on slots refuse what is occupied, empty or out of range") {
    Machine machine;
    const u32 cap = machine.make(ObjectType::Endpoint);
    const u32 other = machine.make(ObjectType::Endpoint);
    const u32 empty = machine.free_slot();
    const auto derive = [&](u64 to, u64 from) { return machine.invoke(kTable, Invocation::CapDerive, to, from).error; };
    const auto move = [&](u64 to, u64 from) { return machine.invoke(kTable, Invocation::CapMove, to, from).error; };
    constexpr u64 kSize = 1u << kTableBits;
    CHECK(derive(other, cap) == Error::SlotOccupied);
    CHECK(move(other, cap) == Error::SlotOccupied);
    CHECK(move(cap, cap) == Error::SlotOccupied);
    for (u64 bad : {u64{0}, kSize, u64{1} << 32, u64{1} << 32 | cap, ~u64{0}}) {
        CAPTURE(bad);
        CHECK(derive(bad, cap) == Error::InvalidCapability);
        CHECK(derive(empty, bad) == Error::InvalidCapability);
        CHECK(move(bad, cap) == Error::InvalidCapability);
        CHECK(move(empty, bad) == Error::InvalidCapability);
        CHECK(machine.invoke(kTable, Invocation::CapTake, bad, empty).error == Error::InvalidCapability);
        CHECK(machine.invoke(kTable, Invocation::CapRevoke, bad).error == Error::InvalidCapability);
        CHECK(machine.invoke(kTable, Invocation::CapDelete, bad).error == Error::InvalidCapability);
        CHECK(machine.invoke(kTable, Invocation::CapInspect, bad).error == Error::InvalidCapability);
    }
    CHECK(machine.invoke(kTable, Invocation::CapDelete, kSize - 1, 2).error == Error::InvalidCapability);
    CHECK(machine.invoke(kTable, Invocation::CapDelete, 1, ~u64{0}).error == Error::InvalidCapability);
    CHECK(machine.revoke(empty) == Error::InvalidCapability);
    CHECK(machine.remove(empty) == Error::None);
}
