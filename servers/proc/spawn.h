// The birth of a process: a space of mem, the program's segments, the thread, and the slots of the process's table that
// belong to the incarnation. The table itself and the persistent memory are its supervisor's.
//
// Whatever step fails, undo() leaves nothing behind. Most of it is mem's work: when the space is destroyed, the thread,
// the Reply objects, and every capability to them or to the space's session are gone, wherever they are.
#pragma once

#include "process_table.h"

#include <eft/archive.h>
#include <eft/elf.h>

namespace eft::processes {

template <class Environment>
class Spawner {
public:
    explicit Spawner(Environment& environment) : environment_(environment) {}

    // Everything that can be seen to be wrong before anything is made.
    Result<Elf> check(const proc::SpawnRequest& request) {
        if (request.name.empty() || request.priority < 1 || request.priority > kMaxPriority)
            return Error::InvalidArgument;
        if (request.persistent_bytes == 0 || request.persistent_bytes % kPageSize != 0 ||
            request.persistent_bytes > kMaxPersistent)
            return Error::InvalidArgument;
        EFT_CHECK(environment_.require(request.table.slot(), ObjectType::CapTable, bits(ControlRight::Control)));
        EFT_CHECK(
            environment_.require(request.death.slot(), ObjectType::Notification, bits(NotificationRight::Signal)));
        EFT_TRY(const auto file, find_in_archive(environment_.archive(), request.image));
        return parse_elf(file);
    }

    // The process runs when this succeeds.
    Status build(Process& process, const Elf& elf, const proc::SpawnRequest& request) {
        process.set_name(request.name);
        process.entry = elf.entry();
        EFT_TRY(const auto space, environment_.create_space(request.quota));
        process.space = space.id;
        process.session = space.session;
        for (const ElfSegment& segment : elf.segments()) EFT_CHECK(load(process, segment));
        EFT_CHECK(environment_.map_into(space.id, request.config.slot(), kPageSize, layout::kConfigAddress,
                                        bits(FrameRight::Read)));
        EFT_CHECK(environment_.map_into(space.id, request.persistent.slot(), request.persistent_bytes,
                                        layout::kPersistentAddress, FrameRight::Read | FrameRight::Write));
        EFT_CHECK(make_thread(process, request));
        EFT_TRY(process.table_slots, environment_.table_slots(request.table.slot()));
        EFT_CHECK(fill_table(process, request.table.slot()));
        EFT_CHECK(environment_.start(
            process.thread, {elf.entry(), layout::kStackTop - 8, request.incarnation, request.replies_delivered},
            request.priority));
        return {};
    }

    void undo(Process& process, Slot table) {
        if (process.space != 0) environment_.destroy_space(process.space);
        if (process.has_process_session) environment_.clear(table, WellKnown::Process, 1);
        environment_.drop(process.session);
        environment_.drop(process.thread);
    }

private:
    static constexpr u8 kMaxPriority = 62;
    static constexpr u64 kMaxPersistent = layout::kObjectBase - layout::kPersistentAddress;

    // Whole pages: what stands in the file before the segment's start comes along.
    Status load(Process& process, const ElfSegment& segment) {
        const u64 lead = segment.address & (kPageSize - 1);
        const u64 file_bytes = segment.contents.empty() ? 0 : segment.contents.size() + lead;
        const u64 at =
            segment.contents.empty() ? lead : static_cast<u64>(segment.contents.data() - environment_.archive().data());
        if (at < lead) return Error::BadFormat;
        if (segment.rights & bits(FrameRight::Execute))
            process.code = {segment.address, segment.address + segment.memory_bytes};
        return environment_.load_image({process.space, segment.address - lead, at - lead, file_bytes,
                                        segment.memory_bytes + lead, segment.rights});
    }

    Status make_thread(Process& process, const proc::SpawnRequest& request) {
        EFT_TRY(const Slot exceptions, environment_.copy_of_endpoint(proc::Proc::badge_of(Kind::Exceptions, process.pid)));
        const Result<Slot> thread = environment_.make_thread(process.space, request.table.slot(), exceptions,
                                                             {request.budget, request.period, request.priority});
        environment_.drop(exceptions);
        if (!thread.ok()) return thread.error();
        process.thread = *thread;
        return {};
    }

    Status fill_table(Process& process, Slot table) {
        EFT_CHECK(environment_.derive_into(table, WellKnown::Thread, process.thread));
        EFT_CHECK(environment_.move_into(table, WellKnown::Memory, process.session));
        process.session = Slot::None;
        EFT_CHECK(environment_.session_into(table, WellKnown::Process, proc::Proc::badge_of(Kind::Process, process.pid)));
        process.has_process_session = true;
        return {};
    }

    Environment& environment_;
};

}  // namespace eft::processes
