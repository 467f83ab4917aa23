// The processes that are there before all others: root, and the servers that it starts, in the order of their ids.
#pragma once

#include <eft/abi/types.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace eft {

constexpr std::array<std::string_view, 6> kCoreProcesses = {"root", "mem", "proc", "dev", "names", "rs"};

// The id of the one with this name; 0: none has it.
constexpr u32 core_pid(std::string_view name) {
    const auto found = std::find(kCoreProcesses.begin(), kCoreProcesses.end(), name);
    return found == kCoreProcesses.end() ? 0 : static_cast<u32>(found - kCoreProcesses.begin()) + 1;
}

constexpr u32 kRootPid = core_pid("root");
constexpr u32 kSupervisorPid = core_pid("rs");  // starts all others

}  // namespace eft
