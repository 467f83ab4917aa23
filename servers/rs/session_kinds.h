// The kinds of session that the core servers' interfaces declare, for people: which one a badge is.
#pragma once

#include <eft/idl/dev.h>
#include <eft/idl/mem.h>
#include <eft/idl/names.h>
#include <eft/idl/proc.h>
#include <eft/idl/rs.h>
#include <eft/ipc/session_kind.h>

#include <span>
#include <string_view>

namespace eft::supervisor {

struct CoreSessionKinds {
    std::string_view server;
    std::span<const std::string_view> kinds;
};
constexpr CoreSessionKinds kCoreSessionKinds[] = {{"mem", mem::Mem::kSessionKinds},
                                                  {"proc", proc::Proc::kSessionKinds},
                                                  {"dev", dev::Dev::kSessionKinds},
                                                  {"names", names::Names::kSessionKinds},
                                                  {"rs", rs::Rs::kSessionKinds}};

// "order"; empty if the server has no such kind.
constexpr std::string_view session_kind_of(std::string_view server, Badge badge) {
    for (const CoreSessionKinds& each : kCoreSessionKinds) {
        if (each.server == server && ipc::is_kind(badge, static_cast<unsigned>(each.kinds.size()))) return each.kinds[ipc::kind_number(badge) - 1];
    }
    return {};
}

}  // namespace eft::supervisor
