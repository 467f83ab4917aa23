// For servers whose state region holds no sessions: what RegionCommit asks a session view.
#pragma once

#include <eft/abi/result.h>

#include <cstddef>
#include <span>

namespace eft {

struct NoSessions {
    static constexpr std::size_t kReserve = 0;
    void seal() {}
    Status note_change(std::span<std::byte>) { return {}; }
};

}  // namespace eft
