// What clients gave at Attach, kept over the death of this server.
//
// The capabilities of session number n (its ring, its area, its notification) lie in three persistent slots of their
// own; the state region says whose they are. A session is in the record after its capabilities are in their slots, and
// out of it before they leave: whatever lies in a slot without a record is from a step that was cut short, and deleted
// at the next start.
#pragma once

#include "fs/ext2/file_session.h"

#include <eft/cap.h>
#include <eft/shared_memory.h>
#include <eft/state/region.h>

#include <optional>

namespace eft::ext2 {

constexpr u64 kMaxRingBytes = 64 * 1024;
constexpr u64 kMaxAreaBytes = 4 * 1024 * 1024;

struct SavedSession {
    u64 badge;  // 0: none
    u64 ring_bytes;
    u64 area_bytes;
};
struct SavedState {
    SavedSession sessions[kMaxSessions] = {};
};
using SavedRegion = StateRegion<SavedState>;

// The ring and area of one client, mapped; and its notification.
class ClientShare {
public:
    ClientShare(SharedMemory ring, SharedMemory area, Slot wake)
        : ring_(std::move(ring)), area_(std::move(area)), wake_(wake) {}

    std::span<std::byte> ring() { return ring_.bytes(); }
    std::span<std::byte> area() { return area_.bytes(); }
    void signal();

private:
    SharedMemory ring_;
    SharedMemory area_;
    Slot wake_;
};

class ClientMemory {
public:
    explicit ClientMemory(SavedRegion& saved) : saved_(saved) {}

    // Sizes must be whole pages within the limits above. After an error the session has no memory.
    Result<ClientShare> keep(u32 place, Badge badge, file::AttachRequest&& request);
    // What an earlier incarnation kept there. NotFound: nothing.
    Result<ClientShare> find(u32 place);
    Badge badge(u32 place) const { return Badge{saved_->sessions[place].badge}; }
    // Forgets the record and deletes the capabilities; the mapping goes with the ClientShare.
    void forget(u32 place);
    // Deletes capabilities without a record.
    void clean_up();

private:
    Result<ClientShare> map(u32 place, u64 ring_bytes, u64 area_bytes);
    Status record(u32 place, const SavedSession& session);

    SavedRegion& saved_;
};

}  // namespace eft::ext2
