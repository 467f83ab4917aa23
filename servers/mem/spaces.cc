#include "spaces.h"

#include "contents.h"
#include "effects.h"
#include "mappings.h"
#include "objects.h"
#include "space_memory.h"

#include <eft/cap.h>

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

// The blocks first: from then on nothing of the space runs.
void end_space(State& state, Space& space) {
    release_memory(state, space);
    if (space.thread != Slot::None) state.slots.give(space.thread);
    if (space.context != Slot::None) state.slots.give(space.context);
    unmap_all(state, space);
    release_objects_of(state, space);
    give_badged(state, space.session);
    give_badged(state, space.pager);
    if (space.adopted) drop_slot(space.space);
    state.spaces.give(space);
}

// The space itself, if it has all that it needs.
Result<Space*> finish(State& state, Space* space, Status made) {
    if (made.ok()) return space;
    end_space(state, *space);
    return made.error();
}

Status open_sessions(State& state, Space& space) {
    EFT_TRY(space.session, take_badged(state, mem::Mem::badge_of(Kind::Space, space.id)));
    EFT_TRY(space.pager, take_badged(state, mem::Mem::badge_of(Kind::Pager, space.id)));
    return {};
}

Result<Space*> begin_space(State& state, u32 quota) {
    if (quota == 0 || quota > kMaxQuota) return Error::OutOfRange;
    EFT_TRY(Space * space, state.spaces.take());
    space->quota = quota;
    return finish(state, space, open_sessions(state, *space));
}

}  // namespace

Status open_own_space(State& state, Slot own_space, u64 archive_address, u64 archive_bytes) {
    EFT_TRY(Space * own, adopt_space(state, own_space, kOwnQuota));
    state.own_space = own->id;
    EFT_TRY(Object * archive, device_object(state, archive_address, archive_bytes));
    archive->permanent = true;
    state.archive = archive->id;
    state.archive_bytes = archive_bytes;
    return map_object(state, *own, *archive, {0, page_up(archive_bytes), kArchiveWindow, kReadOnly});
}

Result<Space*> create_space(State& state, u32 quota) {
    EFT_TRY(Space * space, begin_space(state, quota));
    return finish(state, space, take_address_space(state, *space));
}

Result<Space*> adopt_space(State& state, Slot address_space, u32 quota) {
    EFT_TRY(Space * space, begin_space(state, quota));
    space->space = address_space;
    space->adopted = true;
    return space;
}

Result<Space*> lasting_space(State& state, const Space& of) {
    for (Space& each : state.spaces)
        if (each.id != 0 && each.lasts_for == of.adopter) return &each;
    EFT_TRY(Space * lasting, begin_space(state, of.quota));
    lasting->lasts_for = of.adopter;
    return lasting;
}

void replace_address_space(State& state, Space& space, Slot address_space) {
    release_memory(state, space);
    unmap_all(state, space);
    drop_slot(space.space);
    space.space = address_space;
    space.small = Slot::None;
    space.stack = {};
    space.exhausted = false;
    space.used = 0;
    for (const Object& object : state.objects)
        if (object.id != 0 && object.owner == space.id) space.used += object.charged;
}

void destroy_space(State& state, Space& space) {
    if (space.id != state.own_space) end_space(state, space);
}

}  // namespace eft::memory
