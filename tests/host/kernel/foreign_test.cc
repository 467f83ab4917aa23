// Foreign threads: whose system calls are the kernel's, and what the handler finds of the others.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

constexpr u64 kHandler = 0x50'0000, kNative = 0x40'0000, kNativeSize = 0x1000;

struct Foreign {
    Foreign() : program(machine), bits(program.grant(machine.make(ObjectType::Notification))) { set(kHandler, kNative, kNativeSize); }

    Error set(u64 handler, u64 first, u64 size) { return machine.invoke(program.thread, Invocation::ThreadForeign, handler, first, size).error; }
    // The program polls the notification by a SYSCALL at this address.
    void poll_from(u64 address) {
        machine.run(program.object());
        program.object().registers.instruction = address + 2;
        program.receive(bits, kPoll);
    }
    bool handled() { return program.object().registers.instruction == kHandler; }

    Machine machine;
    Program program;
    u32 bits;
};

}  // namespace

TEST_CASE("a system call from outside the handler's code goes to the handler, with its registers") {
    Foreign foreign;
    foreign.poll_from(0x60'0000);
    CHECK(foreign.handled());
    const arch::UserRegisters& registers = foreign.program.object().registers;
    CHECK(registers.number == (static_cast<u64>(SystemCall::Recv) | kPoll | u64{1} << 63));
    CHECK(registers.target == foreign.bits);
    CHECK(foreign.program.page().foreign_return == 0x60'0002);
    CHECK(foreign.program.state() == ThreadState::Ready);
}

TEST_CASE("only the SYSCALLs in the range are the kernel's") {
    Foreign foreign;
    for (const u64 address : {kNative, kNative + 1, kNative + kNativeSize - 1}) {
        CAPTURE(address);
        foreign.poll_from(address);
        CHECK_FALSE(foreign.handled());
        CHECK(foreign.program.error() == Error::WouldBlock);
    }
    for (const u64 address : {kNative - 2, kNative - 1, kNative + kNativeSize, u64{0}, kHandler}) {
        CAPTURE(address);
        foreign.poll_from(address);
        CHECK(foreign.handled());
    }
}

TEST_CASE("without a message page a foreign call is no operation") {
    Foreign foreign;
    foreign.machine.expect(kTable, Invocation::CapRevoke, foreign.program.frame);
    REQUIRE(foreign.program.object().utcb == nullptr);
    foreign.poll_from(0x60'0000);
    CHECK(foreign.program.error() == Error::InvalidOperation);
    CHECK(foreign.program.object().registers.instruction == 0x60'0002);
}

TEST_CASE("handler and code lie below the kernel; no handler makes the thread an ordinary one") {
    Foreign foreign;
    CHECK(foreign.set(kUserTop, 0, 0) == Error::InvalidArgument);
    CHECK(foreign.set(kHandler, kUserTop, 0) == Error::InvalidArgument);
    CHECK(foreign.set(kHandler, 1, kUserTop) == Error::InvalidArgument);
    foreign.poll_from(0x60'0000);
    CHECK(foreign.handled());
    CHECK(foreign.set(kHandler, 0, kUserTop) == Error::None);
    foreign.poll_from(0x60'0000);
    CHECK_FALSE(foreign.handled());
    CHECK(foreign.set(0, 0, 0) == Error::None);
    foreign.poll_from(0x60'0000);
    CHECK(foreign.program.error() == Error::WouldBlock);
    CHECK(foreign.program.object().foreign.mark == 0);
}
