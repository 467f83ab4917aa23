#include "storm.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace eft::demo {
namespace {

using namespace std::chrono_literals;

constexpr Harm kRounds[] = {Harm::Kill, Harm::Crash, Harm::Fault};
// One that hangs keeps everybody of lower priority from running until its heartbeats are missed, a second or more: not often.
constexpr unsigned kTurnsBetweenHangs = 16, kFaultTurns = 5;
constexpr qemu::Duration kPatience = 30s;

// Requests that go wrong without harm to anybody, because their interfaces say that they may be repeated. A kill ends the
// server in the middle of a request.
struct FaultOrder {
    const char *service, *order, *words;
};
constexpr FaultOrder kFaults[] = {
    {"virtio_blk", "Block.Read duplicate 3", "does every third read twice"},
    {"ext2", "File.Read duplicate 3", "does every third read twice"},
    {"counter", "Counter.Add duplicate 2", "does every second call twice"},
    {"echo", "all delay 2", "is late with every second call"},
    {"names", "all kill 9", "dies in every 9th call"},
    {"dev", "all kill 7", "dies in every 7th call"},
    {"proc", "all kill 9", "dies in every 9th call"},
    {"mem", "all kill 25", "dies in every 25th call"},
    {"rs", "all kill 25", "dies in every 25th call"},
};

std::string milliseconds(long microseconds) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.1f ms", static_cast<double>(microseconds) / 1000);
    return text.data();
}

bool is_spared(const std::string& name) { return name == "monitor" || name == "canary"; }

// When all have started. canary, of the lowest priority, is the last.
std::map<std::string, qemu::ServiceLine> services_at_rest(qemu::System& system) {
    const qemu::Deadline deadline = qemu::after(kPatience);
    for (;;) {
        auto services = system.services();
        const auto starting = std::ranges::find(services, "starting", [](const auto& each) { return each.second.state; });
        if (starting == services.end()) return services;
        if (qemu::until(deadline).count() <= 0) throw std::runtime_error(starting->first + " is starting and does not come up");
        std::this_thread::sleep_for(100ms);
    }
}

}  // namespace

Storm::Storm(qemu::System& system, Screen& screen, unsigned seed) : system_(system), screen_(screen), random_(seed) {
    for (const auto& [name, line] : services_at_rest(system)) {
        states_[name] = line.state;
        if (line.state == "up" && !is_spared(name)) victims_.push_back({.name = name, .seen = line, .news = {}});
    }
    order_.resize(victims_.size());
    std::iota(order_.begin(), order_.end(), 0u);
}

std::string Storm::next() {
    std::string commands;
    for (Victim& victim : victims_) {
        if (victim.fault_until == 0 || victim.fault_until > turn_) continue;
        victim.fault_until = 0;
        commands += "service fault " + victim.name + " off; ";
    }
    for (std::size_t tries = 0; tries < victims_.size(); ++tries) {
        const std::size_t place = turn_ % victims_.size(), round = turn_ / victims_.size();
        // No distribution of the library: they are not the same everywhere.
        if (place == 0)
            for (std::size_t i = order_.size() - 1; i > 0; --i) std::swap(order_[i], order_[random_() % (i + 1)]);
        ++turn_;
        Victim& victim = victims_[order_[place]];
        if (victim.is_away || victim.seen.state != "up" || victim.fault_until != 0) continue;
        const bool hangs = turn_ % kTurnsBetweenHangs == kTurnsBetweenHangs / 4;
        return commands + harm(victim, hangs ? Harm::Hang : kRounds[(order_[place] + round) % std::size(kRounds)]);
    }
    return commands;
}

std::string Storm::harm(Victim& victim, Harm harm) {
    const auto fault = std::ranges::find(kFaults, victim.name, &FaultOrder::service);
    if (harm == Harm::Fault && fault == std::end(kFaults)) harm = Harm::Kill;
    ++victim.harms[static_cast<unsigned>(harm)];
    victim.is_away = harm != Harm::Fault;
    switch (harm) {
        case Harm::Kill: victim.news = "killed"; return "service kill " + victim.name + "; ";
        case Harm::Crash: victim.news = "made to crash"; return "service kill " + victim.name + " --signal crash; ";
        case Harm::Hang: victim.news = "made to hang"; return "service kill " + victim.name + " --signal hang; ";
        case Harm::Fault: break;
    }
    victim.news = fault->words;
    victim.fault_until = turn_ + kFaultTurns;
    return "service fault " + victim.name + " " + fault->order + " " + std::to_string(random_() % 1000) + "; ";
}

void Storm::look() {
    const auto services = system_.services();
    for (Victim& victim : victims_)
        if (const auto now = services.find(victim.name); now != services.end()) look_at(victim, now->second);
}

void Storm::look_at(Victim& victim, const qemu::ServiceLine& now) {
    const long deaths = now.restarts - victim.seen.restarts;
    const bool is_back = deaths > 0 && now.state == "up";
    if (!victim.news.empty() || is_back) {
        const Words what = victim.news.empty() ? Words{victim.is_away ? "is noticed" : "died in a call", Colour::Hit}
                                               : Words{victim.news, victim.is_away ? Colour::Hit : Colour::Slow};
        const Words outcome = is_back ? Words{"back in " + milliseconds(now.last_recovery_us), Colour::Good} : Words{};
        screen_.event(victim.name, what, outcome);
        victim.news.clear();
    }
    if (deaths > 0 && victim.fault_until != 0) victim.fault_until = turn_;  // who fails again and again is not started again
    if (deaths > 0 && !is_back) return;                                     // its recovery is not over
    if (is_back) {
        victim.is_away = false;
        victim.deaths += deaths;
        victim.slowest_us = std::max(victim.slowest_us, now.last_recovery_us);
    }
    victim.seen = now;
}

std::string Storm::end_of_faults() {
    std::string commands;
    for (Victim& victim : victims_) {
        if (victim.fault_until != 0) commands += "service fault " + victim.name + " off; ";
        victim.fault_until = 0;
    }
    return commands;
}

void Storm::kill_everything() {
    screen_.event("everything", {"killed at once", Colour::Hit});
    for (Victim& victim : victims_) {
        ++victim.harms[static_cast<unsigned>(Harm::Kill)];
        victim.is_away = true;
        victim.news = "killed with all others";
    }
    try {
        system_.run("service kill all; sleep 5000");
        throw std::runtime_error("everything was to be killed, and the prompt goes on");
    } catch (const qemu::PromptRestarted&) {
    }
    wait_for_all();
}

void Storm::wait_for_all() {
    const qemu::Deadline deadline = qemu::after(kPatience);
    for (;;) {
        std::string missing;
        look();
        for (const auto& [name, line] : system_.services())
            if (line.state != states_[name]) missing = name + " is " + line.state;
        for (const Victim& victim : victims_)
            if (victim.is_away) missing = victim.name + " is not back";
        if (missing.empty()) return;
        if (qemu::until(deadline).count() <= 0) throw std::runtime_error(missing);
        std::this_thread::sleep_for(100ms);
    }
}

unsigned Storm::harms() const {
    unsigned sum = 0;
    for (const Victim& victim : victims_) sum += std::accumulate(victim.harms.begin(), victim.harms.end(), 0u);
    return sum;
}

std::string Storm::table() const {
    std::array<char, 96> line;
    std::string text = "SERVICE      KILLED  CRASHED  HUNG  FAULTY  DEATHS  SLOWEST RECOVERY\n";
    for (const Victim& victim : victims_) {
        const auto times = [&victim](Harm harm) { return victim.harms[static_cast<unsigned>(harm)]; };
        std::snprintf(line.data(), line.size(), "%-12s %6u  %7u  %4u  %6u  %6ld  %16s\n", victim.name.c_str(), times(Harm::Kill), times(Harm::Crash),
                      times(Harm::Hang), times(Harm::Fault), victim.deaths, victim.deaths == 0 ? "-" : milliseconds(victim.slowest_us).c_str());
        text += line.data();
    }
    return text;
}

}  // namespace eft::demo
