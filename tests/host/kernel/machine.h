// A machine for tests: a core, 1 MiB of memory, and a manager, the first thread, which holds a capability to everything
// that exists at the start. All that a test does goes through the kernel's own entries, as on a real machine, and after
// each of them the invariants are checked and unused memory is poisoned. What breaks is thrown as std::logic_error.
//
// A number that names a capability is a slot of the manager's table unless said otherwise.
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/syscall.h>
#include <object/cap_table.h>
#include <object/thread.h>
#include <syscall/syscall.h>

#include <arch/entry.h>
#include <arch/record.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <string>

namespace eft::kernel::test {

constexpr u8 kPriority = 10;  // of all threads, unless said otherwise

// The manager's slots.
constexpr u32 kTable = 1, kUntyped = 2, kDevice = 3, kIrq = 4, kPorts = 5, kThread = 6, kSpace = 7, kUtcb = 8, kContext = 9;
constexpr u32 kFirstFree = 16;
constexpr unsigned kTableBits = 8;
constexpr u64 kDeviceAddress = 0xf000'0000;
constexpr unsigned kDeviceBits = 23;

constexpr u64 kUtcbAddress = 0x10000;

using Words = std::array<u64, kRegisterWords>;

// What a thread finds in its registers after a system call.
struct Answer {
    Error error;
    Badge badge;
    Tag tag;
    Words word;
};

class Machine {
public:
    Machine();
    Machine(const Machine&) = delete;

    Core& core() { return core_; }
    Thread& manager() { return *manager_; }
    // The capability in a slot of the manager's table, empty or not.
    Capability& slot(u32 index);
    u32 free_slot() { return next_slot_++; }

    // Makes the thread run, by as many time slices as that takes; it must be ready and as important as those that are.
    void run(Thread& thread);
    // One system call of a thread. It may block, or lose the processor.
    void system_call(Thread& thread, SystemCall call, u64 slot, Tag tag = Tag(), Words words = {}, u64 flags = 0);
    // The thread puts into the floating point register what no other one does.
    void use_fpu(Thread& thread);
    void page_fault(Thread& thread, u64 address);
    void exception(Thread& thread, u32 vector);
    void interrupt(u32 number);
    void time_slice();
    // What the last system call of a thread gave; only for one that does not wait.
    Answer answer(const Thread& thread) const;

    // Invocations by the manager; `expect` throws unless they succeed.
    Answer invoke(u32 slot, Invocation operation, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0);
    Answer expect(u32 slot, Invocation operation, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0);
    // New objects, in consecutive slots; the first slot.
    u32 make(ObjectType type, unsigned size_bits = 0, u32 untyped = kUntyped, u32 count = 1);
    Error retype(u32 untyped, ObjectType type, unsigned size_bits, u32 first, u32 count);
    // 4 MiB more of memory, as Untyped.
    u32 add_memory();
    // A derived capability in a new slot of the manager's.
    u32 derive(u32 source, Rights rights = kAllRights, u64 badge = 0);
    Error remove(u32 slot) { return invoke(kTable, Invocation::CapDelete, slot).error; }
    Error revoke(u32 slot) { return invoke(kTable, Invocation::CapRevoke, slot).error; }

    // Interrupts that are pending when the kernel asks, at each point where a long operation could stop for one: it does
    // so when `pending` says yes. `between` runs before the operation goes on, and may enter the kernel for others. If
    // there is none, the thread goes on when the test says so.
    void preempt(std::function<bool()> pending, std::function<void()> between);
    void repeat(Thread& thread);

    // What the last entry made the machine do.
    const std::vector<arch::Event>& events() const { return arch::record().events; }
    u64 live_objects() const { return kernel_.objects; }
    // Fuzzers, which build thousands of machines, have no time to check what every test checks.
    void check_each_entry(bool on) { checking_ = on; }

private:
    void build();
    void enter(Thread* (*entry)(Core&, const FaultCause&), Thread& thread, const FaultCause& cause);
    void before();
    void go_on(Thread& thread);
    void after();

    Kernel kernel_;
    Core core_{kernel_};
    Thread* manager_ = nullptr;
    CapTable* table_ = nullptr;
    bool checking_ = true;
    std::function<void()> between_;
    u32 next_slot_ = kFirstFree;
};

// The message page of a thread that has one.
inline Utcb& utcb(Thread& thread) { return *thread.utcb; }

}  // namespace eft::kernel::test
