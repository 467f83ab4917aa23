// A process dies at each of its system calls, and proc at each of its system calls and stores.
#include "supervisor.h"

using namespace eft;
using namespace eft::test;

STAGE_CASE(Supervisor, "wherever a process dies, there is a record, its supervisor is told once, and nothing is left") {
    const PersistentPart part = make_part();
    host::Image& image = *images["leave"];
    std::optional<Totals> before;
    u64 fatal = 0;
    for (;; ++fatal) {
        CAPTURE(fatal);
        image.fatal_system_call = image.system_calls + fatal;
        const u32 pid = *spawn(part, "leave");
        stage.run();
        CHECK(poll_wake() == kDied);
        const auto record = reap(pid);
        REQUIRE(record.ok());
        CHECK(poll_wake() == 0);
        if (!before) before = totals(part);
        CHECK(totals(part) == *before);
        if (record->reason == proc::DeathReason::Exit) break;
        CHECK(record->reason == proc::DeathReason::Exception);
        CHECK(record->vector == 6);
    }
    CHECK(fatal >= 3);
}

namespace {

// Spawns, ends in each way, reaps: all of it twice, on the same persistent part.
bool proc_dies(Stage& stage, Death death) {
    Supervisor scene(stage);
    const PersistentPart part = scene.make_part();
    const auto live = [&](std::string_view image, auto end, proc::DeathReason reason) {
        CAPTURE(reason);
        const auto pid = scene.spawn(part, image);
        REQUIRE(pid.ok());
        stage.run();
        end(*pid);
        stage.run();
        CHECK(scene.state_of(*pid) == proc::ProcessState::Dead);
        CHECK((poll_wake() & Supervisor::kDied) != 0);
        const auto messages = scene.control.messages({.pid = *pid});
        CHECK(messages.ok());
        if (reason == proc::DeathReason::Ordered) CHECK(messages->tags.size() == 2);
        const auto record = scene.reap(*pid);
        REQUIRE(record.ok());
        CHECK(record->reason == reason);
        if (reason == proc::DeathReason::PageFault) CHECK(record->address == kNowhere);
        CHECK(record->died_at != 0);
        CHECK(scene.control.inspect({.pid = *pid}).error() == Error::NotFound);
        return *pid;
    };
    const auto kill = [&](u32 pid) {
        const Error killed = scene.kill(pid);
        CHECK((killed == Error::None || killed == Error::WrongState));
    };
    const auto fault = [&](u32) {
        const auto wake = copy_capability(part.notification.slot(), bits(NotificationRight::Signal), 1);
        sys::signal(wake->slot());
    };
    live("leave", [](u32) {}, proc::DeathReason::Exit);
    const Supervisor::Totals before = scene.totals(part);
    scene.proc->die(death);
    const u32 first = live("wait_and_fault", kill, proc::DeathReason::Ordered);
    const u32 second = live("leave", [](u32) {}, proc::DeathReason::Exit);
    const u32 third = live("wait_and_fault", fault, proc::DeathReason::PageFault);
    CHECK(first < second);
    CHECK(second < third);
    proc::Cursor last;
    last.after = kSupervisorPid;
    CHECK(scene.control.next(last).error() == Error::NotFound);
    const bool died = scene.proc->deaths == 1;
    scene.proc->image.fatal_system_call = scene.proc->image.fatal_store = host::Image::kNever;
    live("leave", [](u32) {}, proc::DeathReason::Exit);
    CHECK(scene.totals(part) == before);
    CHECK(scene.proc->deaths == died);
    return died;
}

// The same with each one prepared while the one before runs, and the last one for nothing.
bool proc_dies_preparing(Stage& stage, Death death) {
    Supervisor scene(stage);
    const PersistentPart part = scene.make_part();
    const auto live = [&](std::string_view image, std::string_view next, proc::DeathReason reason) {
        const auto pid = scene.spawn(part, image);
        REQUIRE(pid.ok());
        CHECK(scene.prepare(part, next) == Error::None);
        stage.run();
        if (reason == proc::DeathReason::Ordered) {
            const Error killed = scene.kill(*pid);
            CHECK((killed == Error::None || killed == Error::WrongState));
        }
        stage.run();
        CHECK((poll_wake() & Supervisor::kDied) != 0);
        const auto record = scene.reap(*pid);
        REQUIRE(record.ok());
        CHECK(record->reason == reason);
        CHECK(scene.control.next({.after = kSupervisorPid}).error() == Error::NotFound);
    };
    const auto all = [&] {
        live("leave", "wait_and_fault", proc::DeathReason::Exit);
        live("wait_and_fault", "leave", proc::DeathReason::Ordered);
        CHECK(scene.discard() == Error::None);
    };
    all();
    const Supervisor::Totals before = scene.totals(part);
    scene.proc->die(death);
    all();
    const bool died = scene.proc->deaths == 1;
    scene.proc->image.fatal_system_call = scene.proc->image.fatal_store = host::Image::kNever;
    live("leave", "leave", proc::DeathReason::Exit);  // it has mapped the archive again
    CHECK(scene.discard() == Error::None);
    CHECK(scene.totals(part) == before);
    CHECK(scene.proc->deaths == died);
    return died;
}

}  // namespace

TEST_CASE("wherever proc dies, what is prepared is taken, or made anew") {
    const Deaths deaths = die_everywhere(proc_dies_preparing, {2, 29});
    CHECK(deaths.system_calls > 50);
    CHECK(deaths.stores > 20);
}

TEST_CASE("wherever proc dies, processes are spawned once, end once, and nothing is left") {
    const Deaths deaths = die_everywhere(proc_dies, {1, 7});
    CHECK(deaths.system_calls > 100);
    CHECK(deaths.stores > 100);
}
