#include "spawn.h"

#include <eft/archive.h>
#include <eft/invoke.h>
#include <eft/state/undo_log.h>

namespace eft::processes {

namespace ko = kernel_object;

namespace {

constexpr u8 kMaxPriority = 62;
// Of the stack and the heap: what each program touches at its start, which would be as many page faults.
constexpr u64 kTouchedBytes = 2 * kPageSize;
constexpr u64 kMaxPersistent = layout::kObjectBase - layout::kPersistentAddress;

// InvalidArgument: the capability is none of this type. MissingRight: it has not all of these rights.
Status require(Slot which, ObjectType type, Rights rights) {
    EFT_TRY(const auto info, ko::inspect(slot(WellKnown::Table), which));
    if (info.type != type) return Error::InvalidArgument;
    return (info.rights & rights) == rights ? Status() : Error::MissingRight;
}

// Whole pages: what stands in the file before the segment's start comes along.
Status load(Memory& memory, u32 space, const Program& program, const ElfSegment& segment) {
    const u64 lead = segment.address & (kPageSize - 1);
    const u64 file_bytes = segment.contents.empty() ? 0 : segment.contents.size() + lead;
    const u64 at = segment.contents.empty() ? lead : static_cast<u64>(segment.contents.data() - program.source.data());
    if (at < lead) return Error::BadFormat;
    mem::Image image{space, segment.address - lead, program.source_offset + at - lead, file_bytes, segment.memory_bytes + lead, segment.rights};
    if (program.object != Slot::None) {
        if (image.offset % kPageSize != 0) return Error::BadFormat;
        image.object = decltype(image.object)(program.object);
    }
    return memory.load_image(image);
}

Status make_thread(Memory& memory, ProcessTable& processes, const Process& process, u32 space, const proc::SpawnRequest& request) {
    const Badge badge = proc::Proc::badge_of(Kind::Exceptions, process.pid);
    EFT_TRY(const CapHandle exceptions, copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge)));
    EFT_TRY(const Slot thread, memory.make_thread(space, processes.table_of(process), exceptions.slot(), {request.budget, request.period, request.priority}));
    return processes.keep(processes.thread_of(process), CapHandle(thread));
}

Status fill_table(const ProcessTable& processes, const Process& process) {
    const Slot table = processes.table_of(process);
    EFT_CHECK(ko::derive(table, slot(WellKnown::Thread), processes.thread_of(process)));
    EFT_CHECK(ko::move(table, slot(WellKnown::Memory), processes.death_of(process)));
    const Badge badge = proc::Proc::badge_of(Kind::Process, process.pid);
    return ko::derive(table, slot(WellKnown::Process), slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge));
}

}  // namespace

Status check_spawn(const proc::SpawnRequest& request) {
    if (request.name.empty() || request.priority < 1 || request.priority > kMaxPriority) return Error::InvalidArgument;
    if (request.persistent_bytes == 0 || request.persistent_bytes % kPageSize != 0 || request.persistent_bytes > kMaxPersistent)
        return Error::InvalidArgument;
    if (request.persistent_slots > kMostPersistentSlots || request.replies < 1 || request.replies > kMostReplies) return Error::InvalidArgument;
    EFT_CHECK(require(request.table.slot(), ObjectType::CapTable, bits(ControlRight::Control)));
    return require(request.death.slot(), ObjectType::Notification, bits(NotificationRight::Signal));
}

Result<Program> open_program(Memory& memory, const proc::SpawnRequest& request) {
    Program program;
    if (request.program_bytes != 0) {
        EFT_TRY(program.view, memory.show(request.config.slot(), kPageSize, request.program_bytes));
        program.source = program.view.bytes();
        program.object = request.config.slot();
        program.source_offset = kPageSize;
        EFT_TRY(program.elf, parse_elf(program.source));
        return program;
    }
    EFT_TRY(program.source, memory.archive());
    EFT_TRY(const auto file, find_in_archive(program.source, request.image));
    EFT_TRY(program.elf, parse_elf(file));
    return program;
}

Process plan_spawn(const Elf& elf, const proc::SpawnRequest& request) {
    Process process;
    process.phase = Process::Phase::Spawning;
    process.parent = kSupervisorPid;  // nobody else has the control session
    process.set_name(request.name);
    process.entry = elf.entry();
    process.plan = table_plan(request.persistent_slots, request.replies);
    const auto slots = ko::table_slots(request.table.slot());
    process.table_slots = slots.ok() ? static_cast<u32>(*slots) : 0;
    for (const ElfSegment& segment : elf.segments())
        if (segment.rights & bits(FrameRight::Execute)) process.code = {segment.address, segment.address + segment.memory_bytes};
    return process;
}

// By its id the table says whose persistent memory this is, and by its badge the configuration which one, and which program.
Result<u64> number_of(const proc::SpawnRequest& request) {
    EFT_TRY(const auto table, ko::inspect(slot(WellKnown::Table), request.table.slot()));
    EFT_TRY(const auto config, ko::inspect(slot(WellKnown::Table), request.config.slot()));
    u64 number = mix_check(table.id, u64{request.quota} << 32 | request.priority);
    for (const u64 value : {request.budget, request.period, request.persistent_bytes, u64{request.persistent_slots} << 32 | request.replies,
                            config.data, u64{request.program_bytes}})
        number = mix_check(number, value);
    for (const char c : request.image) number = mix_check(number, static_cast<u8>(c));
    return number;
}

Result<u32> build(Memory& memory, ProcessTable& processes, const Process& process, const Program& program, proc::SpawnRequest& request) {
    if (request.table.present()) EFT_CHECK(processes.keep(processes.table_of(process), CapHandle(request.table.release())));
    EFT_TRY(const NewSpace space, memory.create_space(process.pid, request.quota));
    EFT_CHECK(processes.keep(processes.death_of(process), CapHandle(space.session)));
    for (const ElfSegment& segment : program.elf.segments()) EFT_CHECK(load(memory, space.id, program, segment));
    for (const u64 first : {layout::kStackTop - kTouchedBytes, layout::kHeapBase})
        EFT_CHECK(memory.load_image({space.id, first, 0, 0, kTouchedBytes, FrameRight::Read | FrameRight::Write}));
    EFT_CHECK(memory.map_into(space.id, request.config.slot(), kPageSize, layout::kConfigAddress, bits(FrameRight::Read)));
    EFT_CHECK(memory.map_into(space.id, request.persistent.slot(), request.persistent_bytes, layout::kPersistentAddress,
                              FrameRight::Read | FrameRight::Write));
    EFT_CHECK(make_thread(memory, processes, process, space.id, request));
    return space.id;
}

Status hand_over(Memory& memory, ProcessTable& processes, const Process& process, u32 space, proc::SpawnRequest& request) {
    EFT_CHECK(fill_table(processes, process));
    EFT_CHECK(processes.keep(processes.death_of(process), CapHandle(request.death.release())));
    return memory.make_replies(space, processes.table_of(process), process.plan);
}

Status start_spawned(const ProcessTable& processes, const Process& process, const proc::SpawnRequest& request) {
    const Slot thread = processes.thread_of(process);
    EFT_CHECK(ko::set_registers(thread, process.entry, layout::kStackTop - 8, request.incarnation, request.replies_delivered));
    EFT_CHECK(ko::set_priority(thread, request.priority));
    return ko::resume(thread);
}

// Another process may have the table by now, if nothing of this one came there: a session with proc says whose it is.
Status undo_spawn(Memory& memory, ProcessTable& processes, const Process& process) {
    memory.destroy_space_of(process.pid);
    const Slot table = processes.table_of(process);
    const auto session = ko::inspect(table, slot(WellKnown::Process));
    if (session.ok() && session->data == raw(proc::Proc::badge_of(Kind::Process, process.pid)))
        static_cast<void>(ko::remove(table, slot(WellKnown::Process)));
    for (const Slot own : {processes.thread_of(process), table, processes.death_of(process)}) processes.drop(own);
    return processes.give_back(process);
}

}  // namespace eft::processes
