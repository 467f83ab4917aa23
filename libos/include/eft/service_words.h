// What is said of services, in the words that people see everywhere.
#pragma once

#include <eft/idl/rs.h>

#include <string_view>

namespace eft::rs {

constexpr std::string_view kind_text(ServiceKind kind) {
    switch (kind) {
        case ServiceKind::Core: return "core";
        case ServiceKind::Driver: return "driver";
        case ServiceKind::Server: return "server";
        case ServiceKind::Program: return "program";
        case ServiceKind::None: break;
    }
    return "-";
}

constexpr std::string_view state_text(ServiceState state) {
    switch (state) {
        case ServiceState::Up: return "up";
        case ServiceState::Starting: return "starting";
        case ServiceState::BackingOff: return "backing-off";
        case ServiceState::Held: return "held";
        case ServiceState::Down: return "down";
        case ServiceState::None: break;
    }
    return "-";
}

}  // namespace eft::rs
