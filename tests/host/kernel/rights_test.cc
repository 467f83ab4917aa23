// Rights and badges: a derived capability has at most what its source has.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

// A set of rights, or a capability of which is known what it is to, takes rights to that kind of object only.
template <class Cap, class Right>
concept CanAskFor = requires(Cap cap, Right right) { cap.may(right); };
static_assert(CanAskFor<EndpointCap, EndpointRight> && !CanAskFor<EndpointCap, NotificationRight>);
static_assert(!CanAskFor<EndpointCap, FrameRight> && !CanAskFor<EndpointCap, ControlRight>);
static_assert(CanAskFor<NotificationCap, NotificationRight> && !CanAskFor<NotificationCap, EndpointRight>);
static_assert(CanAskFor<FrameCap, FrameRight> && !CanAskFor<FrameCap, ControlRight>);
static_assert(CanAskFor<CapTableCap, ControlRight> && !CanAskFor<CapTableCap, FrameRight>);
static_assert(!CanAskFor<Capability&, EndpointRight> && !CanAskFor<EndpointCap, Rights>);

template <class A, class B>
concept CanJoin = requires(A a, B b) { a | b; };
template <class A, class B>
concept CanMask = requires(A a, B b) { a & b; };
template <class A, class B>
concept CanCompare = requires(A a, B b) { a == b; };
static_assert(CanJoin<EndpointRights, EndpointRight> && CanCompare<EndpointRights, EndpointRight>);
static_assert(!CanJoin<EndpointRights, NotificationRight> && !CanJoin<EndpointRights, NotificationRights>);
static_assert(!CanMask<EndpointRights, FrameRights> && !CanCompare<EndpointRights, FrameRights>);
static_assert(!std::is_convertible_v<Rights, EndpointRights> && !std::is_convertible_v<FrameRights, EndpointRights>);

constexpr Rights kInspectOnly = bits(ControlRight::Inspect);

}  // namespace

TEST_CASE("rights only shrink") {
    Machine machine;
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    const u32 sender = machine.derive(endpoint, bits(EndpointRight::Send));
    CHECK(machine.slot(endpoint).rights() == (EndpointRight::Send | EndpointRight::Receive));
    CHECK(machine.slot(sender).rights() == bits(EndpointRight::Send));
    CHECK(machine.slot(machine.derive(sender, kAllRights)).rights() == bits(EndpointRight::Send));
    CHECK(machine.slot(machine.derive(sender, 0)).rights() == 0);
}

TEST_CASE("a badge is set once, and only on endpoints and notifications") {
    Machine machine;
    for (ObjectType type : {ObjectType::Endpoint, ObjectType::Notification}) {
        const u32 source = machine.make(type);
        const u32 badged = machine.derive(source, kAllRights, 7);
        const u32 to = machine.free_slot();
        CHECK(machine.invoke(kTable, Invocation::CapDerive, to, badged, kAllRights, 8).error == Error::InvalidArgument);
        CHECK(machine.slot(machine.derive(badged, kAllRights, 7)).detail() == 7);
        CHECK(machine.slot(machine.derive(badged, kAllRights, 0)).detail() == 7);
    }
    for (u32 source : {u32{kThread}, u32{kSpace}, u32{kUtcb}, u32{kTable}}) {
        CHECK(machine.invoke(kTable, Invocation::CapDerive, machine.free_slot(), source, kAllRights, 1).error ==
              Error::InvalidArgument);
    }
}

TEST_CASE("each IPC operation needs its right") {
    Machine machine;
    Program program(machine);
    const u32 endpoint = machine.make(ObjectType::Endpoint);
    const u32 notification = machine.make(ObjectType::Notification);
    const u32 no_send = program.grant(endpoint, bits(EndpointRight::Receive));
    const u32 no_receive = program.grant(endpoint, bits(EndpointRight::Send));
    const u32 no_signal = program.grant(notification, bits(NotificationRight::Wait));
    const u32 no_wait = program.grant(notification, bits(NotificationRight::Signal));
    program.call(no_send);
    CHECK(program.error() == Error::MissingRight);
    program.send(no_send);
    CHECK(program.error() == Error::MissingRight);
    program.receive(no_receive);
    CHECK(program.error() == Error::MissingRight);
    program.reply_receive(no_receive);
    CHECK(program.error() == Error::MissingRight);
    program.send(no_signal);
    CHECK(program.error() == Error::MissingRight);
    program.receive(no_wait);
    CHECK(program.error() == Error::MissingRight);
}

TEST_CASE("control and inspection are separate rights") {
    Machine machine;
    Program program(machine);
    const u32 thread = machine.derive(program.thread, kInspectOnly);
    const u32 space = machine.derive(program.space, kInspectOnly);
    const u32 table = machine.derive(program.table, kInspectOnly);
    CHECK(machine.invoke(thread, Invocation::ThreadInspect).error == Error::None);
    CHECK(machine.invoke(space, Invocation::SpaceInspect).error == Error::None);
    CHECK(machine.invoke(table, Invocation::CapUsed).error == Error::None);
    CHECK(machine.invoke(table, Invocation::CapInspect, 1).error == Error::None);
    CHECK(machine.invoke(thread, Invocation::ThreadSuspend).error == Error::MissingRight);
    CHECK(machine.invoke(space, Invocation::SpaceUnmap, kUtcb).error == Error::MissingRight);
    CHECK(machine.invoke(table, Invocation::CapDelete, 1).error == Error::MissingRight);
    const u32 untouchable = machine.derive(program.thread, 0);
    CHECK(machine.invoke(untouchable, Invocation::ThreadInspect).error == Error::MissingRight);
    const u32 irq = machine.derive(kIrq, 0);
    CHECK(machine.invoke(irq, Invocation::IrqAck, 4).error == Error::MissingRight);
    const u32 ports = machine.derive(kPorts, 0);
    CHECK(machine.invoke(ports, Invocation::PortIn, 0x60, 1).error == Error::MissingRight);
}

TEST_CASE("an invocation carries no capabilities, and unknown ones are refused") {
    Machine machine;
    const auto call = [&](Tag tag) {
        machine.system_call(machine.manager(), SystemCall::Call, kThread, tag);
        return machine.answer(machine.manager()).error;
    };
    CHECK(call(Tag(static_cast<u32>(Invocation::ThreadInspect), 0, 1)) == Error::InvalidArgument);
    CHECK(call(Tag(static_cast<u32>(Invocation::ThreadInspect), kMaxWords + 1)) == Error::InvalidArgument);
    CHECK(call(Tag(static_cast<u32>(Invocation::SpaceMap), 0)) == Error::InvalidOperation);
    CHECK(call(Tag(0xffff'ffff, 0)) == Error::InvalidOperation);
    CHECK(call(Tag(static_cast<u32>(Invocation::ThreadInspect), 0)) == Error::None);
}

TEST_CASE("unknown system calls, flags and slots are refused") {
    Machine machine;
    const auto number = [&](u64 raw, u64 slot) {
        machine.system_call(machine.manager(), static_cast<SystemCall>(raw & 0xff), slot, Tag(), {}, raw & ~u64{0xff});
        return machine.answer(machine.manager()).error;
    };
    CHECK(number(6, kThread) == Error::InvalidOperation);
    CHECK(number(255, kThread) == Error::InvalidOperation);
    CHECK(number(0x200, kThread) == Error::InvalidOperation);
    CHECK(number(u64{1} << 63, kThread) == Error::InvalidOperation);
    CHECK(number(0, 0) == Error::InvalidCapability);
    CHECK(number(0, u64{1} << 32 | kThread) == Error::InvalidCapability);
    CHECK(number(2, kThread) == Error::InvalidCapability);
    CHECK(number(3, kThread) == Error::InvalidCapability);
}
