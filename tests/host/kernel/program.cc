#include "program.h"

#include <object/cap_table.h>

namespace eft::kernel::test {

Program::Program(Machine& machine, u8 priority) : machine_(machine) {
    constexpr unsigned kUntypedBits = 15;
    untyped = machine.make(ObjectType::Untyped, kUntypedBits);
    space = machine.make(ObjectType::AddressSpace, 0, untyped);
    frame = machine.make(ObjectType::Frame, 0, untyped);
    thread = machine.make(ObjectType::Thread, 0, untyped);
    table = machine.make(ObjectType::CapTable, kTableSizeBits, untyped);
    const u32 reply = machine.make(ObjectType::Reply, 0, untyped);
    context = machine.make(ObjectType::SchedContext, 0, untyped);
    object_ = &machine.slot(thread).as<Thread>();
    machine.expect(thread, Invocation::ThreadConfigure, table, space, frame, kUtcbAddress);
    machine.expect(thread, Invocation::ThreadSetReply, reply);
    machine.expect(thread, Invocation::ThreadRegisters, 0x40'1000, 0x7f'f000);
    machine.expect(context, Invocation::SchedConfigure, 0, 0, kPriorities - 1);
    machine.expect(thread, Invocation::ThreadContext, context);
    machine.expect(thread, Invocation::ThreadPriority, priority);
    machine.expect(thread, Invocation::ThreadResume);
}

u32 Program::grant(u32 source, Rights rights, u64 badge) {
    const u32 index = free_slot();
    machine_.expect(table, Invocation::CapDerive, index, source, rights, badge);
    return index;
}

Capability& Program::slot(u32 index) {
    Capability* cap = machine_.slot(table).as<CapTable>().lookup(index);
    if (!cap) throw std::logic_error("the program's table has no slot " + std::to_string(index));
    return *cap;
}

Answer Program::invoke(u32 to, Invocation operation, u64 a, u64 b, u64 c, u64 d) {
    call(to, Tag(static_cast<u32>(operation), kRegisterWords), {a, b, c, d});
    return answer();
}

}  // namespace eft::kernel::test
