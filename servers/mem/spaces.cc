#include "spaces.h"

#include "contents.h"
#include "effects.h"
#include "mappings.h"
#include "objects.h"
#include "space_memory.h"

namespace eft::memory {
namespace {

constexpr u32 kOwnQuota = 16384;

Result<Slot> take_badged(State& state, Badge badge) {
    EFT_TRY(const Slot slot, take_slots(state));
    if (Status minted = effects::mint(slot, badge); !minted.ok()) {
        state.slots.give(slot);
        return minted.error();
    }
    return slot;
}

void give_badged(State& state, Slot slot) {
    if (slot == Slot::None) return;
    effects::end_descendants(slot);
    effects::remove(slot);
    state.slots.give(slot);
}

void begin_to_end(const Space& space, Space::Phase phase) {
    set(space.phase, phase);
    checkpoint();
}

// The blocks first: from then on nothing of the space runs. Whatever of this a death strikes, doing it again does the rest; the
// record goes last, with the answer.
void end_space(State& state, const Space& space) {
    begin_to_end(space, Space::Phase::Ending);
    release_memory(state, space);
    unmap_all(state, space);
    for (const Slot* own : {&space.thread, &space.context}) {
        if (*own == Slot::None) continue;
        state.slots.give(*own);
        set(*own, Slot::None);
    }
    release_objects_of(state, space);
    checkpoint();
    give_badged(state, space.session);
    give_badged(state, space.pager);
    if (space.adopted && space.space != Slot::None) {
        effects::remove(space.space);
        state.slots.give(space.space);
    }
    state.spaces.give(space);
}

// The space itself, if it has all that it needs.
Result<const Space*> finish(State& state, const Space* space, Status made) {
    if (made.ok()) return space;
    end_space(state, *space);
    return made.error();
}

Status open_sessions(State& state, const Space& space) {
    EFT_TRY(const Slot session, take_badged(state, mem::Mem::badge_of(Kind::Space, space.id)));
    set(space.session, session);
    EFT_TRY(const Slot pager, take_badged(state, mem::Mem::badge_of(Kind::Pager, space.id)));
    set(space.pager, pager);
    return {};
}

Result<const Space*> begin_space(State& state, u32 quota) {
    if (quota == 0 || quota > kMaxQuota) return Error::OutOfRange;
    EFT_TRY(Space * space, state.spaces.take());
    space->quota = quota;
    return finish(state, space, open_sessions(state, *space));
}

}  // namespace

Status open_own_space(State& state, Slot own_space, u64 archive_address, u64 archive_bytes) {
    if (state.own_space == 0) {
        EFT_TRY(const Space* own, adopt_space(state, own_space, kOwnQuota));
        set(state.own_space, own->id);
        checkpoint();
    }
    const Space& own = *state.spaces.find(state.own_space);
    if (state.archive == 0) {
        EFT_TRY(const Object* archive, device_object(state, archive_address, archive_bytes));
        set(archive->permanent, true);
        set(state.archive, archive->id);
        set(state.archive_bytes, archive_bytes);
        checkpoint();
    }
    if (own.mappings != 0) return {};
    EFT_CHECK(map_object(state, own, *state.objects.find(state.archive), {0, page_up(archive_bytes), kArchiveWindow, kReadOnly}));
    set(state.archive_shown, true);
    checkpoint();
    return {};
}

Result<const Space*> create_space(State& state, u32 quota) {
    EFT_TRY(const Space* space, begin_space(state, quota));
    return finish(state, space, take_address_space(state, *space));
}

Result<const Space*> adopt_space(State& state, Slot address_space, u32 quota) {
    EFT_TRY(const Space* space, begin_space(state, quota));
    set(space->space, address_space);
    set(space->adopted, true);
    return space;
}

Result<const Space*> lasting_space(State& state, const Space& of) {
    for (const Space& each : state.spaces)
        if (each.id != 0 && each.lasts_for == of.adopter) return &each;
    EFT_TRY(const Space* lasting, begin_space(state, of.quota));
    set(lasting->lasts_for, of.adopter);
    return lasting;
}

void lose_address_space(State& state, const Space& space) {
    begin_to_end(space, Space::Phase::Emptying);
    release_memory(state, space);
    const bool own = space.id == state.own_space;
    if (!own) {
        unmap_all(state, space);
        if (space.space != Slot::None) {
            effects::remove(space.space);
            state.slots.give(space.space);
        }
    }
    u32 used = 0;
    for (const Object& object : state.objects)
        if (object.id != 0 && object.owner == space.id) used += object.charged;
    Space& empty = edit(space);
    if (!own) empty.space = Slot::None;
    empty.stack = {};
    empty.exhausted = false;
    empty.used = used;
    empty.phase = Space::Phase::Living;
    checkpoint();
}

void destroy_space(State& state, const Space& space) {
    if (space.id != state.own_space) end_space(state, space);
}

// Of further threads there is no capability here.
void end_threads(State& state, const Space& space) {
    if (space.has_further_threads) return destroy_space(state, space);
    if (space.thread == Slot::None) return;
    begin_to_end(space, Space::Phase::Ending);
    effects::end_descendants(space.thread);
    effects::remove(space.thread);
}

void finish_undone(State& state) {
    for (const Space& space : state.spaces) {
        if (space.id == 0) continue;
        if (space.phase == Space::Phase::Living) {
            count_left_pages(state, space);
        } else if (space.phase == Space::Phase::Emptying) {
            lose_address_space(state, space);
        } else {
            end_space(state, space);
            checkpoint();
        }
    }
    for (const Object& object : state.objects) {
        if (object.id != 0) end_if_unwanted(state, object);
        step();
    }
    checkpoint();
    set_at_once(state.undone, false);
}

// Its mapping of the archive keeps its capabilities (contents.cc).
void renew_own_space(State& state) {
    if (const Space* own = state.spaces.find(state.own_space)) lose_address_space(state, *own);
    set_at_once(state.archive_shown, false);
}

}  // namespace eft::memory
