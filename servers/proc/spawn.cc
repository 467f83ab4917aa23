#include "spawn.h"

#include <eft/archive.h>
#include <eft/invoke.h>

namespace eft::processes {

namespace ko = kernel_object;

namespace {

constexpr u8 kMaxPriority = 62;
constexpr u64 kMaxPersistent = layout::kObjectBase - layout::kPersistentAddress;

// InvalidArgument: the capability is none of this type. MissingRight: it has not all of these rights.
Status require(Slot which, ObjectType type, Rights rights) {
    EFT_TRY(const auto info, ko::inspect(slot(WellKnown::Table), which));
    if (info.type != type) return Error::InvalidArgument;
    return (info.rights & rights) == rights ? Status() : Error::MissingRight;
}

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
    const Badge badge = proc::Proc::badge_of(Kind::Exceptions, process.pid);
    EFT_TRY(const CapHandle exceptions, copy_capability(slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge)));
    EFT_TRY(process.thread, memory.make_thread(process.space, request.table.slot(), process.plan, exceptions.slot(),
                                               {request.budget, request.period, request.priority}));
    return {};
}

Status fill_table(Process& process, Slot table) {
    EFT_CHECK(ko::derive(table, slot(WellKnown::Thread), process.thread));
    EFT_CHECK(ko::move(table, slot(WellKnown::Memory), process.session));
    return_slot(std::exchange(process.session, Slot::None));
    const Badge badge = proc::Proc::badge_of(Kind::Process, process.pid);
    EFT_CHECK(ko::derive(table, slot(WellKnown::Process), slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge)));
    process.has_process_session = true;
    return {};
}

Status start(const Process& process, const proc::SpawnRequest& request) {
    EFT_CHECK(ko::set_registers(process.thread, process.entry, layout::kStackTop - 8, request.incarnation, request.replies_delivered));
    EFT_CHECK(ko::set_priority(process.thread, request.priority));
    return ko::resume(process.thread);
}

}  // namespace

Result<Elf> check_spawn(const Memory& memory, const proc::SpawnRequest& request) {
    if (request.name.empty() || request.priority < 1 || request.priority > kMaxPriority) return Error::InvalidArgument;
    if (request.persistent_bytes == 0 || request.persistent_bytes % kPageSize != 0 || request.persistent_bytes > kMaxPersistent)
        return Error::InvalidArgument;
    if (request.persistent_slots > kMostPersistentSlots || request.replies < 1 || request.replies > kMostReplies) return Error::InvalidArgument;
    EFT_CHECK(require(request.table.slot(), ObjectType::CapTable, bits(ControlRight::Control)));
    EFT_CHECK(require(request.death.slot(), ObjectType::Notification, bits(NotificationRight::Signal)));
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
    EFT_TRY(const u64 slots, ko::table_slots(request.table.slot()));
    process.table_slots = static_cast<u32>(slots);
    EFT_CHECK(fill_table(process, request.table.slot()));
    return start(process, request);
}

void undo_spawn(Memory& memory, Process& process, Slot table) {
    if (process.space != 0) memory.destroy_space(process.space);
    if (process.has_process_session) static_cast<void>(ko::remove(table, slot(WellKnown::Process)));
    drop_slot(process.session);
    drop_slot(process.thread);
}

}  // namespace eft::processes
