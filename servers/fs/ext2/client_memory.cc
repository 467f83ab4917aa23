#include "fs/ext2/client_memory.h"

#include <eft/invoke.h>

namespace eft::ext2 {
namespace {

enum class Part : u32 { Ring, Area, Wake, Count };

Slot slot_of(u32 place, Part part) {
    return static_cast<Slot>(raw(slot(WellKnown::FirstPersistent)) + place * static_cast<u32>(Part::Count) +
                             static_cast<u32>(part));
}
static_assert(static_cast<u32>(WellKnown::FirstPersistent) + kMaxSessions * static_cast<u32>(Part::Count) <=
              static_cast<u32>(WellKnown::FirstScratch));

void delete_slots(u32 place) {
    static_cast<void>(kernel_object::remove(slot(WellKnown::Table), slot_of(place, Part::Ring), static_cast<u32>(Part::Count)));
}

// A received capability leaves its scratch slot for a persistent one.
template <class Kind>
Status move_to(ipc::CapField<Kind>& field, Slot target) {
    const Slot source = field.release();
    if (Status moved = kernel_object::move(slot(WellKnown::Table), target, source); !moved.ok()) {
        drop_slot(source);
        return moved;
    }
    return_slot(source);
    return {};
}

bool good_size(u64 bytes, u64 most) { return bytes != 0 && bytes % kPageSize == 0 && bytes <= most; }

}  // namespace

void ClientShare::signal() { sys::signal(wake_); }

Result<ClientShare> ClientMemory::keep(u32 place, Badge badge, file::AttachRequest&& request) {
    forget(place);
    if (!good_size(request.ring_bytes, kMaxRingBytes) || !good_size(request.area_bytes, kMaxAreaBytes))
        return Error::InvalidArgument;
    const auto take_over = [&]() -> Result<ClientShare> {
        EFT_CHECK(move_to(request.ring, slot_of(place, Part::Ring)));
        EFT_CHECK(move_to(request.area, slot_of(place, Part::Area)));
        EFT_CHECK(move_to(request.wake, slot_of(place, Part::Wake)));
        EFT_TRY(ClientShare share, map(place, request.ring_bytes, request.area_bytes));
        EFT_CHECK(record(place, {raw(badge), request.ring_bytes, request.area_bytes}));
        return share;
    };
    Result<ClientShare> share = take_over();
    if (!share.ok()) delete_slots(place);
    return share;
}

Result<ClientShare> ClientMemory::find(u32 place) {
    const SavedSession& session = saved_->sessions[place];
    if (session.badge == 0) return Error::NotFound;
    return map(place, session.ring_bytes, session.area_bytes);
}

void ClientMemory::forget(u32 place) {
    if (saved_->sessions[place].badge == 0) return;
    static_cast<void>(record(place, {}));
    delete_slots(place);
}

void ClientMemory::clean_up() {
    for (u32 place = 0; place < kMaxSessions; ++place)
        if (saved_->sessions[place].badge == 0) delete_slots(place);
}

Result<ClientShare> ClientMemory::map(u32 place, u64 ring_bytes, u64 area_bytes) {
    EFT_TRY(SharedMemory ring, SharedMemory::borrow(slot_of(place, Part::Ring), ring_bytes));
    EFT_TRY(SharedMemory area, SharedMemory::borrow(slot_of(place, Part::Area), area_bytes));
    return ClientShare(std::move(ring), std::move(area), slot_of(place, Part::Wake));
}

Status ClientMemory::record(u32 place, const SavedSession& session) {
    auto transaction = saved_.begin();
    EFT_CHECK(transaction.write(saved_->sessions[place], session));
    return transaction.commit_now();
}

}  // namespace eft::ext2
