// The state machine with scripted services: the test ends, blocks and hangs their processes and lets them beat, and sees
// the effects in their order.
#pragma once

#include <supervisor.h>
#include <watch.h>

#include <eft/abi/object.h>
#include <eft/syscall.h>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace eft::supervisor {

struct ScriptedProcess {
    unsigned service = 0;
    bool tombstone = false;
    u32 incarnation = 0;
    u64 replies = 0;  // as it was told of the one before
    bool last_end_ordered = false;  // the same
    bool dead = false;
    proc::CrashRecord record{};
    ThreadState thread = ThreadState::Receiving;
    u64 blocked_on = 0;
    u64 instruction = 0x400000;
    bool hangs = false;
    u64 delivered = 0;
};

struct ScriptedServices final : Incarnations {
    static constexpr unsigned kServices = 6;
    static constexpr std::string_view kNames[kServices] = {"zero", "one", "two", "three", "four", "five"};

    u32 next_pid = 10;
    std::map<u32, ScriptedProcess> processes;
    std::array<Signs, kServices> shown{};
    std::vector<std::string> done;  // "spawn 0 1", "silence 0", ...
    std::map<u64, unsigned> owners;
    std::map<u64, unsigned> holders;  // of sessions, by badge
    Error spawn_error = Error::None;
    Error silence_error = Error::None;
    bool processor_busy = false;  // nobody gets to run: heartbeats are not answered

    Result<u32> spawn(unsigned index, u32 incarnation, u64 replies, bool last_end_ordered) override {
        note("spawn", index, incarnation);
        shown[index].session = 0;
        if (spawn_error != Error::None) return spawn_error;
        ScriptedProcess process;
        process.service = index;
        process.incarnation = incarnation;
        process.replies = replies;
        process.last_end_ordered = last_end_ordered;
        return add(process);
    }
    Result<u32> spawn_tombstone(unsigned index) override {
        note("tombstone", index);
        ScriptedProcess process;
        process.service = index;
        process.tombstone = true;
        return add(process);
    }
    Result<proc::CrashRecord> reap(u32 pid) override {
        ScriptedProcess& process = processes.at(pid);
        if (!process.dead) return Error::WrongState;
        note(process.tombstone ? "reap tombstone" : "reap", process.service);
        const proc::CrashRecord record = process.record;
        processes.erase(pid);
        return record;
    }
    Status kill(u32 pid, proc::DeathReason reason) override {
        if (processes.at(pid).dead) return Error::NotFound;
        note("kill", processes.at(pid).service);
        end(pid, reason);
        return {};
    }
    Status send(u32 pid, proc::Signal signal) override {
        ScriptedProcess& process = processes.at(pid);
        if (signal == proc::Signal::Crash) end(pid, proc::DeathReason::Exception);
        if (signal == proc::Signal::Hang) hang(process);
        return {};
    }
    Result<proc::Progress> progress(u32 pid) override {
        const ScriptedProcess& process = processes.at(pid);
        proc::Progress progress;
        progress.state = process.dead ? proc::ProcessState::Dead : proc::ProcessState::Running;
        progress.thread_state = static_cast<u8>(process.thread);
        progress.blocked_on = process.blocked_on;
        progress.instruction = process.instruction;
        return progress;
    }
    Status silence(unsigned index) override {
        note("silence", index);
        return silence_error;
    }
    void clear(unsigned index) override { note("clear", index); }
    Signs signs(unsigned index) override { return shown[index]; }
    void signal(unsigned index, WakeBit what) override {
        if (what == WakeBit::Stop) ask_stop(index);
        else if (what == WakeBit::Rings) ++reminders;
        else ask_heartbeat(index);
    }
    unsigned reminders = 0;  // of tombstones: that they signal clients
    void ask_heartbeat(unsigned index) {
        ScriptedProcess* process = of(index);
        const bool waits = process && process->thread == ThreadState::Receiving;
        if (!waits || process->hangs || processor_busy) return;
        // It is ready to run, and counts the beat when the supervisor's step has ended.
        process->thread = ThreadState::Ready;
        asked.push_back(index);
    }
    void ask_stop(unsigned index) {
        note("ask stop", index);
        ScriptedProcess* process = of(index);
        if (process && !process->hangs) end(pid_of(index), proc::DeathReason::Exit);
    }
    void step_ended() {
        for (const unsigned index : asked) {
            if (ScriptedProcess* process = of(index); process && process->thread == ThreadState::Ready) {
                process->thread = ThreadState::Receiving;
                ++shown[index].heartbeats;
            }
        }
        asked.clear();
    }
    std::vector<unsigned> asked;
    std::optional<unsigned> owner_of(u64 object) override {
        const auto found = owners.find(object);
        if (found == owners.end()) return std::nullopt;
        return found->second;
    }
    std::optional<unsigned> holder(unsigned, u64 session) override {
        const auto found = holders.find(session);
        if (found == holders.end()) return std::nullopt;
        return found->second;
    }
    Status expel(unsigned index, u64 session) override {
        note("expel", index, session);
        const unsigned holder = holders.at(session);
        std::erase_if(holders, [&](const auto& entry) { return entry.second == holder; });
        return {};
    }
    void report(unsigned, std::string_view) override {}

    // What the test does to the services.
    void end(u32 pid, proc::DeathReason reason, int status = 0) {
        ScriptedProcess& process = processes.at(pid);
        process.dead = true;
        process.record.reason = reason;
        process.record.exit_status = status;
        process.record.replies_delivered = process.delivered;
        process.record.died_at = sys::time_stamp();
    }
    static void hang(ScriptedProcess& process) {
        process.hangs = true;
        process.thread = ThreadState::Ready;
    }
    void become_ready(unsigned index) { shown[index].ready_incarnation = of(index)->incarnation; }
    ScriptedProcess* of(unsigned index) {
        const u32 pid = pid_of(index);
        return pid == 0 ? nullptr : &processes.at(pid);
    }
    u32 pid_of(unsigned index, bool tombstone = false) const {
        for (const auto& [pid, process] : processes) {
            if (process.service == index && process.tombstone == tombstone) return pid;
        }
        return 0;
    }

private:
    template <class... Numbers>
    void note(std::string what, Numbers... numbers) {
        ((what += " " + std::to_string(numbers)), ...);
        done.push_back(what);
    }
    u32 add(const ScriptedProcess& process) {
        processes[next_pid] = process;
        return next_pid++;
    }
};

// Services that are all alike until a test changes their plans.
struct Rig {
    ScriptedServices services;
    std::array<Supervision, ScriptedServices::kServices> plans{};
    std::array<ServiceRecord, ScriptedServices::kServices> records{};
    Supervisor supervisor{services, plans, records};
    Watch watch{services, supervisor, plans, records};

    Rig() {
        for (unsigned i = 0; i < plans.size(); ++i) {
            plans[i].name = ScriptedServices::kNames[i];
            plans[i].limits = {2, 40, 200, 4, 1000, 2};
            plans[i].start_limit = 60;
            plans[i].priority = static_cast<u8>(40 - i);
            plans[i].provides = true;
        }
    }
    ServiceRecord& service(unsigned index) { return records[index]; }
    void up(unsigned index) {
        if (!records[index].alive()) REQUIRE(supervisor.start(index).ok());
        services.become_ready(index);
        supervisor.check(index);
        REQUIRE(records[index].state == rs::ServiceState::Up);
    }
    void dies(unsigned index, proc::DeathReason reason = proc::DeathReason::Exception, int status = 0) {
        services.end(services.pid_of(index), reason, status);
        supervisor.check(index);
    }
    // With a request of this session in progress.
    void dies_serving(unsigned index, u64 session) {
        services.shown[index].session = session;
        dies(index);
    }
    void ticks_pass(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            supervisor.tick();
            watch.tick();
            services.step_ended();
        }
    }
};

}  // namespace eft::supervisor
