#include "machine.h"

#include "invariants.h"

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/frame.h>
#include <object/untyped.h>
#include <schedule/budget.h>

#include <arch/arena.h>
#include <arch/timer.h>

namespace eft::kernel::test {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::logic_error(what); }

template <ObjectType kType>
void fill_numbers(Capability& slot, u32 count, Core& core) {
    slot.fill(kType, PhysAddr(), kAllRights, core.kernel.ancestor);
    slot.payload<kType>().range = {0, count};
}

}  // namespace

Machine::Machine() {
    arch::reset_arena();
    arch::record() = arch::Record{};
    build();
    after();
}

// What the boot code of a real machine does (boot/root_task.cc).
void Machine::build() {
    Capability block, table_cap;
    install_untyped(block, PhysAddr(arch::kArenaStart), arch::kArenaBits, false, kernel_.ancestor);
    const auto make_in = [&](ObjectType type, Capability& untyped, Capability& slot, unsigned size_bits = 0) {
        if (kernel::retype(core_, UntypedCap(untyped), {type, size_bits, 0, 1, slot}) != Error::None)
            fail("the machine is too small");
    };
    make_in(ObjectType::CapTable, block, table_cap, kTableBits);
    table_ = &table_cap.as<CapTable>();
    move_capability(table_cap, slot(kTable));
    move_capability(block, slot(kUntyped));
    install_untyped(slot(kDevice), PhysAddr(kDeviceAddress), kDeviceBits, true, kernel_.ancestor);
    fill_numbers<ObjectType::Irq>(slot(kIrq), kIrqs, core_);
    fill_numbers<ObjectType::IoPorts>(slot(kPorts), 0x10000, core_);
    make_in(ObjectType::Thread, slot(kUntyped), slot(kThread));
    make_in(ObjectType::AddressSpace, slot(kUntyped), slot(kSpace));
    make_in(ObjectType::Frame, slot(kUntyped), slot(kUtcb));
    make_in(ObjectType::SchedContext, slot(kUntyped), slot(kContext));

    manager_ = &slot(kThread).as<Thread>();
    manager_->set_inner(core_, manager_->table, &slot(kTable));
    manager_->set_inner(core_, manager_->space, &slot(kSpace));
    manager_->set_inner(core_, manager_->utcb_frame, &slot(kUtcb));
    SchedContext& context = slot(kContext).as<SchedContext>();
    context.configure(0, 0, kPriorities - 1, 0);
    manager_->set_inner(core_, manager_->context, &slot(kContext));
    context.owner = manager_;
    manager_->set_priority(kPriority);
    core_.scheduler.wake(*manager_);
    choose_next(core_);
}

Capability& Machine::slot(u32 index) {
    Capability* cap = table_->lookup(index);
    if (!cap) fail("the manager's table has no slot " + std::to_string(index));
    return *cap;
}

void Machine::before() { arch::record().events.clear(); }

void Machine::after() {
    if (!checking_) return;
    const std::vector<std::string> broken = broken_invariants(core_);
    if (!broken.empty()) {
        std::string all = "broken invariants:";
        for (const std::string& one : broken) all += "\n    " + one;
        fail(all);
    }
    poison_unused(core_);
}

void Machine::run(Thread& thread) {
    for (unsigned slices = 0; core_.current != &thread; ++slices) {
        if (slices == 64 || thread.state != ThreadState::Ready) fail("the thread cannot be made to run");
        time_slice();
    }
}

void Machine::system_call(Thread& thread, SystemCall call, u64 slot, Tag tag, Words words, u64 flags) {
    run(thread);
    thread.registers.number = static_cast<u64>(call) | flags;
    thread.registers.target = slot;
    thread.registers.message_tag = tag.value;
    for (unsigned i = 0; i < kRegisterWords; ++i) thread.registers.words[i] = words[i];
    thread.registers.repeats = false;
    before();
    arch::enter_system_call(core_);
    after();
    go_on(thread);
}

// A system call that the kernel wants repeated is, as soon as its thread runs; not if it was stopped.
void Machine::go_on(Thread& thread) {
    const auto paused = [&] { return survey(core_).objects.contains(&thread) && thread.registers.repeats; };
    if (!between_) return;
    while (paused()) {
        between_();
        if (!paused() || thread.state != ThreadState::Ready) return;
        repeat(thread);
    }
}

void Machine::repeat(Thread& thread) {
    run(thread);
    thread.registers.repeats = false;
    before();
    arch::enter_system_call(core_);
    after();
}

void Machine::preempt(std::function<bool()> pending, std::function<void()> between) {
    arch::record().pending = std::move(pending);
    between_ = std::move(between);
}

void Machine::enter(Thread* (*entry)(Core&, const FaultCause&), Thread& thread, const FaultCause& cause) {
    run(thread);
    before();
    arch::go_on(entry(core_, cause));
    after();
}

void Machine::use_fpu(Thread& thread) {
    run(thread);
    if (!(thread.attention & Thread::LiveFpu)) arch::begin_fpu(thread);
    arch::record().fpu = fpu_value(thread);
}

void Machine::page_fault(Thread& thread, u64 address) { enter(handle_page_fault, thread, {14, 4, address}); }
void Machine::exception(Thread& thread, u32 vector) { enter(handle_exception, thread, {vector, 0, 0}); }

void Machine::interrupt(u32 number) {
    before();
    arch::go_on(handle_interrupt(core_, number));
    after();
}

void Machine::time_slice() {
    before();
    arch::record().time += arch::ticks_per_slice();
    arch::go_on(handle_time_slice(core_));
    after();
}

Answer Machine::answer(const Thread& thread) const {
    if (thread.state != ThreadState::Ready && thread.state != ThreadState::Suspended) fail("the thread still waits");
    const arch::UserRegisters& registers = thread.registers;
    Answer result{static_cast<Error>(registers.number), Badge(registers.target), registers.tag(), {}};
    for (unsigned i = 0; i < kRegisterWords; ++i) result.word[i] = registers.words[i];
    return result;
}

Answer Machine::invoke(u32 slot, Invocation operation, u64 a, u64 b, u64 c, u64 d) {
    system_call(*manager_, SystemCall::Call, slot, Tag(static_cast<u32>(operation), kRegisterWords), {a, b, c, d});
    return answer(*manager_);
}

Answer Machine::expect(u32 slot, Invocation operation, u64 a, u64 b, u64 c, u64 d) {
    const Answer result = invoke(slot, operation, a, b, c, d);
    if (result.error != Error::None) {
        fail("invocation " + std::to_string(static_cast<u32>(operation)) + ": " + to_string(result.error));
    }
    return result;
}

Error Machine::retype(u32 untyped, ObjectType type, unsigned size_bits, u32 first, u32 count) {
    return invoke(untyped, Invocation::UntypedRetype, static_cast<u64>(type) | u64{size_bits} << 8, first, count).error;
}

u32 Machine::make(ObjectType type, unsigned size_bits, u32 untyped, u32 count) {
    const u32 first = next_slot_;
    next_slot_ += count;
    if (const Error error = retype(untyped, type, size_bits, first, count); error != Error::None) {
        fail(std::string("retype: ") + to_string(error));
    }
    return first;
}

u32 Machine::add_memory() {
    arch::map_large_memory();
    const u32 index = free_slot();
    install_untyped(slot(index), PhysAddr(arch::kLargeStart), arch::kLargeBits, false, kernel_.ancestor);
    return index;
}

u32 Machine::derive(u32 source, Rights rights, u64 badge) {
    const u32 index = free_slot();
    expect(kTable, Invocation::CapDerive, index, source, rights, badge);
    return index;
}

}  // namespace eft::kernel::test
