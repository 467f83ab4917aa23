// A Stage with mem and proc as they are, on which the test does what rs does: it makes the persistent part of a process, has
// proc spawn it, and reaps it. Processes are less important than the test: they run when it waits.
#pragma once

#include <inspect.h>
#include <memory_server.h>
#include <newc.h>
#include <stage_case.h>
#include <tests/host/elf/program.h>

#include <eft/core_processes.h>
#include <eft/idl/proc.h>
#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/service_config.h>
#include <eft/shared_memory.h>
#include <eft/text.h>
#include <eft/wake.h>

#include <map>
#include <string>

int eft_main_proc();

namespace eft::test {

namespace ko = kernel_object;

using ProcClient = proc::ProcClient<>;
using Kind = proc::Proc::SessionKind;

// The programs of the boot archive, and where their segments are: code of kCodeBytes at the entry point, data behind it.
constexpr u64 kCodeBytes = 0x1800, kDataOffset = 0x3000, kDataInFile = 0x123, kDataBytes = 0x4000;
int look_around();    // 7, and what it saw is in `seen`
int wait_and_fault();  // answers calls until it is signalled, and writes to kNowhere
int leave();           // -3

constexpr u64 kNowhere = 0x1234;
struct Seen {
    Incarnation incarnation;
    unsigned wrong_bytes;
    u64 magic;
};
inline constinit Seen seen{};

// What outlives a process.
struct PersistentPart {
    CapHandle table, endpoint, notification;
    SharedMemory config, memory;
};

struct Supervisor {
    static constexpr u8 kPriority = 5, kProcPriority = 59;
    static constexpr unsigned kTableBits = 8;
    static constexpr u64 kPersistentBytes = kPageSize, kDied = 1;  // the bit by which a death is told

    Supervisor(Stage& where) : stage(where) {
        write_archive();
        stage.as_root([this] { start_proc(); });
        control = session(Kind::Control, kSupervisorPid);
        stage.run();
    }

    CapHandle make(ObjectType type, unsigned size_bits = 0) {
        mem::KernelObjects wanted;
        wanted.type = static_cast<u8>(type);
        wanted.size_bits = static_cast<u8>(size_bits);
        return CapHandle(own_memory.make_object(wanted)->object.release());
    }
    PersistentPart make_part() {
        PersistentPart part{make(ObjectType::CapTable, kTableBits), make(ObjectType::Endpoint), make(ObjectType::Notification),
                            *SharedMemory::create(kPageSize), *SharedMemory::create(kPersistentBytes)};
        auto& page = *reinterpret_cast<ServiceConfig*>(part.config.bytes().data());
        page.magic = kConfigMagic;
        page.table_bits = kTableBits;
        page.table = table_plan();
        page.ticks_per_ms = host::Machine::kTicksPerMs;
        page.boot_time = images["wait_and_fault"]->entry;  // nobody asks for the time
        const Slot table = part.table.slot();
        CHECK(ko::derive(table, slot(WellKnown::Table), table).ok());
        CHECK(ko::derive(table, slot(WellKnown::Endpoint), part.endpoint.slot()).ok());
        CHECK(ko::derive(table, slot(WellKnown::Notification), part.notification.slot()).ok());
        return part;
    }
    proc::SpawnRequest request(const PersistentPart& part, std::string_view image) {
        proc::SpawnRequest r;
        r.image = image, r.name = "first", r.quota = 100, r.priority = kPriority, r.incarnation = 4, r.replies_delivered = 77;
        r.persistent_bytes = kPersistentBytes;
        r.table = decltype(r.table)(part.table.slot());
        r.death = decltype(r.death)(death.slot());
        r.config = decltype(r.config)(part.config.object().slot());
        r.persistent = decltype(r.persistent)(part.memory.object().slot());
        return r;
    }
    Result<u32> spawn(const PersistentPart& part, std::string_view image) {
        EFT_TRY(const proc::Pid pid, control.spawn(request(part, image)));
        return pid.pid;
    }
    Error prepare(const PersistentPart& part, std::string_view image) { return control.prepare(request(part, image)).error(); }
    Error discard() { return control.discard({.name = "first"}).error(); }
    Error kill(u32 pid, proc::DeathReason reason = proc::DeathReason::None) { return control.kill({.pid = pid, .reason = reason}).error(); }
    Error send(u32 pid, proc::Signal signal) { return control.send({.pid = pid, .signal = signal}).error(); }
    Result<proc::CrashRecord> reap(u32 pid) { return control.reap({.pid = pid}); }
    Error exit(u32 pid, int status) { return session(Kind::Process, pid).exit({.status = status}).error(); }
    proc::ProcessState state_of(u32 pid) { return control.inspect({.pid = pid})->state; }
    ProcClient session(Kind kind, u32 pid) { return ProcClient{stage.connect(*proc, proc::Proc::badge_of(kind, pid))}; }

    static ObjectType type_in(const PersistentPart& part, Slot where) { return ko::inspect(part.table.slot(), where)->type; }
    // Of a process that has not run yet.
    template <class Visit>
    static void with_thread(const PersistentPart& part, Visit visit) {
        const Slot thread = allocate_slot();
        REQUIRE(ko::take(part.table.slot(), slot(WellKnown::Thread), thread).ok());
        visit(thread);
        REQUIRE(ko::move(part.table.slot(), slot(WellKnown::Thread), thread).ok());
        return_slot(thread);
    }

    // What must be the same before a process is spawned and after it is reaped, or could not be spawned.
    struct Totals {
        u32 of_proc, of_table;  // capabilities
        u64 free_pages;
        bool operator==(const Totals&) const = default;
    };
    Totals totals(const PersistentPart& part) {
        return {stage.used_slots(*proc), *ko::used_slots(part.table.slot()), memory.free_pages()};
    }

    Stage& stage;
    MemoryServer memory{stage};
    std::map<std::string, host::Image*> images;
    Program* proc = nullptr;
    CapHandle death = *make_wake(kDied);
    ProcClient control{CapHandle()};
    mem::MemClient<> own_memory{*copy_capability(slot(WellKnown::Memory))};

private:
    void write_archive();
    void start_proc();
};

}  // namespace eft::test
