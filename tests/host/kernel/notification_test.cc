// Notifications: bits are collected, taken once, and reach a bound thread that receives.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

struct Bell {
    Bell()
        : ringer(machine),
          listener(machine),
          notification(machine.make(ObjectType::Notification)),
          endpoint(machine.make(ObjectType::Endpoint)),
          one(ringer.grant(notification, kAllRights, 1)),
          four(ringer.grant(notification, kAllRights, 4)),
          wait(listener.grant(notification)),
          from(listener.grant(endpoint)),
          to(ringer.grant(endpoint)) {}

    void bind() { machine.expect(listener.thread, Invocation::ThreadBind, notification); }
    void check_bits(u64 bits) {
        CHECK(listener.error() == Error::None);
        CHECK(listener.answer().tag.has(Tag::Notification));
        CHECK(raw(listener.answer().badge) == bits);
    }

    Machine machine;
    Program ringer, listener;
    u32 notification, endpoint;
    u32 one, four, wait, from, to;
};

}  // namespace

TEST_CASE("bits are OR-ed until somebody takes them, all at once") {
    Bell bell;
    bell.ringer.send(bell.one);
    bell.ringer.send(bell.four);
    bell.ringer.send(bell.one);
    bell.listener.receive(bell.wait);
    bell.check_bits(5);
    bell.listener.receive(bell.wait, kPoll);
    CHECK(bell.listener.error() == Error::WouldBlock);
}

TEST_CASE("a signal wakes the first that waits") {
    Bell bell;
    Program second(bell.machine);
    const u32 wait = second.grant(bell.notification);
    bell.listener.receive(bell.wait);
    second.receive(wait);
    CHECK(bell.listener.state() == ThreadState::Waiting);
    bell.ringer.send(bell.four);
    bell.check_bits(4);
    CHECK(second.state() == ThreadState::Waiting);
    bell.ringer.send(bell.one);
    CHECK(raw(second.answer().badge) == 1);
}

TEST_CASE("a signal without bits wakes nobody") {
    Bell bell;
    const u32 nothing = bell.ringer.grant(bell.notification);
    bell.listener.receive(bell.wait);
    bell.ringer.send(nothing);
    CHECK(bell.ringer.error() == Error::None);
    CHECK(bell.listener.state() == ThreadState::Waiting);
}

TEST_CASE("a bound thread's receive takes bits, before or after it waits") {
    Bell bell;
    bell.bind();
    bell.ringer.send(bell.one);
    bell.listener.receive(bell.from);
    bell.check_bits(1);
    bell.listener.receive(bell.from);
    CHECK(bell.listener.state() == ThreadState::Receiving);
    bell.ringer.send(bell.four);
    bell.check_bits(4);
    bell.ringer.call(bell.to, Tag(1, 0));
    bell.listener.receive(bell.from);
    CHECK_FALSE(bell.listener.answer().tag.has(Tag::Notification));
    bell.machine.interrupt(200 % kIrqs);
    bell.listener.reply_receive(bell.from);
    CHECK(bell.listener.state() == ThreadState::Receiving);
}

TEST_CASE("bits that came before the binding wake a thread that receives already") {
    Bell bell;
    bell.listener.receive(bell.from);
    bell.ringer.send(bell.four);
    CHECK(bell.listener.state() == ThreadState::Receiving);
    bell.bind();
    bell.check_bits(4);
}

TEST_CASE("a notification has one bound thread, a thread one notification") {
    Bell bell;
    bell.bind();
    CHECK(bell.machine.invoke(bell.ringer.thread, Invocation::ThreadBind, bell.notification).error ==
          Error::InvalidOperation);
    const u32 other = bell.machine.make(ObjectType::Notification);
    bell.machine.expect(bell.listener.thread, Invocation::ThreadBind, other);
    bell.machine.expect(bell.ringer.thread, Invocation::ThreadBind, bell.notification);
    bell.machine.expect(bell.ringer.thread, Invocation::ThreadBind, 0);
    bell.listener.receive(bell.from);
    bell.ringer.send(bell.one);
    CHECK(bell.listener.state() == ThreadState::Receiving);
}

TEST_CASE("a binding ends with the capability that it was made from, and with the thread") {
    Bell bell;
    const u32 derived = bell.machine.derive(bell.notification);
    bell.machine.expect(bell.listener.thread, Invocation::ThreadBind, derived);
    CHECK(bell.machine.revoke(derived) == Error::None);
    bell.listener.receive(bell.from);
    bell.ringer.send(bell.one);
    CHECK(bell.listener.state() == ThreadState::Receiving);
    bell.bind();
    bell.check_bits(1);
    CHECK(bell.machine.remove(bell.listener.thread) == Error::None);
    bell.machine.expect(bell.ringer.thread, Invocation::ThreadBind, bell.notification);
}

TEST_CASE("who waits is told when the capability goes that it waits through") {
    Bell bell;
    const u32 other = bell.machine.derive(bell.notification);
    bell.listener.receive(bell.wait);
    CHECK(bell.machine.remove(other) == Error::None);
    CHECK(bell.listener.state() == ThreadState::Waiting);
    CHECK(bell.machine.revoke(bell.notification) == Error::None);
    CHECK(bell.listener.error() == Error::InvalidCapability);
}

TEST_CASE("who waits does not notice that the capability moves") {
    Bell bell;
    bell.listener.receive(bell.wait);
    const u32 outside = bell.machine.free_slot();
    bell.machine.expect(bell.listener.table, Invocation::CapTake, bell.wait, outside);
    CHECK(bell.listener.state() == ThreadState::Waiting);
    CHECK(bell.machine.remove(outside) == Error::None);
    CHECK(bell.listener.error() == Error::InvalidCapability);
}
