// Random invocations, with arguments that fit as a rule.
#include "differential.h"

#include <iterator>

namespace eft::model {
namespace {

struct Choice {
    Invocation operation;
    ObjectType type;
    u32 weight;
};

constexpr Choice kChoices[] = {
    {Invocation::UntypedRetype, ObjectType::Untyped, 8},      {Invocation::UntypedInspect, ObjectType::Untyped, 1},
    {Invocation::CapDerive, ObjectType::CapTable, 10},        {Invocation::CapMove, ObjectType::CapTable, 5},
    {Invocation::CapDelete, ObjectType::CapTable, 8},         {Invocation::CapRevoke, ObjectType::CapTable, 4},
    {Invocation::CapInspect, ObjectType::CapTable, 3},        {Invocation::CapUsed, ObjectType::CapTable, 1},
    {Invocation::CapDonate, ObjectType::CapTable, 4},         {Invocation::CapTake, ObjectType::CapTable, 4},           {Invocation::ThreadConfigure, ObjectType::Thread, 1},
    {Invocation::ThreadHandlers, ObjectType::Thread, 2},      {Invocation::ThreadBind, ObjectType::Thread, 3},
    {Invocation::ThreadSetReply, ObjectType::Thread, 3},      {Invocation::ThreadRegisters, ObjectType::Thread, 1},
    {Invocation::ThreadPriority, ObjectType::Thread, 3},      {Invocation::ThreadResume, ObjectType::Thread, 4},
    {Invocation::ThreadSuspend, ObjectType::Thread, 2},       {Invocation::ThreadInspect, ObjectType::Thread, 2},
    {Invocation::ThreadCancel, ObjectType::Thread, 3},        {Invocation::ThreadContext, ObjectType::Thread, 3},
    {Invocation::ThreadForeign, ObjectType::Thread, 1},
    {Invocation::SpaceMap, ObjectType::AddressSpace, 7},      {Invocation::SpaceUnmap, ObjectType::AddressSpace, 3},
    {Invocation::SpaceDonate, ObjectType::AddressSpace, 5},   {Invocation::SpaceInspect, ObjectType::AddressSpace, 2},
    {Invocation::FrameSeal, ObjectType::Frame, 1},            {Invocation::IrqBind, ObjectType::Irq, 3},
    {Invocation::IrqAck, ObjectType::Irq, 1},                 {Invocation::IrqMode, ObjectType::Irq, 1},
    {Invocation::IrqMessage, ObjectType::Irq, 1},             {Invocation::PortIn, ObjectType::IoPorts, 1},
    {Invocation::PortOut, ObjectType::IoPorts, 1},            {Invocation::SchedConfigure, ObjectType::SchedContext, 3},
    {Invocation::SchedHandler, ObjectType::SchedContext, 2},  {Invocation::SchedInspect, ObjectType::SchedContext, 2},
};

}  // namespace

void Differential::arguments(Id thread, Invocation operation, Words& words) {
    const auto slot = [&](ObjectType type) -> u64 { return slot_of(thread, type); };
    switch (operation) {
        case Invocation::UntypedRetype: {
            static constexpr ObjectType kTypes[] = {ObjectType::Untyped, ObjectType::Endpoint, ObjectType::Notification, ObjectType::Reply,
                                                    ObjectType::SchedContext, ObjectType::Thread, ObjectType::CapTable, ObjectType::Frame,
                                                    ObjectType::PageTable, ObjectType::CapPage, ObjectType::AddressSpace};
            const ObjectType type = kTypes[choose(std::size(kTypes))];
            const u64 bits = type == ObjectType::Untyped ? 6 + choose(8) : type == ObjectType::CapTable ? 1 + choose(5) : 0;
            words = {static_cast<u64>(type) | bits << 8, empty_slot(thread), 1 + choose(2), 0};
            if (type == ObjectType::CapTable && chance(20)) words[0] = static_cast<u64>(type) | u64{6 + choose(2)} << 8 | u64{6 + choose(4)} << 16;
            if (chance(5)) words = {choose(16) | u64{choose(60)} << 8, any_slot(thread), choose(300), 0};
            if (chance(2)) words[0] |= u64{choose(300)} << 16;
            break;
        }
        case Invocation::ThreadConfigure:
            words = {slot(ObjectType::CapTable), slot(ObjectType::AddressSpace), slot(ObjectType::Frame), address() | choose(20) / 19};
            break;
        case Invocation::ThreadHandlers:
            words = {chance(80) ? slot(ObjectType::Endpoint) : 0, chance(80) ? slot(ObjectType::Endpoint) : 0, 0, 0};
            break;
        case Invocation::ThreadBind: words = {chance(80) ? slot(ObjectType::Notification) : 0, 0, 0, 0}; break;
        case Invocation::ThreadSetReply: words = {chance(70) ? slot(ObjectType::Reply) : empty_slot(thread), 0, 0, 0}; break;
        case Invocation::ThreadRegisters: words = {address(), chance(95) ? address() : ~u64{0}, choose(100), choose(100)}; break;
        case Invocation::ThreadPriority: words = {chance(90) ? 6 + choose(8) : choose(70), 0, 0, 0}; break;
        case Invocation::ThreadContext: words = {chance(85) ? slot(ObjectType::SchedContext) : 0, 0, 0, 0}; break;
        case Invocation::ThreadForeign:  // whose handler begins in the range, behind its first system call
            words = {chance(60) ? u64{0x500'0002} : 0, chance(90) ? u64{0x500'0000} : address(), chance(90) ? u64{0x1000} : ~u64{0}, 0};
            if (chance(5)) words[0] = ~u64{0};
            break;
        case Invocation::SchedConfigure: {
            const u64 budget = chance(50) ? 0 : 700 * (1 + choose(4));
            words = {budget, budget * choose(6), chance(80) ? 40 : choose(70), 0};
            break;
        }
        case Invocation::SchedHandler: words = {chance(80) ? slot(ObjectType::Endpoint) : 0, 0, 0, 0}; break;
        case Invocation::SpaceMap:
            words = {slot(ObjectType::Frame), address() | choose(40) / 39, chance(90) ? 1 + choose(3) : choose(8), 0};
            if (chance(20)) words[2] |= 256;
            if (chance(3)) words[2] |= u64{1} << (16 + choose(40));
            break;
        case Invocation::SpaceInspect: words = {}; break;  // not 0: the count goes on from there
        case Invocation::SpaceUnmap: words = {slot(ObjectType::Frame), 0, 0, 0}; break;
        case Invocation::SpaceDonate: words = {slot(ObjectType::PageTable), 0, 0, 0}; break;
        case Invocation::IrqBind: words = {20 + choose(10), slot(ObjectType::Notification), 0, 0}; break;
        case Invocation::IrqAck:
        case Invocation::IrqMode:
        case Invocation::IrqMessage: words = {20 + choose(10), choose(2), choose(2), 0}; break;
        case Invocation::PortIn:
        case Invocation::PortOut: words = {0x3f0 + choose(20), 1u << choose(4), choose(1000), 0}; break;
        default: words = {any_slot(thread), any_slot(thread), choose(100), choose(100)}; break;
    }
}

Operation Differential::invocation(Id thread) {
    u32 total = 0;
    for (const Choice& choice : kChoices) total += choice.weight;
    u32 pick = choose(total);
    const Choice* choice = kChoices;
    while (pick >= choice->weight) pick -= choice++->weight;
    u32 target = slot_of(thread, choice->type);
    Words words;
    arguments(thread, choice->operation, words);
    if (choice->type == ObjectType::CapTable) {
        // The table is the thread's own, or another one; the slot in it is full or empty as the operation wants it.
        const bool own = chance(60) || !model_.slot(thread, target);
        if (own && is_manager(thread)) target = kernel::test::kTable;
        const CapId table = model_.slot(thread, target);
        const bool in_own = table && model_.cap(table).object == model_.inner_object(thread, kTable);
        const bool wants_empty = choice->operation == Invocation::CapDerive || choice->operation == Invocation::CapMove;
        u32 index = in_own ? (wants_empty ? empty_slot(thread) : full_slot(thread)) : chance(50) ? 1 + choose(32) : 64 + choose(200);
        if (in_own && forbidden(thread, index)) index = 250;
        words = {index, wants_empty ? full_slot(thread) : empty_slot(thread), 0, 0};
        switch (choice->operation) {
            case Invocation::CapDerive:
                words[2] = chance(70) ? kAllRights : choose(8);
                words[3] = chance(30) ? choose(5) : 0;
                if (chance(10)) words[1] = slot_of(thread, chance(50) ? ObjectType::Irq : ObjectType::IoPorts), words[3] = u64{1 + choose(2)} << 32 | (20 + choose(6));
                if (is_manager(thread) && words[1] < kFirstGroup && words[1] != kernel::test::kIrq && words[1] != kernel::test::kPorts) words[1] = any_slot(thread);
                break;
            case Invocation::CapMove:
                if (forbidden(thread, static_cast<u32>(words[1]))) words[1] = 250;
                break;
            case Invocation::CapDelete:
                words[1] = chance(85) ? choose(2) : choose(4);
                for (u32 i = 0; in_own && i < words[1]; ++i) {
                    if (forbidden(thread, index + i)) words[1] = 0;
                }
                break;
            case Invocation::CapUsed: words = {}; break;
            case Invocation::CapDonate: words = {64 + choose(200), slot_of(thread, ObjectType::CapPage), 0, 0}; break;
            case Invocation::CapRevoke:
                // Not too often: all that was made of a pool is gone then.
                if (is_manager(thread) && index < kShared + 8 && chance(90)) words[0] = 150 + choose(20);
                break;
            default: break;
        }
    }
    if (choice->operation == Invocation::SpaceUnmap && model_.slot(thread, target)) {
        for (u32 i = 0; i < 60; ++i) {
            const u32 frame = any_slot(thread);
            const CapId id = model_.slot(thread, frame);
            if (!id || model_.cap(id).space == 0 || model_.cap(id).space != model_.cap(model_.slot(thread, target)).object) continue;
            if (model_.cap(id).type == ObjectType::Frame) words[0] = frame;
        }
    }
    Operation operation = invoke(target, choice->operation, words);
    if (chance(2)) operation.tag = Tag(operation.tag.label(), choose(6), choose(10) / 9);
    if (chance(1)) operation.tag = Tag(operation.tag.label() + 11, 4);
    // The manager must not stop itself.
    const CapId to = model_.slot(thread, target);
    const bool itself = to && is_manager(thread) && model_.cap(to).object == manager_;
    return itself ? system(SystemCall::Yield, 0, Tag()) : operation;
}

}  // namespace eft::model
