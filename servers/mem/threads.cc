#include "threads.h"

#include "effects.h"
#include "space_memory.h"

#include <eft/cap.h>

namespace eft::memory {
namespace {

constexpr u32 kMaxReplies = 64;

Result<Slot> make_in_own_slot(State& state, const Space& space, ObjectType type) {
    EFT_TRY(const Slot slot, take_slots(state));
    if (Status made = make_small(state, space, type, slot); !made.ok()) {
        state.slots.give(slot);
        return made.error();
    }
    return slot;
}

}  // namespace

Status make_replies(State& state, const Space& space, Slot table, u32 first, u32 count) {
    if (count > kMaxReplies) return Error::OutOfRange;
    if (count == 0) return {};
    EFT_CHECK(effects::remove_from(table, static_cast<Slot>(first), count));
    EFT_TRY(const Slot run, take_slots(state, count));
    Status made = make_small(state, space, ObjectType::Reply, run, count);
    for (u32 i = 0; made.ok() && i < count; ++i) made = effects::move_into(table, slot_at(static_cast<Slot>(first), i), slot_at(run, i));
    if (!made.ok()) effects::remove(run, count);
    state.slots.give(run, count);
    return made;
}

Result<Slot> make_thread(State& state, const Space& space, const ThreadPlan& plan) {
    if (space.thread != Slot::None) return Error::AlreadyExists;
    if (space.adopted) return Error::WrongState;
    if (plan.replies > kMaxReplies || plan.ceiling >= kPriorities) return Error::OutOfRange;
    if (plan.budget > plan.period || (plan.budget == 0) != (plan.period == 0)) return Error::InvalidArgument;
    EFT_TRY(const Slot utcb, take_page(state, space, ObjectType::Frame));
    EFT_CHECK(map_frame(state, space, utcb, layout::kUtcbAddress, kReadWrite));
    EFT_TRY(const Slot thread, make_in_own_slot(state, space, ObjectType::Thread));
    set(space.thread, thread);
    EFT_TRY(const Slot context, make_in_own_slot(state, space, ObjectType::SchedContext));
    set(space.context, context);
    EFT_CHECK(effects::assemble_thread({.thread = space.thread,
                                        .context = space.context,
                                        .table = plan.table,
                                        .space = space.space,
                                        .utcb = utcb,
                                        .utcb_address = layout::kUtcbAddress,
                                        .pager = space.pager,
                                        .exceptions = plan.exceptions},
                                       plan.budget, plan.period, plan.ceiling));
    EFT_CHECK(make_replies(state, space, plan.table, plan.first_reply, plan.replies));
    EFT_TRY(CapHandle copy, copy_capability(space.thread));
    return copy.release();
}

Result<Slot> make_further_thread(State& state, const Space& space, Slot table, unsigned index) {
    if (space.thread == Slot::None || space.adopted) return Error::WrongState;
    if (index >= layout::kMostFurtherThreads) return Error::OutOfRange;
    EFT_TRY(const bool has_share, effects::is_bounded(space.context));
    if (has_share) return Error::WrongState;
    set(space.has_further_threads, true);
    EFT_TRY(const u8 priority, effects::priority_of(space.thread));
    EFT_TRY(const Slot utcb, take_page(state, space, ObjectType::Frame));
    if (const Status mapped = map_frame(state, space, utcb, layout::further_utcb(index), kReadWrite); !mapped.ok())
        return mapped.error() == Error::AlreadyMapped ? Error::AlreadyExists : mapped.error();
    // Both lie in slots of libos': the thread's is sent away, and of its context only the thread knows then.
    CapHandle thread(allocate_slot()), context(allocate_slot());
    if (!thread || !context) return Error::LimitReached;
    EFT_CHECK(make_small(state, space, ObjectType::Thread, thread.slot()));
    EFT_CHECK(make_small(state, space, ObjectType::SchedContext, context.slot()));
    EFT_CHECK(effects::assemble_thread({.thread = thread.slot(),
                                        .context = context.slot(),
                                        .table = table,
                                        .space = space.space,
                                        .utcb = utcb,
                                        .utcb_address = layout::further_utcb(index),
                                        .pager = space.pager,
                                        .exceptions = Slot::None},
                                       0, 0, priority));
    EFT_CHECK(effects::set_priority(thread.slot(), priority));
    return thread.release();
}

Result<Slot> make_object(State& state, const Space& space, ObjectType type, unsigned size_bits) {
    const bool table = type == ObjectType::CapTable;
    if (!table && type != ObjectType::Endpoint && type != ObjectType::Notification && type != ObjectType::Reply)
        return Error::NotSupported;
    if (table ? size_bits < 1 || size_bits > kMaxTableBits : size_bits != 0) return Error::InvalidArgument;
    const Slot slot = allocate_slot();
    if (slot == Slot::None) return Error::LimitReached;
    if (Status made = make_small(state, space, type, slot, 1, size_bits); !made.ok()) {
        drop_slot(slot);
        return made.error();
    }
    return slot;
}

}  // namespace eft::memory
