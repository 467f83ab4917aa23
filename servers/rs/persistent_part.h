// The persistent part of a service: made once, it outlives all incarnations. CapTable, endpoint, notification,
// configuration page, crash dump, persistent memory, device assignment.
//
// What is in the CapTable below its scratch slots comes from here, except for those that proc fills for each incarnation;
// scratch slots are emptied at each death.
//
// It outlives rs, too: the capabilities lie in persistent slots of rs, and what cannot be read from them in PartRecord.
#pragma once

#include "core_servers.h"
#include "manifest_check.h"

#include <eft/crash_dump.h>
#include <eft/layout.h>
#include <eft/service_config.h>
#include <eft/session_slots.h>
#include <eft/shared_memory.h>
#include <eft/text.h>

namespace eft::supervisor {

// Bits of rs's notification: root's tick, and one for each service.
constexpr unsigned kTickBit = 0, kFirstServiceBit = 1;
constexpr unsigned kOwnOrderBit = kFirstServiceBit + kMaxServices;  // from rs to itself
static_assert(kOwnOrderBit < 61, "the bits above are libos' own");

// What rs keeps in its persistent slots of each service.
enum class Kept : u32 {
    Table, Endpoint, Notification, Device, Config, Memory,
    SecondConfig, OldState,  // updates.h
    Dump,
    Count
};
constexpr u32 kFirstPartSlot = 16;  // behind those of rs' own sessions
constexpr u32 kPartSlots = kMaxServices * static_cast<u32>(Kept::Count);

struct PartRecord {
    u32 entry = 0;  // of the manifest
    u32 assignment = 0;
    u32 named = 0;  // capabilities that have a name in the configuration
    u8 rank = 0;    // it starts behind those of lower ones
    bool made = false;  // all of it is there
    bool spare = false;  // not made, and not missed: another driver provides the same, or its device is optional
    Error missing = Error::None;  // why it is not made
    AllowedServices allowed;      // what names lets it connect to
};

struct PersistentPart : PartRecord {
    // Makes all of it, and publishes what the service provides. `trouble` says what could not be made. What an incarnation of rs that
    // ended in the middle of it has made is there already.
    Status make(CoreServers& core, unsigned index, const manifest::Service& plan);
    // Of the incarnation of rs before this one.
    Status take_up(const PartRecord& record, unsigned index, const manifest::Service& plan);

    std::string_view name() const { return text(plan->name()); }
    u32 slots() const { return 1u << plan->table_bits(); }
    ServiceConfig& page() const { return *reinterpret_cast<ServiceConfig*>(view(config, configuration()).data()); }
    // A page of rs' own.
    CrashDump& dump() const { return *reinterpret_cast<CrashDump*>(view(last_dump, kept(Kept::Dump)).data()); }
    TablePlan table_plan() const { return eft::table_plan(plan->persistent_slots(), plan->replies()); }
    PersistentHead& head() const { return *reinterpret_cast<PersistentHead*>(view(memory_head, kept(Kept::Memory)).data()); }
    Slot kept(Kept what) const { return slots_of_rs.at(number_of(what)); }
    Slot table() const { return kept(Kept::Table); }
    u64 log_bytes() const { return page_up(plan->log_bytes()); }
    u64 state_bytes() const { return page_up(plan->state_bytes()); }
    u64 memory_bytes() const { return kPageSize + log_bytes() + state_bytes(); }

    // Which of the two configurations (updates.h).
    Slot configuration() const { return kept(in_use); }
    void use(Kept which) {
        if (in_use != which) config.reset();
        in_use = which;
    }
    bool has(Kept what) const { return slots_of_rs.holds_anything(number_of(what)); }
    void remove(Kept what) const { SessionSlots(slots_of_rs).remove(number_of(what)); }
    // An object of so many bytes, if there is none yet.
    Status keep_memory(CoreServers& core, Kept what, u64 bytes);
    // Into the service's table, in place of what is there.
    Status derive(Slot to, Slot source, Rights mask = kAllRights, Badge badge = Badge::None);

    const manifest::Service* plan = nullptr;  // null: there is no such service
    CapHandle bell;       // signals rs about this service
    CapHandle heartbeat;  // the service's notification, by what it is told
    CapHandle stop;
    u64 endpoint_id = 0;
    FixedText<95> trouble;  // what could not be made, and why

private:
    // The first page of this object, mapped at its first use: after a death of rs most services are well, and nobody looks.
    static std::span<std::byte> view(SharedMemory& mapped, Slot object);
    u32 number_of(Kept what) const { return kFirstPartSlot + place * static_cast<u32>(Kept::Count) + static_cast<u32>(what); }
    Status keep_object(CoreServers& core, Kept what, ObjectType type, unsigned size_bits);
    Status open_views();
    void fill_page();

    Status make_all(CoreServers& core, unsigned index);
    Status make_objects(CoreServers& core);
    Status make_memory(CoreServers& core);
    Status fill_table();
    Status name_capability(std::string_view its_name, Slot source, Rights mask, Badge badge);
    Status assign_device(CoreServers& core);
    Status grant(CoreServers& core, unsigned index, std::string_view server, std::string_view kind);
    Status publish(CoreServers& core);

    SessionSlots slots_of_rs;
    unsigned place = 0;
    Kept in_use = Kept::Config;
    mutable SharedMemory config, last_dump, memory_head;  // rs' views, from their first use on
};

}  // namespace eft::supervisor
