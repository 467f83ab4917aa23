#include "spawn.h"

#include "effects.h"

#include <eft/archive.h>

namespace eft::processes {
namespace {

constexpr u8 kMaxPriority = 62;
constexpr u64 kMaxPersistent = layout::kObjectBase - layout::kPersistentAddress;

// Whole pages: what stands in the file before the segment's start comes along.
Status load(Memory& memory, Process& process, const ElfSegment& segment) {
    const u64 lead = segment.address & (kPageSize - 1);
    const u64 file_bytes = segment.contents.empty() ? 0 : segment.contents.size() + lead;
    const u64 at = segment.contents.empty() ? lead : static_cast<u64>(segment.contents.data() - memory.archive().data());
    if (at < lead) return Error::BadFormat;
    if (segment.rights & bits(FrameRight::Execute)) process.code = {segment.address, segment.address + segment.memory_bytes};
    return memory.load_image(
        {process.space, segment.address - lead, at - lead, file_bytes, segment.memory_bytes + lead, segment.rights});
}

Status make_thread(Memory& memory, Process& process, const proc::SpawnRequest& request) {
    EFT_TRY(const Slot exceptions, effects::mint(proc::Proc::badge_of(Kind::Exceptions, process.pid)));
    const Result<Slot> thread = memory.make_thread(process.space, request.table.slot(), process.plan, exceptions,
                                                   {request.budget, request.period, request.priority});
    drop_slot(exceptions);
    if (!thread.ok()) return thread.error();
    process.thread = *thread;
    return {};
}

Status fill_table(Process& process, Slot table) {
    EFT_CHECK(effects::derive_into(table, WellKnown::Thread, process.thread));
    EFT_CHECK(effects::move_into(table, WellKnown::Memory, process.session));
    process.session = Slot::None;
    EFT_CHECK(effects::mint_into(table, WellKnown::Process, proc::Proc::badge_of(Kind::Process, process.pid)));
    process.has_process_session = true;
    return {};
}

Status start(const Process& process, const proc::SpawnRequest& request) {
    EFT_CHECK(effects::set_registers(
        process.thread, {process.entry, layout::kStackTop - 8, request.incarnation, request.replies_delivered}));
    EFT_CHECK(effects::set_priority(process.thread, request.priority));
    return effects::resume(process.thread);
}

}  // namespace

Result<Elf> check_spawn(const Memory& memory, const proc::SpawnRequest& request) {
    if (request.name.empty() || request.priority < 1 || request.priority > kMaxPriority) return Error::InvalidArgument;
    if (request.persistent_bytes == 0 || request.persistent_bytes % kPageSize != 0 || request.persistent_bytes > kMaxPersistent)
        return Error::InvalidArgument;
    if (request.persistent_slots > kMostPersistentSlots || request.replies < 1 || request.replies > kMostReplies) return Error::InvalidArgument;
    EFT_CHECK(effects::require(request.table.slot(), ObjectType::CapTable, bits(ControlRight::Control)));
    EFT_CHECK(effects::require(request.death.slot(), ObjectType::Notification, bits(NotificationRight::Signal)));
    EFT_TRY(const auto file, find_in_archive(memory.archive(), request.image));
    return parse_elf(file);
}

Status spawn(Memory& memory, Process& process, const Elf& elf, const proc::SpawnRequest& request) {
    process.set_name(request.name);
    process.entry = elf.entry();
    process.plan = table_plan(request.persistent_slots, request.replies);
    EFT_TRY(const NewSpace space, memory.create_space(request.quota));
    process.space = space.id;
    process.session = space.session;
    for (const ElfSegment& segment : elf.segments()) EFT_CHECK(load(memory, process, segment));
    EFT_CHECK(memory.map_into(space.id, request.config.slot(), kPageSize, layout::kConfigAddress, bits(FrameRight::Read)));
    EFT_CHECK(memory.map_into(space.id, request.persistent.slot(), request.persistent_bytes, layout::kPersistentAddress,
                              FrameRight::Read | FrameRight::Write));
    EFT_CHECK(make_thread(memory, process, request));
    EFT_TRY(process.table_slots, effects::table_slots(request.table.slot()));
    EFT_CHECK(fill_table(process, request.table.slot()));
    return start(process, request);
}

void undo_spawn(Memory& memory, Process& process, Slot table) {
    if (process.space != 0) memory.destroy_space(process.space);
    if (process.has_process_session) effects::clear(table, slot(WellKnown::Process), 1);
    drop_slot(process.session);
    drop_slot(process.thread);
}

}  // namespace eft::processes
