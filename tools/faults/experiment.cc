#include "experiment.h"

#include <prompt.h>
#include <script.h>

#include <nlohmann/json.hpp>

#include <cstring>
#include <thread>

namespace eft::faults {
namespace {

using qemu::Duration;

constexpr Duration kStart = std::chrono::seconds(60), kAnswer = std::chrono::seconds(8),
                   kLeast = std::chrono::seconds(12), kBrief = std::chrono::seconds(3);  // also for the first fault to be activated, where another waits for that
constexpr double kTimes = 5;    // as long as without a fault, before it counts as a hang
constexpr unsigned kLooks = 8;  // at services that are being restarted
constexpr const char* kEnds[] = {"kernel panic: ", "root: everything has stopped"};

void wait_for_snapshot(qemu::Machine& machine) {
    const qemu::Deadline deadline = qemu::after(kStart);
    while (machine.control().command("query-status").value("status", "") == "inmigrate") {
        if (qemu::until(deadline).count() <= 0) throw std::runtime_error("QEMU does not load the snapshot");
        std::this_thread::sleep_for(Duration(2));
    }
}

bool has_stopped(const std::string& console) {
    for (const char* words : kEnds)
        if (console.find(words) != std::string::npos) return true;
    return false;
}

std::string processor(qemu::Machine& machine) {
    if (!machine.running()) return "the machine has ended";
    const std::string all =
        machine.control().command("human-monitor-command", {{"command-line", "info registers"}}).get<std::string>();
    const auto word = [&all](const std::string& name) {
        const std::size_t at = all.find(name);
        return at == std::string::npos ? "" : all.substr(at, all.find_first_of(" \r\n", at + name.size()) - at);
    };
    return word("RIP=") + " " + word("RSP=") + " " + word("CR3=") + " " + word("CPL=") + " " + word("HLT=");
}

// What the prompt says of services when the workload was broken off.
std::string what_is_left(qemu::Machine& machine) {
    constexpr std::string_view kBreak = "\x03";
    if (!machine.running() || has_stopped(machine.console().log())) return {};
    try {
        machine.console().write(kBreak);
        qemu::Prompt prompt(machine.console(), kBrief);
        return prompt.run("service list", kBrief);
    } catch (const std::runtime_error&) {
        return "the prompt does not answer\n";
    }
}

}  // namespace

Bench::Bench(const Snapshot& snapshot, const Program& kernel, const std::string& name)
    : snapshot_(snapshot),
      kernel_(kernel),
      memory_("/dev/shm/eft-faults-" + name + "-memory", kMemoryBytes),
      control_file_("/dev/shm/eft-faults-" + name + "-control", sizeof(Control)),
      control_(reinterpret_cast<Control*>(control_file_.bytes())) {}

Run Bench::run(const Injection& injection, const Expectation& expected) {
    std::memset(control_file_.bytes(), 0, control_file_.size());
    qemu::MachineOptions options = snapshot_.machine(memory_.path());
    options.extra.insert(
        options.extra.end(),
        {"-plugin", std::string(EFT_FAULT_PROBE) + ",control=" + control_file_.path() + ",memory=" + memory_.path()});
    qemu::Machine machine(options);
    wait_for_snapshot(machine);
    Run run;
    inject(machine, run, injection);
    const auto start = std::chrono::steady_clock::now();
    if (injection.second) end_second(machine, run, *injection.second);
    observe(machine, run, expected);
    run.seen.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (run.seen.output) ask_for_services(machine, run, expected);
    run.seen.machine_ended = !machine.running();
    run.seen.console = snapshot_.console() + machine.console().log();
    // A machine that has stopped is about to end.
    if (!run.seen.output && !has_stopped(run.seen.console)) run.details += processor(machine) + "\n" + what_is_left(machine);
    machine.kill();
    run.instructions = control_->instructions;
    run.activated_at = control_->activated_at;
    run.activations = control_->activations.load();
    run.seen.activated = run.activations != 0;
    return run;
}

void Bench::inject(qemu::Machine& machine, Run& run, const Injection& injection) {
    control_->stop_at = injection.at;
    if (injection.at != 0) {
        machine.control().command("cont");
        const qemu::Deadline deadline = qemu::after(kStart);
        while (control_->state.load() != ProbeState::Stopped) {
            if (qemu::until(deadline).count() <= 0 || !machine.running())
                throw std::runtime_error("the machine does not come to the instruction of the fault");
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    }
    GuestMemory memory(memory_.bytes(), memory_.size(), kernel_root(memory_.bytes(), kernel_));
    if (injection.second) count_code_of(memory, *injection.second);
    if (injection.apply) {
        Injection::Applied applied = injection.apply(memory);
        for (std::size_t i = 0; i < applied.changes.size(); ++i) {
            const Change& change = applied.changes[i];
            memory.write(applied.root, change.address, change.after);
            if (change.watch != 0 && i < kMostWatched)
                control_->watched[i] = memory.physical(applied.root, change.watch).value_or(0);
        }
        run.changes = std::move(applied.changes);
    }
    if (injection.at != 0)
        control_->state.store(ProbeState::GoOn);
    else
        machine.control().command("cont");
}

// Also of what is prepared: the next incarnation may be the one that ends.
void Bench::count_code_of(const GuestMemory& memory, const Injection::Second& second) {
    control_->second_after = second.after;
    counted_ = memory.spaces_of(*second.program);
    const Segment& text = second.program->text();
    for (const std::uint64_t root : counted_)
        for (Address page = text.begin & ~(kPage - 1); page < text.begin + text.size; page += kPage)
            if (const auto place = memory.physical(root, page)) control_->count_page(*place);
}

// All of its code is made undefined, so that it ends with the block behind the one that has begun.
void Bench::end_second(qemu::Machine& machine, Run& run, const Injection::Second& second) {
    const qemu::Deadline deadline = qemu::after(kBrief);
    while (control_->second.load() != ProbeState::Stopped && machine.running() && qemu::until(deadline).count() > 0)
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (control_->second.load() == ProbeState::Stopped) {
        GuestMemory memory(memory_.bytes(), memory_.size(), kernel_root(memory_.bytes(), kernel_));
        const Segment& text = second.program->text();
        for (const std::uint64_t root : counted_) {
            for (Address page = text.begin & ~(kPage - 1); page < text.begin + text.size; page += kPage) {
                if (memory.physical(root, page) != (control_->second_place & ~(kPage - 1))) continue;
                run.second = second.program->name_of(page + control_->second_place % kPage);
                run.second_later = control_->second_at - control_->activated_at;
                memory.write(root, text.begin, undefined(text.bytes.size()));
            }
        }
    }
    control_->second.store(ProbeState::GoOn);
}

void Bench::observe(qemu::Machine& machine, Run& run, const Expectation& expected) {
    const qemu::Deadline deadline = qemu::after(kLeast + Duration(static_cast<long>(expected.seconds * kTimes * 1000)));
    qemu::ScriptAnswer answer;
    std::string output;
    answer.take(snapshot_.console(), output);
    try {
        while (!answer.status() && !answer.broken_off() && !has_stopped(machine.console().log())) {
            machine.console().read_some("the end of the workload", qemu::until(deadline),
                                        [&](std::string_view text) { return answer.take(text, output); });
        }
    } catch (const qemu::ConsoleError&) {  // too late, or the machine has ended
    }
    if (has_stopped(machine.console().log())) drain(machine.console());  // it says why
    run.seen.prompt_restarted = answer.broken_off();
    if (answer.status())
        run.seen.output = output;
    else
        run.details += "printed so far: " + output + "\n";
}

// Those that are being restarted get some time to come up.
void Bench::ask_for_services(qemu::Machine& machine, Run& run, const Expectation& expected) {
    try {
        qemu::Prompt prompt(machine.console(), kAnswer);
        std::string table;
        std::map<std::string, ServiceState> services;
        for (unsigned look = 0; look < kLooks; ++look) {
            std::string text = table = prompt.run("service list", kAnswer);
            services = take_services(text);
            bool settled = true;
            for (const auto& [name, before] : expected.services)
                settled = settled && services[name].state == before.state;
            if (settled) break;
            prompt.run("sleep 800", kAnswer);
        }
        *run.seen.output += table;
        for (const auto& [name, service] : services) {
            const auto before = expected.services.find(name);
            if (before == expected.services.end() || service.restarts == before->second.restarts) continue;
            const std::string info = prompt.run("service info " + name, kAnswer);
            run.details += info.substr(0, info.find("capabilities:")) + prompt.run("log " + name, kAnswer);
        }
    } catch (const qemu::PromptRestarted&) {
        run.seen.prompt_restarted = true;
    } catch (const qemu::ConsoleError&) {
        run.seen.output.reset();
        run.details += "the workload came to its end, but then the prompt does not answer\n";
    }
}

}  // namespace eft::faults
