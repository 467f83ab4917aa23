// The servers that root starts, and what each of them is given.
#pragma once

#include "root_log.h"
#include "service.h"
#include "tick.h"

#include <eft/core_processes.h>
#include <eft/core_states.h>

namespace eft::root {

enum class Core : u32 { Mem, Proc, Dev, Names, Rs, Count };
constexpr u32 kCoreCount = static_cast<u32>(Core::Count);

constexpr Rights kAllEndpointRights = EndpointRight::Send | EndpointRight::Receive;

//                                        name     program  memory table prio heap state rights, table limit and pages, persistent slots, replies, shown pages
constexpr ServiceSpec kCoreServers[] = {
    {"mem", "mem", 21, 10, 60, 16, 132 * kPageSize, kAllEndpointRights, 20, 16, 512},
    {"proc", "proc", 20, 11, 59, 8, 5 * kPageSize, kAllEndpointRights, 0, 0, 210},
    {"dev", "dev", 21, 11, 58, 8, 72 * kPageSize, kAllEndpointRights, 0, 0, 1224},
    {"names", "names", 20, 11, 57, 4, 28 * kPageSize, kAllEndpointRights, 0, 0, 1312},
    {"rs", "rs", 20, 12, 56, 40, 71 * kPageSize, kAllEndpointRights, 0, 0, 448, kUsualReplies, kCoreDumpPages},
};
static_assert(std::equal(std::begin(kCoreServers), std::end(kCoreServers), kCoreProcesses.begin() + 1, kCoreProcesses.end(),
                         [](const ServiceSpec& spec, std::string_view name) { return spec.name == name; }));
static_assert(RootLog::kPages * kPageSize == Service::kLogBytes);

// root's slots that are handed to servers.
struct RootCaps {
    Slot exceptions;    // endpoint for the core servers' exceptions
    Slot notification;  // root's own
};

class CoreServers {
public:
    // `clock`: the one that is root's. dev gives it to no driver.
    Status create(Memory& memory, std::span<const std::byte> archive, const RootCaps& caps, const Tick& tick);
    // The archive and all memory but root's own go to mem, and it can read all logs; then everybody runs.
    Status start(Memory& memory, const RootLog& log);
    // The server's next incarnation, with what others hold of it; resume() lets it run.
    Status build_next(u32 index);
    Service& operator[](Core which) { return services_[static_cast<u32>(which)]; }
    Service& at(u32 index) { return services_[index]; }

private:
    Status grant_all(Memory& memory, const Tick& tick);
    Status hand_memory_over(Memory& memory);
    Status show_logs(Memory& memory, const RootLog& log);
    Status show_processes();
    Status show(Core to, std::string_view what, std::string_view process, Slot cap);

    Service services_[kCoreCount];
};

}  // namespace eft::root
