// Interrupts and ports: a capability is a range of numbers, and reaches nothing else.
#include "program.h"

#include <arch/interrupts.h>
#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;
using arch::Action;

namespace {

constexpr u32 kLine = 9, kMessage = 40;

u64 range(u64 first, u64 count) { return count << 32 | first; }

struct Device {
    Device()
        : notification(machine.make(ObjectType::Notification)), signal(machine.derive(notification, kAllRights, 8)) {}
    Error bind(u32 irq, u64 number, u32 to) { return machine.invoke(irq, Invocation::IrqBind, number, to).error; }
    u64 pending() {
        machine.system_call(machine.manager(), SystemCall::Recv, notification, Tag(), {}, kPoll);
        const Answer answer = machine.answer(machine.manager());
        return answer.error == Error::None ? raw(answer.badge) : 0;
    }
    const arch::Line& line() { return arch::record().lines[kLine]; }

    Machine machine;
    u32 notification, signal;
};

}  // namespace

TEST_CASE("binding a line unmasks it; an edge leaves it so, a level masks it until it is acknowledged") {
    Device device;
    CHECK(device.line().masked);
    CHECK(device.bind(kIrq, kLine, device.signal) == Error::None);
    CHECK_FALSE(device.line().masked);
    device.machine.interrupt(kLine);
    CHECK_FALSE(device.line().masked);
    CHECK(device.pending() == 8);

    device.machine.expect(kIrq, Invocation::IrqMode, kLine, 1, 1);
    CHECK(device.line().level);
    CHECK(device.line().active_low);
    device.machine.interrupt(kLine);
    CHECK(device.line().masked);
    CHECK(device.pending() == 8);
    device.machine.expect(kIrq, Invocation::IrqAck, kLine);
    CHECK_FALSE(device.line().masked);
}

TEST_CASE("messages are bound, and say what a device must write") {
    Device device;
    CHECK(device.bind(kIrq, kMessage, device.signal) == Error::None);
    CHECK(device.machine.events().empty());
    device.machine.interrupt(kMessage);
    CHECK(device.pending() == 8);
    const Answer message = device.machine.expect(kIrq, Invocation::IrqMessage, kMessage);
    CHECK(message.word[0] == arch::message_address());
    CHECK(message.word[1] == arch::message_data(kMessage));
    CHECK(device.machine.invoke(kIrq, Invocation::IrqMessage, kLine).error == Error::InvalidArgument);
    CHECK(device.machine.invoke(kIrq, Invocation::IrqAck, kMessage).error == Error::InvalidArgument);
    CHECK(device.machine.invoke(kIrq, Invocation::IrqMode, kMessage).error == Error::InvalidArgument);
}

TEST_CASE("an interrupt capability reaches its range only, and derived ranges lie inside") {
    Device device;
    const u32 part = device.machine.derive(kIrq, kAllRights, range(kMessage, 2));
    CHECK(device.bind(part, kMessage - 1, device.signal) == Error::InvalidArgument);
    CHECK(device.bind(part, kMessage, device.signal) == Error::None);
    CHECK(device.bind(part, kMessage + 1, device.signal) == Error::None);
    CHECK(device.bind(part, kMessage + 2, device.signal) == Error::InvalidArgument);
    CHECK(device.bind(part, u64{1} << 32 | kMessage, device.signal) == Error::InvalidArgument);
    CHECK(device.bind(kIrq, kIrqs, device.signal) == Error::InvalidArgument);
    for (u64 outside : {range(kMessage - 1, 2), range(kMessage, 3), range(kMessage + 1, 2), range(kMessage, 0),
                        range(0xffff'ffff, 2), range(kMessage, 0xffff'ffff)}) {
        CAPTURE(outside);
        CHECK(
            device.machine.invoke(kTable, Invocation::CapDerive, device.machine.free_slot(), part, kAllRights, outside)
                .error == Error::InvalidArgument);
    }
}

TEST_CASE("an interrupt needs a notification that it may signal with a bit") {
    Device device;
    CHECK(device.bind(kIrq, kLine, device.notification) == Error::InvalidArgument);
    CHECK(device.bind(kIrq, kLine, device.machine.derive(device.signal, bits(NotificationRight::Wait))) ==
          Error::MissingRight);
    CHECK(device.bind(kIrq, kLine, kThread) == Error::InvalidCapability);
    CHECK(device.line().masked);
}

TEST_CASE("an interrupt whose notification is gone is masked; one never bound, too") {
    Device device;
    CHECK(device.bind(kIrq, kLine, device.signal) == Error::None);
    CHECK(device.machine.remove(device.signal) == Error::None);  // the binding is a child of it: that moves up
    device.machine.interrupt(kLine);
    CHECK(device.pending() == 8);
    CHECK(device.machine.revoke(device.notification) == Error::None);
    device.machine.interrupt(kLine);
    CHECK(device.line().masked);
    device.machine.interrupt(3);
    CHECK(arch::record().lines[3].masked);
    device.machine.interrupt(kMessage);
}

TEST_CASE("what an interrupt was bound through can go after its notification") {
    Device device;
    const u32 part = device.machine.derive(kIrq, kAllRights, range(kLine, 1));
    CHECK(device.bind(part, kLine, device.signal) == Error::None);
    CHECK(device.machine.revoke(device.notification) == Error::None);
    CHECK(device.machine.remove(part) == Error::None);
    CHECK(device.line().masked);
}

TEST_CASE("binding again replaces the notification") {
    Device device;
    const u32 other = device.machine.derive(device.notification, kAllRights, 16);
    CHECK(device.bind(kIrq, kLine, device.signal) == Error::None);
    CHECK(device.bind(kIrq, kLine, other) == Error::None);
    device.machine.interrupt(kLine);
    CHECK(device.pending() == 16);
}

TEST_CASE("deleting the capability of one interrupt masks and unbinds it") {
    Device device;
    const u32 own = device.machine.derive(kIrq, kAllRights, range(kLine, 1));
    CHECK(device.bind(own, kLine, device.signal) == Error::None);
    CHECK(device.machine.remove(own) == Error::None);
    CHECK(device.line().masked);
    device.machine.interrupt(kLine);
    CHECK(device.pending() == 0);
}

TEST_CASE("an interrupt is bound through one capability: copies of it can go, and the binding goes with it") {
    Device device;
    const u32 own = device.machine.derive(kIrq, kAllRights, range(kLine, 1));
    const u32 child = device.machine.derive(own), sibling = device.machine.derive(kIrq, kAllRights, range(kLine, 1));
    CHECK(device.bind(own, kLine, device.signal) == Error::None);
    const auto rings = [&] {
        device.machine.interrupt(kLine);
        return device.pending() == 8;
    };
    CHECK(device.machine.remove(child) == Error::None);
    CHECK(device.machine.remove(sibling) == Error::None);
    CHECK_FALSE(device.line().masked);
    CHECK(rings());

    const u32 moved = device.machine.free_slot();
    device.machine.expect(kTable, Invocation::CapMove, moved, own);
    CHECK(rings());
    CHECK(device.bind(kIrq, kLine, device.signal) == Error::None);  // from now on through another
    CHECK(device.machine.remove(moved) == Error::None);
    CHECK(rings());
    const u32 last = device.machine.derive(kIrq, kAllRights, range(kLine, 1));
    CHECK(device.machine.revoke(kIrq) == Error::None);
    CHECK(device.machine.slot(last).empty());
    CHECK(rings());
}

TEST_CASE("a capability through which many interrupts are bound unbinds them all, however often that pauses") {
    Device device;
    constexpr u32 kCount = 5;
    const u32 own = device.machine.derive(kIrq, kAllRights, range(kMessage, kCount));
    for (u32 i = 0; i < kCount; ++i) CHECK(device.bind(own, kMessage + i, device.signal) == Error::None);
    CHECK(device.bind(kIrq, kMessage + 2, device.signal) == Error::None);
    unsigned pauses = 0;
    device.machine.preempt([] { return true; }, [&] {
        ++pauses;
        CHECK(device.machine.slot(own).rights() == 0);  // nobody binds more through it meanwhile
    });
    CHECK(device.machine.remove(own) == Error::None);
    device.machine.preempt({}, {});
    CHECK(pauses == kCount - 2);
    for (u32 i = 0; i < kCount; ++i) {
        device.machine.interrupt(kMessage + i);
        CHECK(device.pending() == (i == 2 ? 8 : 0));
    }
}

TEST_CASE("ports reach exactly their range, in each width") {
    Machine machine;
    const u32 ports = machine.derive(kPorts, kAllRights, range(0x60, 5));
    arch::record().port_value = 0x1d;
    CHECK(machine.expect(ports, Invocation::PortIn, 0x64, 1).word[0] == 0x1d);
    CHECK(machine.events() == std::vector<arch::Event>{{Action::PortIn, 0x64, 1}});
    machine.expect(ports, Invocation::PortOut, 0x60, 4, 0x1234'5678);
    CHECK(machine.events() == std::vector<arch::Event>{{Action::PortOut, 0x60, u64{4} << 32 | 0x1234'5678}});
    const auto refused = [&](u64 port, u64 width) {
        CAPTURE(port);
        CAPTURE(width);
        CHECK(machine.invoke(ports, Invocation::PortIn, port, width).error == Error::InvalidArgument);
        CHECK(machine.invoke(ports, Invocation::PortOut, port, width).error == Error::InvalidArgument);
        CHECK(machine.events().empty());
    };
    refused(0x5f, 1);
    refused(0x65, 1);
    refused(0x64, 2);
    refused(0x62, 4);
    refused(0x5f, 2);
    refused(0x60, 0);
    refused(0x60, 3);
    refused(0x60, 8);
    refused(~u64{0}, 4);
    refused(u64{1} << 16 | 0x60, 1);
    CHECK(machine.invoke(kPorts, Invocation::PortIn, 0xfffe, 4).error == Error::InvalidArgument);
    CHECK(machine.invoke(ports, Invocation::IrqAck, 0x60, 1).error == Error::InvalidOperation);
}
