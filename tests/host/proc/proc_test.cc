// proc as rs and processes see it.
#include "supervisor.h"

#include <eft/archive.h>

using namespace eft;
using namespace eft::test;

namespace {

using proc::Proc;

struct Scene : Supervisor {
    // proc has mapped the archive.
    Scene(Stage& where) : Supervisor(where) { CHECK(spawn(part, "absent").error() == Error::NotFound); }

    PersistentPart part = make_part();

    // To a call without words.
    Error answer(u32 label, Badge badge) {
        const CapHandle session = stage.connect(*proc, badge);
        sys::Registers registers;
        registers.tag = Tag(label, 0);
        REQUIRE(sys::call(session.slot(), registers) == Error::None);
        return static_cast<Error>(registers.tag.label());
    }
};

}  // namespace

STAGE_CASE(Scene, "a process starts with its image, its slots, its registers") {
    const u32 of_proc = stage.used_slots(*proc);
    const auto pid = spawn(part, "look_around");
    REQUIRE(pid.ok());
    CHECK(stage.used_slots(*proc) == of_proc + 3);  // thread, table, death: nothing else of the request is kept
    with_thread(part, [&](Slot thread) {
        const auto info = ko::inspect_thread(thread);
        REQUIRE(info.ok());
        CHECK(info->priority == kPriority);
        CHECK(info->instruction_pointer == images["look_around"]->entry);
        CHECK(info->get(UserRegister::Rsp) == layout::kStackTop - 8);
    });
    const auto process = ko::inspect(part.table.slot(), slot(WellKnown::Process));
    CHECK(process->type == ObjectType::Endpoint);
    CHECK(process->rights == bits(EndpointRight::Send));
    CHECK(process->data == raw(Proc::badge_of(Kind::Process, *pid)));
    CHECK(type_in(part, slot(WellKnown::Memory)) == ObjectType::Endpoint);
    for (u32 i = 0; i < kUsualReplies; ++i) CHECK(type_in(part, Slot{table_plan().first_reply + i}) == ObjectType::Reply);
    stage.run();
    CHECK(seen.incarnation.number == 4);
    CHECK(seen.incarnation.replies_delivered == 77);
    CHECK(seen.wrong_bytes == 0);
    CHECK(seen.magic == kConfigMagic);
    const auto record = reap(*pid);
    REQUIRE(record.ok());
    CHECK(record->reason == proc::DeathReason::Exit);
    CHECK(record->exit_status == 7);
}

STAGE_CASE(Scene, "whatever the kernel refuses during a spawn, to proc or to mem, nothing is left") {
    const auto end = [&](u32 pid) { CHECK((kill(pid) == Error::None && reap(pid).ok())); };
    end(*spawn(part, "leave"));
    REQUIRE(poll_wake() == kDied);
    const Totals before = totals(part);
    unsigned failures = 0;
    for (u64 fatal = 0;; ++fatal) {
        CAPTURE(fatal);
        u64 operations;
        const auto pid = [&] {
            const host::Failure failure(fatal);
            const auto result = spawn(part, "leave");
            operations = failure.operations();
            return result;
        }();
        if (operations <= fatal) {
            REQUIRE(pid.ok());
            end(*pid);
            break;
        }
        if (pid.ok()) {  // mem has found another way
            end(*pid);
            CHECK(poll_wake() == kDied);
        } else {
            ++failures;
        }
        CHECK(totals(part) == before);
        CHECK(poll_wake() == 0);
        CHECK(control.next({.after = kSupervisorPid}).error() == Error::NotFound);
    }
    CHECK(failures >= 30);
    CHECK(totals(part) == before);
}

STAGE_CASE(Scene, "requests that are refused before anything is made") {
    const Totals before = totals(part);
    const auto refused = [&](auto change) {
        auto r = request(part, "leave");
        change(r);
        const Error error = control.spawn(r).error();
        CHECK(totals(part) == before);
        return error;
    };
    CHECK(refused([](auto& r) { r.image = "absent"; }) == Error::NotFound);
    CHECK(refused([](auto& r) { r.image = "other"; }) == Error::BadFormat);
    CHECK(refused([](auto& r) { r.image = ""; }) == Error::NotFound);
    CHECK(refused([](auto& r) { r.name = ""; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.priority = 0; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.priority = 63; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.persistent_bytes = 0; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.persistent_bytes = 100; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.persistent_bytes = ~u64{0} << 12; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.replies = 0; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.replies = kMostReplies + 1; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.persistent_slots = kMostPersistentSlots + 1; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.quota = 0; }) == Error::OutOfRange);
    CHECK(refused([](auto& r) { r.quota = 2; }) == Error::OutOfMemory);
    // What is no table, no notification and no memory.
    CHECK(refused([&](auto& r) { r.table = decltype(r.table)(part.endpoint.slot()); }) == Error::InvalidArgument);
    CHECK(refused([&](auto& r) { r.death = decltype(r.death)(part.endpoint.slot()); }) == Error::InvalidArgument);
    CHECK(refused([&](auto& r) { r.config = decltype(r.config)(part.endpoint.slot()); }) == Error::InvalidArgument);
    const CapHandle looking = *copy_capability(part.table.slot(), bits(ControlRight::Inspect));
    CHECK(refused([&](auto& r) { r.table = decltype(r.table)(looking.slot()); }) == Error::MissingRight);
    const CapHandle deaf = *copy_capability(part.notification.slot(), bits(NotificationRight::Wait));
    CHECK(refused([&](auto& r) { r.death = decltype(r.death)(deaf.slot()); }) == Error::MissingRight);
    CHECK(poll_wake() == 0);
}

STAGE_CASE(Scene, "an exception freezes the process, is recorded and told; all is revoked when it is reaped") {
    const Slot kept = slot(WellKnown::FirstPersistent), received{table_plan().first_scratch + 3};
    REQUIRE(ko::derive(part.table.slot(), kept, part.notification.slot()).ok());
    const Totals before = totals(part);
    const u64 code = images["wait_and_fault"]->entry;
    const u32 pid = *spawn(part, "wait_and_fault");
    with_thread(part, [&](Slot thread) {
        REQUIRE(ko::suspend(thread).ok());
        REQUIRE(ko::set_registers(thread, code, layout::kStackTop - 40, 4, 77).ok());
        REQUIRE(ko::resume(thread).ok());
    });
    for (int i = 0; i < 2; ++i) {
        sys::Registers registers;
        REQUIRE(sys::call(part.endpoint.slot(), registers) == Error::None);
    }
    CHECK(state_of(pid) == proc::ProcessState::Blocked);
    REQUIRE(ko::derive(part.table.slot(), received, part.notification.slot()).ok());
    const Totals alive = totals(part);
    sys::signal((*copy_capability(part.notification.slot(), bits(NotificationRight::Signal), 1)).slot());
    CHECK(poll_wake() == 0);
    stage.run();
    CHECK(poll_wake() == kDied);
    const Totals frozen = totals(part);
    CHECK(frozen.free_pages <= alive.free_pages);  // a device may still write into its memory
    CHECK(frozen.of_table == alive.of_table);
    CHECK(state_of(pid) == proc::ProcessState::Dead);

    CHECK(kill(pid) == Error::WrongState);
    CHECK(send(pid, proc::Signal::Hang) == Error::WrongState);
    const auto last = control.messages({.pid = pid});
    REQUIRE(last.ok());
    REQUIRE(last->tags.size() == 2);
    CHECK(last->tags[0] == 0x10002'0000'0004);
    CHECK(last->badges[0] == 9);
    CHECK(last->times[0] == 1000);
    CHECK(last->answers[0] == 4);
    CHECK(last->badges[1] == 10);
    CHECK(last->answers[1] == TraceEntry::kNone);
    const auto registers = control.registers({.pid = pid});
    REQUIRE(registers.ok());
    CHECK(registers->values.of[static_cast<std::size_t>(UserRegister::Rip)] == code);
    CHECK(registers->values.of[static_cast<std::size_t>(UserRegister::Rsp)] == layout::kStackTop - 40);
    stage.run();
    CHECK(state_of(pid) == proc::ProcessState::Dead);
    const auto record = reap(pid);
    REQUIRE(record.ok());
    CHECK(control.messages({.pid = pid}).error() == Error::NotFound);
    CHECK(control.registers({.pid = pid}).error() == Error::NotFound);
    CHECK(type_in(part, kept) == ObjectType::Notification);  // what is the service's stays
    CHECK(type_in(part, received) == ObjectType::None);
    CHECK(totals(part) == before);
    CHECK(poll_wake() == 0);
    CHECK(record->reason == proc::DeathReason::PageFault);
    CHECK(record->vector == 14);
    CHECK(record->error_code == 6);
    CHECK(record->address == kNowhere);
    CHECK(record->instruction == code);
    CHECK(record->stack == layout::kStackTop - 40);
    CHECK(record->replies_delivered == 2);
    CHECK(record->backtrace.frames[0] == code + 0x123);
    CHECK(record->backtrace.frames[1] == code + kCodeBytes - 1);
    CHECK(record->backtrace.frames[2] == code);
    CHECK(record->backtrace.frames[3] == 0);
    CHECK(record->died_at < record->gone_at);
    CHECK(reap(pid).error() == Error::NotFound);
    CHECK(kill(pid) == Error::NotFound);
}

STAGE_CASE(Scene, "exit, kill, and what the records say") {
    const u32 first = *spawn(part, "leave");
    stage.run();
    CHECK(poll_wake() == kDied);
    CHECK(exit(first, 0) == Error::WrongState);
    const auto record = reap(first);
    CHECK(record->reason == proc::DeathReason::Exit);
    CHECK(record->exit_status == -3);
    const u32 second = *spawn(part, "leave");
    CHECK(second != first);
    CHECK(reap(second).error() == Error::WrongState);
    CHECK(control.registers({.pid = second}).error() == Error::WrongState);
    CHECK(exit(first, 0) == Error::NotFound);  // the old session is nobody's
    CHECK(kill(second, proc::DeathReason::Hung) == Error::None);
    CHECK(reap(second)->reason == proc::DeathReason::Hung);
    const u32 third = *spawn(part, "leave");
    CHECK(exit(third, 5) == Error::None);
    CHECK(reap(third)->exit_status == 5);
}

STAGE_CASE(Scene, "signals send the thread behind its entry point") {
    const u64 entry = images["leave"]->entry;
    const u32 pid = *spawn(part, "leave");
    CHECK(send(pid, proc::Signal::Hang) == Error::None);
    CHECK(control.inspect({.pid = pid})->instruction == entry + layout::kHangOffset);
    CHECK(state_of(pid) == proc::ProcessState::Running);
    CHECK(send(pid, proc::Signal::Crash) == Error::None);
    CHECK(control.inspect({.pid = pid})->instruction == entry + layout::kCrashOffset);
    CHECK(send(pid, proc::Signal::None) == Error::InvalidArgument);
    CHECK(send(999, proc::Signal::Hang) == Error::NotFound);
    stage.run();
    const auto record = reap(pid);
    CHECK(record->reason == proc::DeathReason::Exception);
    CHECK(record->vector == 6);
}

STAGE_CASE(Scene, "a process may end itself and look around, nothing more") {
    const u32 pid = *spawn(part, "leave");
    const u32 supervisors[] = {Proc::SpawnMethod::kLabel, Proc::KillMethod::kLabel, Proc::SendMethod::kLabel,
                               Proc::ReapMethod::kLabel, Proc::MessagesMethod::kLabel, Proc::RegistersMethod::kLabel,
                               Proc::InspectMethod::kLabel, Proc::PrepareMethod::kLabel, Proc::DiscardMethod::kLabel};
    for (const u32 label : supervisors) {
        for (const Kind kind : {Kind::Process, Kind::Exceptions}) CHECK(answer(label, Proc::badge_of(kind, pid)) == Error::PermissionDenied);
        for (const Badge badge : {Badge::None, Badge{1}, Badge{2}, Badge{~u64{0}}}) CHECK(answer(label, badge) == Error::StaleSession);
        CHECK(answer(label, Proc::badge_of(Kind::Control, kSupervisorPid)) != Error::PermissionDenied);
    }
    for (const Kind kind : {Kind::Control, Kind::Exceptions})
        CHECK(answer(Proc::ExitMethod::kLabel, Proc::badge_of(kind, pid)) == Error::PermissionDenied);
    CHECK(answer(Proc::NextMethod::kLabel, Proc::badge_of(Kind::Exceptions, pid)) == Error::PermissionDenied);
    CHECK(answer(Proc::NextMethod::kLabel, Proc::badge_of(Kind::Process, pid)) == Error::None);
    // Only the kernel's messages are exceptions, whoever has the badge.
    for (const Kind kind : {Kind::Exceptions, Kind::Process, Kind::Control}) {
        const CapHandle forged = stage.connect(*proc, Proc::badge_of(kind, pid));
        sys::Registers registers;
        registers.tag = Tag(kExceptionLabel, 4).with(Tag::Fault);
        registers.w[2] = u64{6} << 32;
        static_cast<void>(sys::call(forged.slot(), registers));
        CHECK(state_of(pid) == proc::ProcessState::Running);
    }
}

STAGE_CASE(Scene, "core processes are listed, the parent of all others is rs, and proc ends none of them") {
    const u32 child = *spawn(part, "leave");
    CHECK(child == kCoreProcesses.size() + 1);
    const auto root = control.next({.after = 0});
    CHECK(root->name == "root");
    CHECK(root->pid == kRootPid);
    CHECK(root->parent == 0);
    CHECK(root->pages == 0);
    const auto last = control.next({.after = kSupervisorPid - 1});
    CHECK(last->name == "rs");
    CHECK(last->parent == kRootPid);
    CHECK(last->state != proc::ProcessState::Dead);
    CHECK(control.next({.after = kSupervisorPid})->parent == kSupervisorPid);
    for (u32 pid = 1; pid < child; ++pid) {
        CHECK(kill(pid) == Error::PermissionDenied);
        CHECK(send(pid, proc::Signal::Crash) == Error::PermissionDenied);
        CHECK(reap(pid).error() == Error::WrongState);
        CHECK(exit(pid, 0) == Error::PermissionDenied);
    }
}

STAGE_CASE(Scene, "what is prepared is nobody until it is asked for, and only the same request takes it") {
    const Totals before = totals(part);
    const auto pages_of_next = [&] {
        const u64 free = memory.free_pages();
        REQUIRE(prepare(part, "leave") == Error::None);
        return free - memory.free_pages();
    };
    const u32 first = *spawn(part, "wait_and_fault");
    CHECK(pages_of_next() > 10);
    CHECK(pages_of_next() == 0);  // it is there
    CHECK(control.next({.after = first}).error() == Error::NotFound);
    CHECK(control.inspect({.pid = first + 1}).error() == Error::NotFound);
    CHECK(kill(first) == Error::None);
    CHECK(poll_wake() == kDied);
    REQUIRE(reap(first).ok());
    CHECK(reap(first).error() == Error::NotFound);
    CHECK(control.next({.after = kSupervisorPid}).error() == Error::NotFound);

    CHECK(*spawn(part, "leave") == first + 1);
    stage.run();
    CHECK(poll_wake() == kDied);
    CHECK(reap(first + 1)->exit_status == -3);
    CHECK(seen.incarnation.number == 4);
    CHECK(pages_of_next() == 0);  // what the first one had is free, and as much
    const u32 other = *spawn(part, "wait_and_fault");
    CHECK(other == first + 3);
    CHECK(kill(other) == Error::None);
    REQUIRE(reap(other).ok());
    CHECK(poll_wake() == kDied);
    CHECK(prepare(part, "wait_and_fault") == Error::None);  // in the place of the one before
    CHECK(*spawn(part, "leave") == first + 5);
    CHECK(discard() == Error::None);
    CHECK(discard() == Error::None);
    CHECK(kill(first + 5) == Error::None);
    REQUIRE(reap(first + 5).ok());
    CHECK(poll_wake() == kDied);
    CHECK(totals(part) == before);
}

STAGE_CASE(Scene, "what is prepared from one program is not started as another one that stands in an object") {
    const BootInfo& info = stage.machine.boot_info();
    const auto* const archive = reinterpret_cast<const std::byte*>(stage.machine.memory(info.archive_address));
    const auto program = *find_in_archive({archive, info.archive_size}, "leave");
    const auto with_program = [&](u64 bytes) {
        auto made = SharedMemory::create(kPageSize + page_up(program.size()));
        REQUIRE(made.ok());
        std::copy_n(part.config.bytes().data(), kPageSize, made->bytes().data());
        std::copy_n(program.data(), bytes, made->bytes().data() + kPageSize);
        return std::move(*made);
    };
    const SharedMemory first = with_program(program.size()), second = with_program(program.size());
    const auto request_of = [&](const SharedMemory& config, u64 bytes) {
        proc::SpawnRequest wanted = request(part, "wait_and_fault");
        wanted.config = decltype(wanted.config)(config.object().slot());
        wanted.program_bytes = static_cast<u32>(bytes);
        return wanted;
    };
    const auto takes_prepared = [&](const SharedMemory& config, u64 bytes) {
        REQUIRE(control.prepare(request_of(first, program.size())).ok());
        const u64 free = memory.free_pages();
        const auto pid = control.spawn(request_of(config, bytes));
        REQUIRE(pid.ok());
        const bool took = free - memory.free_pages() < 5;
        CHECK(kill(pid->pid) == Error::None);
        REQUIRE(reap(pid->pid).ok());
        CHECK(poll_wake() == kDied);
        CHECK(discard() == Error::None);
        return took;
    };
    CHECK(takes_prepared(first, program.size()));
    CHECK_FALSE(takes_prepared(second, program.size()));
    CHECK_FALSE(takes_prepared(first, 0));
    CHECK_FALSE(takes_prepared(part.config, 0));
}

STAGE_CASE(Scene, "whoever waits for an answer of a dead process hears of it when that is reaped, with another one prepared") {
    const u32 pid = *spawn(part, "wait_and_fault");
    CHECK(prepare(part, "wait_and_fault") == Error::None);
    CHECK(kill(pid) == Error::None);
    REQUIRE(reap(pid).ok());
    for (const u32 which : {0u, 1u}) CHECK(type_in(part, static_cast<Slot>(table_plan().first_reply + which)) == ObjectType::None);
    for (const WellKnown which : {WellKnown::Thread, WellKnown::Memory, WellKnown::Process}) CHECK(type_in(part, slot(which)) == ObjectType::None);
    CHECK(poll_wake() == kDied);
}

STAGE_CASE(Scene, "as many processes as mem has spaces for, in the order of their ids, and one more when one is reaped") {
    std::vector<CapHandle> tables;
    std::vector<u32> pids;
    Totals before{};
    Error error = Error::None;
    const auto spawn_next = [&] {
        tables.push_back(make(ObjectType::CapTable, kTableBits));
        before = totals(part);
        auto r = request(part, "leave");
        r.table = decltype(r.table)(tables.back());
        const auto pid = control.spawn(r);
        if (pid.ok()) pids.push_back(pid->pid);
        error = pid.error();
    };
    while (error == Error::None) spawn_next();
    CHECK(error == Error::LimitReached);
    CHECK(totals(part) == before);
    CHECK(pids.size() >= 56);
    CHECK(std::is_sorted(pids.begin(), pids.end()));
    std::vector<u32> listed;
    for (auto line = control.next({.after = kSupervisorPid}); line.ok(); line = control.next({.after = listed.back()})) {
        CHECK(line->name == "first");
        CHECK(line->pages > 0);
        listed.push_back(line->pid);
    }
    CHECK(listed == pids);
    CHECK(kill(pids[7]) == Error::None);
    REQUIRE(reap(pids[7]).ok());
    spawn_next();
    CHECK(error == Error::None);
}
