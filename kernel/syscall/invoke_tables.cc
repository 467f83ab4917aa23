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

Error retype_into_slots(InvocationContext& context) {
    const u64 what = context.argument(0);
    const u64 count = context.argument(2);
    const auto type = static_cast<ObjectType>(what & 0xff);
    if (count == 0 || count > (has_object(type) ? kMaxObjects : kMaxRetypeCount) || (what >> 24) != 0) return Error::InvalidArgument;
    const u64 first = context.argument(1);
    for (u64 i = 0; i < count; ++i) {
        const Capability* slot = context.slot(first + i);
        if (!slot) return Error::InvalidCapability;
        if (!slot->empty()) return Error::SlotOccupied;
    }
    return retype(context.core, UntypedCap(context.cap),
                  {type, static_cast<unsigned>(what >> 8 & 0xff), static_cast<unsigned>(what >> 16), static_cast<u32>(count),
                   SlotRun(context.thread.table.as<CapTable>(), first)});
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

Error inspect_untyped(InvocationContext& context) {
    const UntypedCap untyped(context.cap);
    context.answer(context.cap.address().value(), untyped->size_bits, context.cap.has_children() ? untyped->used : 0, untyped->device);
    return Error::None;
}

Error derive(InvocationContext& context, CapTable& table) {
    Capability* destination = table.lookup(context.argument(0));
    Capability* source = context.slot(context.argument(1));
    if (!destination || !source || source->empty()) return Error::InvalidCapability;
    if (!destination->empty()) return Error::SlotOccupied;
    if (source->going()) return Error::InvalidCapability;
    if (!derivable(*source)) return Error::InvalidOperation;
    const u64 detail = context.argument(3);
    if (detail != 0) {
        if (Error error = check_detail(*source, detail); error != Error::None) return error;
    }
    derive_capability(*source, *destination, static_cast<Rights>(context.argument(2)));
    if (detail != 0) set_detail(*destination, detail);
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

Error delete_slots(InvocationContext& context, CapTable& table) {
    const u64 first = context.argument(0), count = context.argument(1);
    // While objects are dying this may be the rest of a deletion that paused, which waits for them.
    Capability* cap = count <= 1 && !context.core.kernel.dying ? table.lookup(first) : nullptr;
    if (!cap || cap->empty()) return delete_range(context, table, first, count == 0 ? 1 : count);
    return remove_capability(context.core, *cap) ? Error::None : kPaused;
}

Error donate(InvocationContext& context, CapTable& table) {
    if (reap_before_reuse(context.core)) return kPaused;
    EFT_TRY(const CapPageCap page, context.find<ObjectType::CapPage>(context.argument(1)));
    return table.donate(page, context.argument(0));
}

Error move_here(InvocationContext& context, CapTable& table) {
    return move(context.slot(context.argument(1)), table.lookup(context.argument(0)));
}

Error take(InvocationContext& context, CapTable& table) {
    return move(table.lookup(context.argument(0)), context.slot(context.argument(1)));
}

Error revoke(InvocationContext& context, CapTable& table) {
    Capability* cap = table.lookup(context.argument(0));
    if (!cap || cap->empty()) return Error::InvalidCapability;
    if (!revoke_capability(context.core, *cap)) return kPaused;
    context.core.note_dying();
    return Error::None;
}

Error count_used(InvocationContext& context, CapTable& table) {
    u64 index = context.argument(0), used = context.argument(1);  // 0 unless it paused there
    if (!table.count_used(context.core, index, used)) return context.pause(index, used);
    context.answer(table.size(), used, table.pages());
    return Error::None;
}

Error inspect(InvocationContext& context, CapTable& table) {
    const Capability* indexed = table.lookup(context.argument(0));
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

constexpr Operation kUntyped[] = {{retype_into_slots, kControl}, {inspect_untyped, kControl}};
constexpr Operation kCapTable[] = {
    {on<CapTable, derive>, kControl}, {on<CapTable, move_here>, kControl}, {on<CapTable, delete_slots>, kControl},
    {on<CapTable, revoke>, kControl}, {on<CapTable, inspect>, kInspect},   {on<CapTable, count_used>, kInspect},
    {on<CapTable, take>, kControl},   {on<CapTable, donate>, kControl},
};

}  // namespace

constinit const std::span<const Operation> kUntypedOperations{kUntyped};
constinit const std::span<const Operation> kCapTableOperations{kCapTable};

}  // namespace eft::kernel
