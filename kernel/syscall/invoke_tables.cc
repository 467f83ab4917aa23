// Invocations of Untyped and CapTable: making objects, and moving the rights to them.
#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/frame.h>
#include <object/untyped.h>
#include <syscall/invoke.h>

namespace eft::kernel {
namespace {

// All are made at once: as many as do not keep interrupts waiting for too long.
constexpr u32 kMaxRetypeCount = 256, kMaxObjects = 64;
// Empty slots are passed in runs.
constexpr u64 kEmptyRun = 16;
constexpr int kEmptyWork = 8;  // instructions for one of them

Error retype_into_slots(InvocationContext& context, UntypedCap untyped, const RetypeArguments& wanted) {
    const u64 most = has_object(wanted.type()) ? kMaxObjects : kMaxRetypeCount;
    if (wanted.count == 0 || wanted.count > most || !wanted.valid()) return Error::InvalidArgument;
    for (u64 i = 0; i < wanted.count; ++i) {
        const Capability* slot = context.slot(wanted.first + i);
        if (!slot) return Error::InvalidCapability;
        if (!slot->empty()) return Error::SlotOccupied;
    }
    return retype(context.core, untyped,
                  {wanted.type(), wanted.size_bits(), wanted.limit_bits(), static_cast<u32>(wanted.count), SlotRun(context.thread.table.as<CapTable>(), wanted.first)});
}

// A derived capability can be given a badge, or a range of numbers, where its source leaves the choice.
Error check_detail(const Capability& source, u64 wanted) {
    switch (source.type()) {
        case ObjectType::Endpoint:
        case ObjectType::Notification: return source.detail() == 0 || source.detail() == wanted ? Error::None : Error::InvalidArgument;
        case ObjectType::Irq:
        case ObjectType::IoPorts:
            return NumberRange::unpack(source.detail()).contains(NumberRange::unpack(wanted)) ? Error::None : Error::InvalidArgument;
        default: return Error::InvalidArgument;
    }
}

void set_detail(Capability& derived, u64 wanted) {
    switch (derived.type()) {
        case ObjectType::Endpoint: EndpointCap(derived)->badge = Badge(wanted); return;
        case ObjectType::Notification: NotificationCap(derived)->badge = Badge(wanted); return;
        case ObjectType::Irq: IrqCap(derived)->range = NumberRange::unpack(wanted); return;
        case ObjectType::IoPorts: IoPortsCap(derived)->range = NumberRange::unpack(wanted); return;
        default: return;
    }
}

Error inspect_untyped(InvocationContext& context, UntypedCap untyped) {
    context.answer(untyped.slot().address().value(), untyped->size_bits, untyped.slot().has_children() ? untyped->used : 0, untyped->device);
    return Error::None;
}

Error derive(InvocationContext& context, CapTable& table, const DeriveArguments& arguments) {
    Capability* destination = table.lookup(arguments.index);
    Capability* source = context.slot(arguments.source);
    if (!destination || !source || source->empty()) return Error::InvalidCapability;
    if (!destination->empty()) return Error::SlotOccupied;
    if (source->going()) return Error::InvalidCapability;
    if (!derivable(*source)) return Error::InvalidOperation;
    if (arguments.detail != 0) {
        if (Error error = check_detail(*source, arguments.detail); error != Error::None) return error;
    }
    derive_capability(*source, *destination, static_cast<Rights>(arguments.rights));
    if (arguments.detail != 0) set_detail(*destination, arguments.detail);
    return Error::None;
}

Error move(Capability* source, Capability* destination) {
    if (!destination || !source || source->empty()) return Error::InvalidCapability;
    if (!destination->empty()) return Error::SlotOccupied;
    if (!movable(*source)) return source->going() ? Error::InvalidCapability : Error::InvalidOperation;
    move_capability(*source, *destination);
    return Error::None;
}

[[gnu::noinline]] Error delete_range(InvocationContext& context, CapTable& table, u64 first, u64 count) {
    if (first == 0 || first >= table.size() || count > table.size() - first) return Error::InvalidCapability;
    while (count != 0) {
        if (const u64 empty = table.count_empty(first, count < kEmptyRun ? count : kEmptyRun); empty != 0) {
            first += empty;
            count -= empty;
            if (context.core.must_pause(kEmptyRun * kEmptyWork) && count != 0) return context.pause(first, count);
            continue;
        }
        Capability* cap = table.lookup(first);
        // The invoked one is the last: it is needed until then.
        const bool from_end = cap == &context.cap && count != 1;
        if (from_end) cap = table.lookup(first + count - 1);
        const bool empty = !cap || cap->empty();
        const int work = empty ? kSlotWork : kDeletionWork;
        if (!empty && !remove_capability(context.core, *cap)) return context.pause(first, count);
        first += !from_end;
        --count;
        if (context.core.must_pause(work) && count != 0) return context.pause(first, count);
    }
    context.core.note_dying();
    return Error::None;
}

Error delete_slots(InvocationContext& context, CapTable& table, const DeleteArguments& arguments) {
    // While objects are dying this may be the rest of a deletion that paused, which waits for them.
    Capability* cap = arguments.count <= 1 && !context.core.kernel.dying ? table.lookup(arguments.first) : nullptr;
    if (!cap || cap->empty()) return delete_range(context, table, arguments.first, arguments.count == 0 ? 1 : arguments.count);
    return remove_capability(context.core, *cap) ? Error::None : kPaused;
}

Error donate(InvocationContext& context, CapTable& table, const MoveArguments& arguments) {
    if (reap_before_reuse(context.core)) return kPaused;
    EFT_TRY(const CapPageCap page, context.find<ObjectType::CapPage>(arguments.slot));
    return table.donate(page, arguments.index);
}

Error move_here(InvocationContext& context, CapTable& table, const MoveArguments& arguments) {
    return move(context.slot(arguments.slot), table.lookup(arguments.index));
}

Error take(InvocationContext& context, CapTable& table, const MoveArguments& arguments) {
    return move(table.lookup(arguments.index), context.slot(arguments.slot));
}

Error revoke(InvocationContext& context, CapTable& table, const IndexArguments& arguments) {
    Capability* cap = table.lookup(arguments.index);
    if (!cap || cap->empty()) return Error::InvalidCapability;
    if (!revoke_capability(context.core, *cap)) return kPaused;
    context.core.note_dying();
    return Error::None;
}

Error count_used(InvocationContext& context, CapTable& table, const CountArguments& arguments) {
    u64 index = arguments.from, used = arguments.so_far;
    if (!table.count_used(context.core, index, used)) return context.pause(index, used);
    context.answer(table.size(), used, table.pages());
    return Error::None;
}

Error inspect(InvocationContext& context, CapTable& table, const IndexArguments& arguments) {
    const Capability* indexed = table.lookup(arguments.index);
    if (!indexed) return Error::InvalidCapability;
    const Capability& cap = *indexed;
    u64 summary = u64{static_cast<u8>(cap.type())} | u64{cap.rights()} << 8;
    u64 used_by = 0;
    if (cap.is(ObjectType::CapPage)) {
        const CapTable* user = cap.payload<ObjectType::CapPage>().table;
        used_by = user ? to_physical(user).value() : 0;
    } else if (cap.is(ObjectType::Frame)) {
        const FramePayload& frame = cap.payload<ObjectType::Frame>();
        summary |= u64{frame.state.sealed()} << 17 | u64{frame.state.large()} << 18;
        used_by = frame.link.space ? to_physical(frame.link.space).value() : 0;
    }
    context.answer(summary | u64{used_by != 0} << 16, cap.id(), cap.detail(), used_by);
    return Error::None;
}

constexpr Operation kUntyped[] = {operation<retype_into_slots>(kControl), operation<inspect_untyped>(kControl)};
constexpr Operation kCapTable[] = {
    operation<derive>(kControl), operation<move_here>(kControl), operation<delete_slots>(kControl),
    operation<revoke>(kControl), operation<inspect>(kInspect),   operation<count_used>(kInspect),
    operation<take>(kControl),   operation<donate>(kControl),
};

}  // namespace

constinit const std::span<const Operation> kUntypedOperations{kUntyped};
constinit const std::span<const Operation> kCapTableOperations{kCapTable};

}  // namespace eft::kernel
