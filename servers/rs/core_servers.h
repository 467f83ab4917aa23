// rs's own start: its sessions with the core servers, and the logs that it hands out.
#pragma once

#include <eft/cap.h>
#include <eft/core_processes.h>
#include <eft/idl/dev.h>
#include <eft/idl/mem.h>
#include <eft/idl/names.h>
#include <eft/idl/proc.h>
#include <eft/ipc/kernel_transport.h>

#include <array>
#include <span>
#include <string_view>

namespace eft::supervisor {

// Without root, which is no server.
constexpr std::span kCoreServers = std::span(kCoreProcesses).subspan<1>();

struct CoreServers {
    // The log ring of root or of a server that root started.
    struct Log {
        CapHandle object;
        u64 bytes = 0;
    };

    // Takes up what root granted. An error: rs cannot run.
    Status open();
    // Of the process with this id. Asked for when somebody wants to read it.
    Result<const Log*> log_of(u32 pid);
    // The core server whose endpoint this is; empty: none.
    std::string_view endpoint_name(u64 object) const;

    mem::MemClient<> memory;          // rs's own address space
    mem::MemClient<> memory_control;  // what root granted
    proc::ProcClient<> proc;
    dev::DevClient<> dev;
    names::NamesClient<> names;
    Slot device_list = Slot::None;  // a session with dev that may only list
    Slot power = Slot::None, reset = Slot::None;  // registers of eft/power.h
    std::array<u64, kCoreServers.size()> endpoint_ids{};
    std::array<Log, kCoreProcesses.size()> logs;
    std::array<Slot, kCoreProcesses.size()> tables{};  // for looking only
};

}  // namespace eft::supervisor
