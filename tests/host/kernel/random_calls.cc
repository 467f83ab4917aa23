#include "random_calls.h"

#include "program.h"

#include <object/cap_table.h>

#include <iterator>

namespace eft::kernel::test {
namespace {

constexpr u32 kSlots = 96;  // the part of the manager's table that is played with
constexpr Invocation kInvocations[] = {
    Invocation::UntypedRetype,  Invocation::UntypedInspect,  Invocation::CapDerive,      Invocation::CapMove,
    Invocation::CapDelete,      Invocation::CapRevoke,       Invocation::CapInspect,     Invocation::CapUsed,
    Invocation::CapTake,        Invocation::ThreadConfigure, Invocation::ThreadHandlers, Invocation::ThreadBind,
    Invocation::ThreadSetReply, Invocation::ThreadRegisters, Invocation::ThreadPriority, Invocation::ThreadResume,
    Invocation::ThreadSuspend,  Invocation::ThreadInspect,   Invocation::ThreadCancel,   Invocation::SpaceMap,
    Invocation::SpaceUnmap,     Invocation::SpaceDonate,     Invocation::SpaceInspect,   Invocation::FrameSeal,
    Invocation::IrqBind,        Invocation::IrqAck,          Invocation::IrqMode,        Invocation::IrqMessage,
    Invocation::PortIn,         Invocation::PortOut,         Invocation::ThreadContext,  Invocation::SchedConfigure,
    Invocation::SchedHandler,   Invocation::SchedInspect,    Invocation::CapDonate,      Invocation::ThreadForeign,
};

ObjectType invoked_type(Invocation operation) {
    switch (static_cast<u32>(operation) >> 8) {
        case 1: return ObjectType::Untyped;
        case 2: return ObjectType::CapTable;
        case 3: return ObjectType::Thread;
        case 4: return ObjectType::AddressSpace;
        case 5: return ObjectType::Frame;
        case 6: return ObjectType::Irq;
        case 8: return ObjectType::SchedContext;
        default: return ObjectType::IoPorts;
    }
}

// The type that argument `index` should have for the invocation to go far.
ObjectType argument_type(Invocation operation, unsigned index) {
    switch (operation) {
        case Invocation::ThreadConfigure:
            return index == 0   ? ObjectType::CapTable
                   : index == 1 ? ObjectType::AddressSpace
                   : index == 2 ? ObjectType::Frame
                                : ObjectType::None;
        case Invocation::ThreadHandlers: return index < 2 ? ObjectType::Endpoint : ObjectType::None;
        case Invocation::ThreadContext: return index == 0 ? ObjectType::SchedContext : ObjectType::None;
        case Invocation::SchedHandler: return index == 0 ? ObjectType::Endpoint : ObjectType::None;
        case Invocation::ThreadBind: return index == 0 ? ObjectType::Notification : ObjectType::None;
        case Invocation::ThreadSetReply: return index == 0 ? ObjectType::Reply : ObjectType::None;
        case Invocation::SpaceMap:
        case Invocation::SpaceUnmap: return index == 0 ? ObjectType::Frame : ObjectType::None;
        case Invocation::CapDonate: return index == 1 ? ObjectType::CapPage : ObjectType::None;
        case Invocation::SpaceDonate: return index == 0 ? ObjectType::PageTable : ObjectType::None;
        case Invocation::IrqBind: return index == 1 ? ObjectType::Notification : ObjectType::None;
        default: return ObjectType::None;
    }
}

}  // namespace

RandomCalls::RandomCalls(Choose choose, unsigned check_every) : choose_(std::move(choose)), check_every_(check_every) {
    populate();
    machine_.preempt([this] { return choose_(16) == 0; }, {});
}

// Three threads with the manager's table and one with its own, each with an address space, a table that can grow, and two of
// every other object.
void RandomCalls::populate() {
    machine_.check_each_entry(false);
    const u32 pool = machine_.make(ObjectType::Untyped, 17);
    machine_.make(ObjectType::Endpoint, 0, pool, 2);
    machine_.make(ObjectType::Notification, 0, pool, 2);
    machine_.make(ObjectType::Frame, 0, pool, 3);
    machine_.make(ObjectType::PageTable, 0, pool, 6);
    machine_.make(ObjectType::CapTable, 6 | 9 << 8, pool);
    machine_.make(ObjectType::CapPage, 0, pool, 2);
    for (unsigned i = 0; i < 4; ++i) {
        const u32 untyped = machine_.make(ObjectType::Untyped, 15);
        const u32 thread = machine_.make(ObjectType::Thread, 0, untyped);
        const u32 space = machine_.make(ObjectType::AddressSpace, 0, untyped);
        const u32 frame = machine_.make(ObjectType::Frame, 0, untyped);
        const u32 reply = machine_.make(ObjectType::Reply, 0, untyped, 2);
        const u32 table = i == 3 ? own_table() : kTable;
        machine_.expect(thread, Invocation::ThreadConfigure, table, space, frame, kUtcbAddress);
        machine_.expect(thread, Invocation::ThreadSetReply, reply);
        const u32 context = machine_.make(ObjectType::SchedContext, 0, untyped, 2);
        machine_.expect(context, Invocation::SchedConfigure, i % 2 * 1000, i % 2 * 10000, kPriorities - 1);
        machine_.expect(thread, Invocation::ThreadContext, context);
        machine_.expect(thread, Invocation::ThreadPriority, kPriority);
        machine_.expect(thread, Invocation::ThreadHandlers, kFirstFree + 1, kFirstFree + 2);
        machine_.expect(thread, Invocation::ThreadResume);
    }
    machine_.check_each_entry(check_every_ == 1);
    machine_.time_slice();
}

// A table that has at the manager's numbers what can be derived, some of it with fewer rights.
u32 RandomCalls::own_table() {
    const u32 table = machine_.make(ObjectType::CapTable, 7);
    for (u32 i = kFirstFree; i < table; ++i) {
        machine_.invoke(table, Invocation::CapDerive, i, i, i % 5 == 0 ? 1 : kAllRights);
    }
    return table;
}

// The manager's own objects are rarely meant: without them the game is soon over.
u32 RandomCalls::slot() { return choose_(32) == 0 ? choose_(kFirstFree) : kFirstFree + choose_(kSlots - kFirstFree); }

// Often a slot with a capability of this type, if there is one.
u32 RandomCalls::slot_of(ObjectType type) {
    const u32 start = slot();
    if (type == ObjectType::None || choose_(8) == 0) return start;
    const Thread& thread = *machine_.core().current;
    if (thread.table.empty()) return start;
    CapTable& table = thread.table.as<CapTable>();
    for (u32 i = 0; i < kSlots; ++i) {
        const u32 index = (start + i) % kSlots;
        if (Capability* cap = table.lookup(index); cap && cap->is(type)) return index;
    }
    return start;
}

// Nobody else can run: if this one waited, the game would be over.
bool RandomCalls::is_last(const Thread& thread) { return !machine_.core().scheduler.anyone_ready() && &thread == machine_.core().current; }

u64 RandomCalls::argument() {
    switch (choose_(8)) {
        case 0: return 0;
        case 1: return u64{choose_(8)} << kPageBits | u64{choose_(3)} << 21 | u64{choose_(3)} << 30;
        case 2: return choose_(8);
        case 3: return ~u64{choose_(4)};
        default: return slot();
    }
}

void RandomCalls::fill_message_page(Thread& thread) {
    if (!thread.utcb) return;
    for (u32& to : utcb(thread).send_slots) to = slot();
    for (u32& to : utcb(thread).receive_slots) to = slot();
}

// The last one that runs gives others another chance.
void RandomCalls::revive(Thread& thread) {
    const Invocation operation = choose_(2) == 0 ? Invocation::ThreadResume : Invocation::ThreadCancel;
    machine_.system_call(thread, SystemCall::Call, slot_of(ObjectType::Thread), Tag(static_cast<u32>(operation), 0));
}

void RandomCalls::invocation(Thread& thread) {
    const Invocation operation = kInvocations[choose_(std::size(kInvocations))];
    Words words;
    for (unsigned i = 0; i < kRegisterWords; ++i) {
        const ObjectType type = argument_type(operation, i);
        words[i] = type == ObjectType::None ? argument() : slot_of(type);
    }
    if (operation == Invocation::UntypedRetype) {
        words[0] = choose_(15) | u64{choose_(4) == 0 ? choose_(48) : choose_(14)} << 8 | u64{choose_(8) == 0 ? choose_(12) : 0} << 16;
        words[2] = choose_(4);
    } else if (operation == Invocation::SpaceMap) {
        words[1] = argument();
        words[2] = choose_(8);
    } else if (operation == Invocation::SchedConfigure) {
        words[0] = choose_(3) * 700;
        words[1] = words[0] * choose_(5);
        words[2] = choose_(70);
    } else if (operation == Invocation::ThreadPriority && choose_(4) != 0) {
        words[0] = kPriority;
    } else if (operation == Invocation::CapDerive && choose_(2) == 0) {
        words[2] = kAllRights;
        words[3] = choose_(3);
    }
    if (operation == Invocation::CapDelete) words[1] = choose_(3);
    // Where its pages are, in a table that grew.
    const u64 far = choose_(3) == 0 ? 64 + choose_(512) : 0;
    const bool on_slot = static_cast<u32>(operation) >> 8 == 2 && operation != Invocation::CapDonate;
    if (operation == Invocation::CapDonate) words[0] = far;
    if (on_slot && choose_(8) != 0)
        words[0] = far != 0 ? far : slot(), words[1] = operation == Invocation::CapDelete ? words[1] : slot();
    const u32 invoked = slot_of(invoked_type(operation));
    machine_.system_call(thread, SystemCall::Call, invoked, Tag(static_cast<u32>(operation), kRegisterWords), words);
}

void RandomCalls::system_call(Thread& thread) {
    static constexpr unsigned kCounts[] = {0, 1, 4, 5, 64, kMaxWords, kMaxWords + 1, 511};
    const unsigned caps = choose_(3) == 0 ? choose_(6) : 0;
    Tag tag(choose_(3) == 0 ? choose_(4) : 0, kCounts[choose_(std::size(kCounts))], caps);
    if (choose_(4) == 0) tag = tag.with(Tag::Move);
    const auto call = static_cast<SystemCall>(choose_(kSystemCalls + 1));
    static constexpr ObjectType kTargets[] = {ObjectType::Endpoint, ObjectType::Endpoint, ObjectType::Notification,
                                              ObjectType::Reply};
    const u64 flags = choose_(3) == 0 || is_last(thread) ? kPoll : 0;
    machine_.system_call(thread, call, slot_of(kTargets[choose_(std::size(kTargets))]), tag,
                         {argument(), argument(), argument(), argument()}, flags);
}

// The next period may bring back those whose budget is used up.
bool RandomCalls::wait_for_somebody() {
    for (unsigned i = 0; i < 12 && !machine_.core().current; ++i) machine_.time_slice();
    return machine_.core().current != nullptr;
}

bool RandomCalls::step() {
    Thread* thread = machine_.core().current;
    ++statistics_.entries;
    machine_.check_each_entry(statistics_.entries % check_every_ == 0);
    if (!thread) return wait_for_somebody();
    if (thread->registers.repeats && choose_(4) != 0) {
        machine_.repeat(*thread);
        return true;
    }
    fill_message_page(*thread);
    switch (choose_(20)) {
        case 0: machine_.time_slice(); return true;
        case 1:
            if (is_last(*thread)) break;
            machine_.page_fault(*thread, argument());
            return true;
        case 2: machine_.interrupt(choose_(kIrqs)); return true;
        case 3:
            if (choose_(4) != 0 || is_last(*thread)) break;
            machine_.exception(*thread, 6);
            return true;
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
        case 9: invocation(*thread); break;
        case 10:
        case 11:
        case 12:
        case 13: is_last(*thread) ? revive(*thread) : system_call(*thread); break;
        case 14: machine_.use_fpu(*thread); [[fallthrough]];
        default: system_call(*thread); break;
    }
    ++statistics_.calls;
    const Core& core = machine_.core();
    if (core.current == thread) {
        statistics_.successes += thread->registers.number == static_cast<u64>(Error::None);
    } else {
        ++statistics_.blocked;
    }
    return true;
}

}  // namespace eft::kernel::test
