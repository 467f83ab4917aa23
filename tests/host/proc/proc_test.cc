#include "fake_environment.h"

#include <doctest/doctest.h>

#include <images/archive/newc.h>
#include <proc/server.h>
#include <tests/host/elf/program.h>

using namespace eft;
using namespace eft::processes;
using processes::test::FakeEnvironment;
using processes::test::Thing;

namespace {

constexpr Badge kControl = proc::Proc::badge_of(Kind::Control, kSupervisorPid);

ipc::Context as(Badge badge) { return ipc::Context(raw(badge), Tag(), nullptr); }

struct World {
    World() {
        const auto file = eft::test::Program().file();
        eft::archive::NewcWriter writer;
        writer.add("other", "no program");
        writer.add("hello", {reinterpret_cast<const char*>(file.data()), file.size()});
        environment.files = std::move(writer).finish();
        REQUIRE(memory.open(Slot::None).ok());
    }

    proc::SpawnRequest request() {
        proc::SpawnRequest r;
        r.image = "hello", r.name = "first", r.quota = 100, r.priority = 30, r.incarnation = 4,
        r.replies_delivered = 77;
        r.persistent_bytes = 8 * kPageSize;
        r.table = decltype(r.table)::owning(environment.put(Thing::Table));
        r.death = decltype(r.death)::owning(environment.put(Thing::Notification));
        r.config = decltype(r.config)::owning(environment.put(Thing::Memory));
        r.persistent = decltype(r.persistent)::owning(environment.put(Thing::Memory));
        return r;
    }
    Result<u32> spawn() {
        EFT_TRY(const proc::Pid pid, server.spawn(control, request()));
        return pid.pid;
    }
    // To a message without words, by way of the dispatcher.
    Error answer(u32 label, Badge badge) {
        Utcb page{};
        ipc::OutgoingCaps outgoing;
        ipc::Registers registers;
        registers.tag = Tag(label, 0);
        ipc::IncomingMessage message(registers, page, outgoing);
        static_cast<void>(proc::Proc::dispatch(server, ipc::Context(raw(badge), registers.tag, nullptr), message));
        return static_cast<Error>(message.registers.tag.label());
    }

    FakeEnvironment environment;
    Memory memory{CapHandle()};
    ProcServer server{memory};
    ipc::Context control = as(kControl);
};

}  // namespace

TEST_CASE("a process starts with its image, its slots, its registers") {
    World w;
    REQUIRE(w.spawn().ok());
    const auto& e = w.environment;
    CHECK(e.running);
    CHECK(e.priority == 30);
    CHECK(e.started.instruction_pointer == 0x40'0010);
    CHECK(e.started.stack_pointer == layout::kStackTop - 8);
    CHECK(e.started.first == 4);
    CHECK(e.started.second == 77);
    CHECK(e.table.at(static_cast<u32>(WellKnown::Thread)) == Thing::Thread);
    CHECK(e.table.at(static_cast<u32>(WellKnown::Memory)) == Thing::Session);
    CHECK(e.table.at(static_cast<u32>(WellKnown::Process)) == Thing::ProcessSession);
    CHECK(e.own.size() == 3);  // thread, table, death: nothing else of the request is kept
    const auto& images = e.spaces.begin()->second;
    REQUIRE(images.size() == 2);
    CHECK(images[0].address == 0x40'0000);
    CHECK(images[0].archive_offset % kPageSize == 0);
    CHECK(images[0].file_bytes == 0x1800);
    CHECK(images[1].memory_bytes == 0x4000);
}

TEST_CASE("whatever step of a spawn fails, nothing is left") {
    World w;
    unsigned failures = 0;
    for (unsigned step = 0;; ++step) {
        w.environment.fail_at(step);
        const auto pid = w.spawn();
        if (!w.environment.failed()) {
            CHECK(pid.ok());
            break;
        }
        ++failures;
        INFO(step);
        REQUIRE(!pid.ok());
        CHECK(w.environment.own.empty());
        CHECK(w.environment.table.empty());
        CHECK(w.environment.spaces.empty());
        CHECK(w.environment.signals.empty());
        CHECK(w.server.next(w.control, {.after = 0}).error() == Error::NotFound);
    }
    CHECK(failures >= 10);
}

TEST_CASE("requests that are refused before anything is made") {
    World w;
    const auto refused = [&](auto change) {
        auto r = w.request();
        change(r);
        const Error error = w.server.spawn(w.control, std::move(r)).error();
        { auto rest = std::move(r); }
        CHECK(w.environment.spaces.empty());
        CHECK(w.environment.own.empty());
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
    CHECK(refused([](auto& r) { r.table = {}; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.death = {}; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.config = {}; }) == Error::InvalidArgument);
    CHECK(refused([](auto& r) { r.quota = 0; }) == Error::OutOfMemory);
}

TEST_CASE("an exception freezes the process, is recorded and told; all is revoked when the record is taken") {
    World w;
    const u32 pid = *w.spawn();
    w.environment.stack = {0x40'0123, 5, 0x40'17ff, 0x40'1800, 0x40'0000};
    MessageTrace trace(w.environment.trace);
    trace.received(0x10002'0000'0004, 9, 1000);
    trace.answered(4);
    trace.received(0x10002'0000'0004, 10, 1001);
    w.environment.table[table_plan().first_scratch + 3] = Thing::Memory;
    w.environment.table[static_cast<u32>(WellKnown::FirstPersistent)] = Thing::Memory;
    const std::size_t held = w.environment.table.size();
    w.server.exception(proc::Proc::badge_of(Kind::Exceptions, pid), 0x1234, u64{14} << 32 | 6);
    CHECK_FALSE(w.environment.running);
    CHECK(w.environment.spaces.size() == 1);  // a device may still write into it
    CHECK(w.environment.table.size() == held);
    REQUIRE(w.environment.signals.size() == 1);
    CHECK(w.server.inspect(w.control, {.pid = pid})->state == proc::ProcessState::Dead);

    w.server.exception(proc::Proc::badge_of(Kind::Exceptions, pid), 0x9999, u64{6} << 32);  // late
    CHECK(w.environment.signals.size() == 1);
    CHECK(w.server.kill(w.control, {.pid = pid}).error() == Error::WrongState);
    const auto last = w.server.messages(w.control, {.pid = pid});
    REQUIRE(last.ok());
    REQUIRE(last->tags.size() == 2);
    CHECK(last->tags[0] == 0x10002'0000'0004);
    CHECK(last->badges[0] == 9);
    CHECK(last->times[0] == 1000);
    CHECK(last->answers[0] == 4);
    CHECK(last->badges[1] == 10);
    CHECK(last->answers[1] == TraceEntry::kNone);
    CHECK(w.server.send(w.control, {.pid = pid, .signal = proc::Signal::Hang}).error() == Error::WrongState);
    CHECK_FALSE(w.environment.running);
    const auto record = w.server.reap(w.control, {.pid = pid});
    CHECK(w.server.messages(w.control, {.pid = pid}).error() == Error::NotFound);
    REQUIRE(record.ok());
    CHECK(w.environment.spaces.empty());
    CHECK(w.environment.own.empty());
    CHECK(w.environment.table.size() == 1);  // what is the service's stays
    CHECK(w.environment.signals.size() == 1);
    CHECK(record->reason == proc::DeathReason::PageFault);
    CHECK(record->vector == 14);
    CHECK(record->error_code == 6);
    CHECK(record->address == 0x1234);
    CHECK(record->instruction == 0x40'0020);
    CHECK(record->replies_delivered == 17);
    CHECK(record->backtrace.frames[0] == 0x40'0123);
    CHECK(record->backtrace.frames[1] == 0x40'17ff);
    CHECK(record->backtrace.frames[2] == 0x40'0000);
    CHECK(record->backtrace.frames[3] == 0);
    CHECK(record->died_at < record->gone_at);
    CHECK(w.server.reap(w.control, {.pid = pid}).error() == Error::NotFound);
    CHECK(w.server.kill(w.control, {.pid = pid}).error() == Error::NotFound);
}

TEST_CASE("exit, kill, and what the records say") {
    World w;
    const u32 first = *w.spawn();
    auto process = as(proc::Proc::badge_of(Kind::Process, first));
    CHECK(w.server.exit(process, {.status = -3}).ok());
    CHECK(w.server.exit(process, {.status = 0}).error() == Error::WrongState);
    const auto record = w.server.reap(w.control, {.pid = first});
    CHECK(record->reason == proc::DeathReason::Exit);
    CHECK(record->exit_status == -3);
    const u32 second = *w.spawn();
    CHECK(second != first);
    CHECK(w.server.reap(w.control, {.pid = second}).error() == Error::WrongState);
    CHECK(w.server.exit(process, {.status = 0}).error() == Error::NotFound);  // the old session is nobody's
    CHECK(w.server.kill(w.control, {.pid = second, .reason = proc::DeathReason::Hung}).ok());
    CHECK(w.server.reap(w.control, {.pid = second})->reason == proc::DeathReason::Hung);
}

TEST_CASE("signals send the thread behind its entry point") {
    World w;
    const u32 pid = *w.spawn();
    CHECK(w.server.send(w.control, {.pid = pid, .signal = proc::Signal::Hang}).ok());
    CHECK(w.environment.started.instruction_pointer == 0x40'0020);
    CHECK(w.environment.running);
    CHECK(w.server.send(w.control, {.pid = pid, .signal = proc::Signal::Crash}).ok());
    CHECK(w.environment.started.instruction_pointer == 0x40'0022);
    CHECK(w.server.send(w.control, {.pid = pid, .signal = proc::Signal::None}).error() == Error::InvalidArgument);
    CHECK(w.server.send(w.control, {.pid = 999, .signal = proc::Signal::Hang}).error() == Error::NotFound);
}

TEST_CASE("a process may end itself and look around, nothing more") {
    World w;
    const u32 pid = *w.spawn();
    using proc::Proc;
    const u32 supervisors[] = {Proc::SpawnMethod::kLabel, Proc::KillMethod::kLabel, Proc::SendMethod::kLabel,
                               Proc::ReapMethod::kLabel, Proc::MessagesMethod::kLabel, Proc::InspectMethod::kLabel};
    for (const u32 label : supervisors) {
        for (const Kind kind : {Kind::Process, Kind::Exceptions}) CHECK(w.answer(label, Proc::badge_of(kind, pid)) == Error::PermissionDenied);
        for (const Badge badge : {Badge::None, Badge{1}, Badge{2}, Badge{~u64{0}}}) CHECK(w.answer(label, badge) == Error::StaleSession);
        CHECK(w.answer(label, kControl) != Error::PermissionDenied);
    }
    for (const Kind kind : {Kind::Control, Kind::Exceptions})
        CHECK(w.answer(Proc::ExitMethod::kLabel, Proc::badge_of(kind, pid)) == Error::PermissionDenied);
    CHECK(w.answer(Proc::NextMethod::kLabel, Proc::badge_of(Kind::Exceptions, pid)) == Error::PermissionDenied);
    CHECK(w.answer(Proc::NextMethod::kLabel, Proc::badge_of(Kind::Process, pid)) == Error::None);
    w.server.exception(proc::Proc::badge_of(Kind::Process, pid), 0, u64{6} << 32);  // only the kernel speaks with that badge
    w.server.exception(kControl, 0, u64{6} << 32);
    CHECK(w.server.inspect(w.control, {.pid = pid})->state == proc::ProcessState::Running);
}

TEST_CASE("core processes are listed, the parent of all others is rs, and proc ends none of them") {
    World w;
    const Slot thread = w.environment.put(Thing::Thread);
    for (const std::string_view name : kCoreProcesses)
        REQUIRE(w.server.adopt(name, name == "root" ? 0 : kRootPid, thread).ok());
    const u32 child = *w.spawn();
    CHECK(child == kCoreProcesses.size() + 1);
    const auto root = w.server.next(w.control, {.after = 0});
    CHECK(root->name == "root");
    CHECK(root->pid == kRootPid);
    CHECK(root->parent == 0);
    CHECK(root->pages == 0);
    const auto last = w.server.next(w.control, {.after = kSupervisorPid - 1});
    CHECK(last->name == "rs");
    CHECK(last->parent == kRootPid);
    CHECK(last->state == proc::ProcessState::Running);
    CHECK(w.server.next(w.control, {.after = kSupervisorPid})->parent == kSupervisorPid);
    for (u32 pid = 1; pid < child; ++pid) {
        CHECK(w.server.kill(w.control, {.pid = pid}).error() == Error::PermissionDenied);
        CHECK(w.server.send(w.control, {.pid = pid, .signal = proc::Signal::Crash}).error() == Error::PermissionDenied);
        CHECK(w.server.reap(w.control, {.pid = pid}).error() == Error::WrongState);
        auto forged = as(proc::Proc::badge_of(Kind::Process, pid));
        CHECK(w.server.exit(forged, {.status = 0}).error() == Error::PermissionDenied);
    }
}

TEST_CASE("as many processes as there are records, in the order of their ids") {
    World w;
    for (u32 i = 0; i < ProcessTable::kCapacity; ++i) {
        w.environment.table.clear();
        w.environment.running = false;
        REQUIRE(w.spawn().ok());
    }
    const auto own = w.environment.own.size();
    CHECK(w.spawn().error() == Error::LimitReached);
    CHECK(w.environment.own.size() == own);
    u32 count = 0, after = 0;
    for (auto line = w.server.next(w.control, {.after = 0}); line.ok();
         line = w.server.next(w.control, {.after = after})) {
        CHECK(line->pid > after);
        CHECK(line->name == "first");
        CHECK(line->pages == 42);
        after = line->pid;
        ++count;
    }
    CHECK(count == ProcessTable::kCapacity);
}
