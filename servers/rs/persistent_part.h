// The persistent part of a service: made once, it outlives all incarnations. CapTable, endpoint, notification,
// configuration page, persistent memory, device assignment.
//
// What is in the CapTable below its scratch slots comes from here, except for those that proc fills for each incarnation;
// scratch slots are emptied at each death.
#pragma once

#include "core_servers.h"
#include "manifest_check.h"

#include <eft/layout.h>
#include <eft/service_config.h>
#include <eft/shared_memory.h>
#include <eft/text.h>

namespace eft::supervisor {

// Bits of rs's notification: root's tick, and one for each service.
constexpr unsigned kTickBit = 0, kFirstServiceBit = 1;
static_assert(kFirstServiceBit + kMaxServices < 61, "the bits above are libos' own");

struct PersistentPart {
    // Makes all of it, and publishes what the service provides. `trouble` says what could not be made.
    Status make(CoreServers& core, unsigned index, const manifest::Service& plan);

    std::string_view name() const { return text(plan->name()); }
    u32 slots() const { return 1u << plan->table_bits(); }
    ServiceConfig& page() const { return *reinterpret_cast<ServiceConfig*>(config.bytes().data()); }
    PersistentHead& head() const { return *reinterpret_cast<PersistentHead*>(memory.bytes().data()); }

    const manifest::Service* plan = nullptr;  // null: there is no such service
    CapHandle table, endpoint, notification;
    CapHandle bell;       // signals rs about this service
    CapHandle heartbeat;  // the service's notification, by what it is told
    CapHandle stop;
    CapHandle device;     // session with dev
    SharedMemory config, memory;
    u32 assignment = 0;
    u64 endpoint_id = 0;
    std::string_view session_kinds;  // of its clients (Programs)
    AllowedServices allowed;         // what names lets it connect to
    u32 named = 0;  // capabilities that have a name in the configuration
    bool made = false;  // everything above is there
    FixedText<95> trouble;  // what could not be made, and why
    Error missing = Error::None;  // the same for programs
    bool spare = false;  // not made, and not missed: another driver provides the same, or its device is optional

private:
    Status make_all(CoreServers& core, unsigned index);
    Status make_objects(CoreServers& core, unsigned index);
    Status make_memory();
    Status fill_table();
    Status name_capability(std::string_view its_name, Slot source, Rights mask, Badge badge);
    Status assign_device(CoreServers& core);
    Status grant(CoreServers& core, unsigned index, std::string_view server, std::string_view kind);
    Status publish(CoreServers& core);
};

}  // namespace eft::supervisor
