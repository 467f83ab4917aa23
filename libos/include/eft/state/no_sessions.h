// For servers whose state region holds no sessions: what RegionCommit asks a session view.
#pragma once

#include <eft/abi/result.h>

#include <cstddef>
#include <span>

namespace eft {

struct NoSessions {
    static constexpr std::size_t kReserve = 0;
    void seal() {}
    // There is no `once` method without sessions, so nothing is ever noted.
    Status note_change(std::span<std::byte>) { return Error::InvalidOperation; }
};

}  // namespace eft
