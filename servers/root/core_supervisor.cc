#include "core_supervisor.h"

#include "crash_page.h"

#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/text.h>

namespace eft::root {

namespace ko = kernel_object;

namespace {

// Beyond these a core server is not coming back by itself. Everybody waits for it: so there is a wait only if it fails again
// within half a second, and it is short enough that one that dies in each start reaches the limit within the window.
constexpr supervisor::RestartLimits kLimits{1, 10, 10, supervisor::FailureHistory::kMaxLimit, 200, 0};
constexpr u64 kBeatTicks = 10;
constexpr u32 kPageFaultVector = 14;  // Intel SDM volume 3, table 6-1
constexpr unsigned kMissesAllowed = 1;
constexpr u64 kLeastTickMs = 1000 / Tick::kPerSecond / 2;

}  // namespace

Status CoreSupervisor::start(Memory& memory) {
    ticks_per_ms_ = memory.info().ticks_per_ms;
    states_ = reinterpret_cast<CoreStates*>(reinterpret_cast<std::byte*>(&servers_[Core::Rs].config()) + kCoreStatesOffset);
    dumps_ = reinterpret_cast<CoreDumps*>(servers_[Core::Rs].shown());
    for (u32 index = 0; index < kCoreCount; ++index) {
        watched_[index].heartbeat = memory.take_slots(1);
        EFT_CHECK(ko::derive(root_slot(RootSlot::Table), watched_[index].heartbeat, servers_.at(index).notification(), kAllRights,
                             static_cast<u64>(WakeBit::Heartbeat)));
        state(index).incarnation = static_cast<u32>(servers_.at(index).incarnation());
    }
    return {};
}

void CoreSupervisor::fault(u32 index, const ipc::Registers& fault) {
    if (index >= kCoreCount || lost_ != 0) return;
    proc::CrashRecord record;
    record.reason = static_cast<u32>(fault.w[2] >> 32) == kPageFaultVector ? proc::DeathReason::PageFault : proc::DeathReason::Exception;
    record.vector = static_cast<u32>(fault.w[2] >> 32);
    record.error_code = static_cast<u32>(fault.w[2]);
    record.address = fault.w[0];
    end(index, record);
}

void CoreSupervisor::look(u32 index) {
    Service& server = servers_.at(index);
    CoreState& shown = state(index);
    if (shown.life == CoreLife::Starting && server.ready()) {
        shown.life = CoreLife::Up;
        shown.ready = dumps_->servers[index].recovery.ready = sys::time_stamp();
        watched_[index].up_since = now_;
    }
    if (lost_ == 0 && server.head().first_request != 0) prepare(index);
    if (index != static_cast<u32>(Core::Rs)) return;
    for (u32 each = 0; each < kCoreCount; ++each) state(each).first_request = servers_.at(each).head().first_request;
    if (const CoreOrder order = server.head().core_order; order.count != orders_) {
        orders_ = order.count;
        obey(order);
    }
}

void CoreSupervisor::obey(const CoreOrder& order) {
    if (order.signal == CoreSignal::KillAll) {
        for (u32 index = 0; index < kCoreCount && lost_ == 0; ++index) {
            if (state(index).life == CoreLife::BackingOff) continue;
            watched_[index].ordered = true;
            terminate(index, proc::DeathReason::Ordered);
        }
        return;
    }
    const u32 index = order.pid - kRootPid - 1;
    if (index >= kCoreCount || state(index).life == CoreLife::Lost) return;
    if (order.signal == CoreSignal::None || order.signal > CoreSignal::Faults) return;
    if (order.signal == CoreSignal::Faults) {
        servers_.at(index).config().faults = order.faults;
        sys::signal(watched_[index].heartbeat);  // it looks when it is woken
        return;
    }
    if (state(index).life == CoreLife::BackingOff) return;
    watched_[index].ordered = true;
    if (order.signal == CoreSignal::Kill) return terminate(index, proc::DeathReason::Ordered);
    // What it waits for ends with an error that it does not come to see.
    const Service& server = servers_.at(index);
    static_cast<void>(ko::suspend(server.thread()));
    static_cast<void>(ko::set_registers(server.thread(), server.entry() + (order.signal == CoreSignal::Hang ? layout::kHangOffset : layout::kCrashOffset),
                                        layout::kStackTop - 8));
    static_cast<void>(ko::resume(server.thread()));
}

void CoreSupervisor::terminate(u32 index, proc::DeathReason reason) {
    proc::CrashRecord record;
    record.reason = reason;
    end(index, record);
}

void CoreSupervisor::end(u32 index, proc::CrashRecord record) {
    Service& server = servers_.at(index);
    CoreState& shown = state(index);
    Watched& watched = watched_[index];
    record.died_at = sys::time_stamp();
    proc::RegisterValues registers;
    inspect_dead(server, record, registers);
    shown.last_death = record;
    shown.last_was_ordered = std::exchange(watched.ordered, false);
    shown.ready = shown.first_request = shown.spawned = 0;
    ++shown.deaths;
    CrashDump& dump = dumps_->servers[index];
    write_dump(dump, server, shown, registers);
    FixedText<kLogLineLimit> line("died: ");
    describe_cause(line, record);
    say(index, line.view());
    const Status ended = server.end();
    shown.revoked = shown.last_death.gone_at = dump.recovery.revoked = sys::time_stamp();
    if (!ended.ok()) return lose(index);
    if (shown.last_was_ordered) return launch(index);
    fail(index);
}

void CoreSupervisor::fail(u32 index) {
    Watched& watched = watched_[index];
    watched.failures.record(kLimits, now_, state(index).life == CoreLife::Up ? now_ - watched.up_since : 0);
    const std::optional<u64> wait = watched.failures.verdict(kLimits, now_);
    if (!wait) return lose(index);
    if (*wait == 0) return launch(index);
    state(index).life = CoreLife::BackingOff;
    watched.due = now_ + *wait;
}

void CoreSupervisor::launch(u32 index) {
    CoreState& shown = state(index);
    Watched& watched = watched_[index];
    watched.asked = false;
    watched.missed = 0;
    watched.next_beat = now_ + kBeatTicks;
    shown.life = CoreLife::Starting;
    const Status built = servers_.build_next(index);
    shown.incarnation = static_cast<u32>(servers_.at(index).incarnation());
    if (!built.ok() || !servers_.at(index).resume().ok()) return lose(index);
    shown.spawned = dumps_->servers[index].recovery.spawned = sys::time_stamp();
}

// The system cannot go on without it.
void CoreSupervisor::lose(u32 index) {
    state(index).life = CoreLife::Lost;
    ++lost_;
    print_crash_page(servers_.at(index), dumps_->servers[index]);
    log_.line("the system has stopped");
    for (u32 other = 0; other < kCoreCount; ++other) static_cast<void>(ko::suspend(servers_.at(other).thread()));
}

void CoreSupervisor::tick() {
    const u64 stamp = sys::time_stamp();
    if (lost_ != 0 || stamp - last_tick_ < kLeastTickMs * ticks_per_ms_) return;
    last_tick_ = stamp;
    ++now_;
    // All are looked at before any is asked: one that has just been asked is ready to run, and would seem to keep the processor from
    // those below it.
    for (u32 index = 0; index < kCoreCount && lost_ == 0; ++index) {
        if (state(index).life != CoreLife::BackingOff) look_for_beat(index);
        else if (now_ >= watched_[index].due) launch(index);
    }
    for (u32 index = 0; index < kCoreCount && lost_ == 0; ++index)
        if (state(index).life != CoreLife::BackingOff) ask_for_beat(index);
    prepare_one();
}

// The next incarnation of one that is up, when it has taken its first request or at a tick. One at a time, because nobody else runs
// meanwhile. What cannot be built now, for which there was no memory, keeps no other from it, and is built at its next death.
void CoreSupervisor::prepare_one() {
    if (lost_ != 0) return;
    for (u32 index = 0; index < kCoreCount; ++index)
        if (prepare(index)) return;
}

bool CoreSupervisor::prepare(u32 index) {
    Service& server = servers_.at(index);
    if (state(index).life != CoreLife::Up || server.is_prepared()) return false;
    return server.prepare_next().ok();
}

void CoreSupervisor::look_for_beat(u32 index) {
    Watched& watched = watched_[index];
    if (now_ < watched.next_beat) return;
    const u64 beats = servers_.at(index).head().heartbeats;
    const bool silent = watched.asked && beats == watched.asked_beats;
    watched.missed = silent && !waits_for_another(index) ? watched.missed + 1 : 0;
    if (watched.missed > kMissesAllowed) {
        // Those below it waited for it, and are asked from here.
        for (u32 below = index + 1; below < kCoreCount; ++below) watched_[below].asked = false;
        terminate(index, proc::DeathReason::Hung);
    }
}

void CoreSupervisor::ask_for_beat(u32 index) {
    Watched& watched = watched_[index];
    if (now_ < watched.next_beat) return;
    watched.asked = true;
    watched.asked_beats = servers_.at(index).head().heartbeats;
    watched.next_beat = now_ + kBeatTicks;
    sys::signal(watched.heartbeat);
}

// Core servers call only each other. One that does not come to run because of those above it waits, too.
bool CoreSupervisor::waits_for_another(u32 index) {
    const auto thread = ko::inspect_thread(servers_.at(index).thread());
    if (!thread.ok()) return false;
    if (thread->state == ThreadState::AwaitingReply || thread->state == ThreadState::Sending) return true;
    for (u32 above = 0; above < index; ++above) {
        const auto other = ko::inspect_thread(servers_.at(above).thread());
        if (other.ok() && other->state == ThreadState::Ready) return true;
    }
    return false;
}

void CoreSupervisor::say(u32 index, std::string_view what) {
    FixedText<kLogLineLimit> line(servers_.at(index).name());
    log_.line(line.append(": ").append(what).view());
}

}  // namespace eft::root
