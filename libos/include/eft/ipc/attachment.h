// What a client has attached to its session (`attach` in a schema): a part of the session's record in the state region.
#pragma once

#include <eft/abi/types.h>

namespace eft::ipc {

// Its capabilities lie in the persistent slots of the session's place if `attached` is 1.
struct AttachmentRecord {
    u64 area_bytes = 0;
    u32 attached = 0;
    u32 reserved = 0;
};

// Of services without such a call.
struct NoAttachment {
    static constexpr u32 kCount = 0;
    static constexpr u32 kSlots = 0;
    static constexpr bool kHasRing = false, kHasArea = false, kHasWake = false;
};

}  // namespace eft::ipc
