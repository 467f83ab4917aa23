#include "outcome.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include <fnmatch.h>

namespace eft::faults {
namespace {

constexpr double kSlow = 3, kSlowSeconds = 4;  // times as long as without a fault, and so many seconds more
constexpr std::string_view kHeader = "NAME";

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

constexpr std::string_view kLike = "like ", kMaybe = "maybe ";

// By the patterns of the shell, if `expected` begins with `word`.
bool matches(const std::string& line, const std::string& expected, std::string_view word) {
    return expected.starts_with(word) && fnmatch(expected.c_str() + word.size(), line.c_str(), 0) == 0;
}

// The first thing that is printed and should not be, or the other way round; empty: all is as expected.
std::string difference(const std::string& output, std::vector<std::string> expected) {
    std::vector<std::string> optional;
    std::copy_if(expected.begin(), expected.end(), std::back_inserter(optional),
                 [](const std::string& each) { return each.starts_with(kMaybe); });
    std::erase_if(expected, [](const std::string& each) { return each.starts_with(kMaybe); });
    std::string strange;
    for (const std::string& line : lines_of(output)) {
        const auto found = std::find_if(expected.begin(), expected.end(), [&](const std::string& each) {
            return line == each || matches(line, each, kLike);
        });
        const bool may_be = std::any_of(optional.begin(), optional.end(),
                                        [&](const std::string& each) { return matches(line, each, kMaybe); });
        if (found != expected.end())
            expected.erase(found);
        else if (strange.empty() && !may_be)
            strange = line;
    }
    if (expected.empty() && strange.empty()) return {};
    std::string text = expected.empty() ? "" : "expected \"" + expected.front() + "\"";
    if (!strange.empty()) text += (text.empty() ? "" : ", ") + std::string("got \"") + strange + "\"";
    return text;
}

// A service that was up and is not.
std::string degradation(const std::map<std::string, ServiceState>& now, const Expectation& expected) {
    for (const auto& [name, before] : expected.services) {
        const auto found = now.find(name);
        const std::string state = found == now.end() ? "not in the list" : found->second.state;
        if (state != before.state) return name + " is " + state;
    }
    return {};
}

void note_restarts(Verdict& verdict, const std::map<std::string, ServiceState>& now, const Expectation& expected) {
    long most = 0;
    for (const auto& [name, service] : now) {
        const auto before = expected.services.find(name);
        const long restarts = service.restarts - (before == expected.services.end() ? 0 : before->second.restarts);
        if (restarts > 0) verdict.restarts[name] = restarts;
        if (restarts > most) most = restarts, verdict.recovery_us = service.recovery_us;
    }
}

}  // namespace

const char* name_of(Outcome outcome) {
    constexpr const char* kNames[] = {"not_activated", "no_effect",      "recovered",      "wrong_result",
                                      "degraded",      "system_stopped", "kernel_stopped", "hang"};
    return kNames[static_cast<unsigned>(outcome)];
}

bool is_failure(Outcome outcome) { return outcome > Outcome::Recovered; }

std::map<std::string, ServiceState> take_services(std::string& output) {
    std::map<std::string, ServiceState> services;
    const std::size_t begin = output.starts_with(kHeader) ? 0 : output.rfind("\n" + std::string(kHeader));
    if (begin == std::string::npos) return services;
    std::istringstream lines(output.substr(begin));
    output.resize(begin == 0 ? 0 : begin + 1);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, kind, state, recovery;
        long pid = 0, incarnation = 0, restarts = 0;
        if (words >> name >> kind >> state >> pid >> incarnation >> restarts >> recovery)
            services[name] = {state, restarts, recovery};
    }
    return services;
}

Verdict judge(const Observation& seen, const Expectation& expected) {
    Verdict verdict;
    const auto line_with = [&seen](const char* words) {
        const std::size_t at = seen.console.find(words);
        return at == std::string::npos ? std::string() : seen.console.substr(at, seen.console.find('\n', at) - at);
    };
    if (const std::string panic = line_with("kernel panic: "); !panic.empty() || seen.machine_ended) {
        return {Outcome::KernelStopped, panic.empty() ? "the machine was reset" : panic, {}, {}};
    }
    if (const std::string stopped = line_with("root: the system cannot go on"); !stopped.empty())
        return {Outcome::SystemStopped, stopped, {}, {}};
    if (seen.prompt_restarted) return {Outcome::WrongResult, "the prompt's process ended", {}, {}};
    if (!seen.output) return {Outcome::Hang, "the workload does not end", {}, {}};
    std::string output = *seen.output;
    const auto now = take_services(output);
    note_restarts(verdict, now, expected);
    if (const std::string wrong = difference(output, expected.lines); !wrong.empty()) {
        verdict.outcome = Outcome::WrongResult, verdict.what = wrong;
    } else if (const std::string held = degradation(now, expected); !held.empty()) {
        verdict.outcome = Outcome::Degraded, verdict.what = held;
    } else if (seen.seconds > expected.seconds * kSlow + kSlowSeconds) {
        verdict.outcome = Outcome::Degraded,
        verdict.what = "it took " + std::to_string(seen.seconds / expected.seconds) + " times as long";
    } else if (!verdict.restarts.empty()) {
        verdict.outcome = Outcome::Recovered;
    } else {
        verdict.outcome = seen.activated ? Outcome::NoEffect : Outcome::NotActivated;
    }
    return verdict;
}

}  // namespace eft::faults
