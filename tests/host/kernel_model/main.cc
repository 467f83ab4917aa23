// kernel-model [--steps N] [--seed S] [--length L] [--trace]: differential runs of L steps each, from seed S on, until N
// steps are done. Prints which operations ended how. Status 1: a difference, a broken invariant, or an operation or a
// state that never happened.
#include "differential.h"

#include <invariants.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

using namespace eft;
using namespace eft::model;

namespace {

struct Options {
    u64 steps = 60'000, length = 2500;
    u32 seed = 1;
    bool trace = false;
};

Options parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        if (name == "--trace") {
            options.trace = true;
            continue;
        }
        const u64 value = i + 1 < count ? std::strtoull(arguments[++i], nullptr, 0) : 0;
        if (name == "--steps" && value) options.steps = value;
        else if (name == "--length" && value) options.length = value;
        else if (name == "--seed" && value) options.seed = static_cast<u32>(value);
        else std::fprintf(stderr, "usage: kernel-model [--steps N] [--seed S] [--length L] [--trace]\n"), std::exit(2);
    }
    return options;
}

// The shortest prefix is the history itself: states were equal after each step before.
int report(const Differential& run, u32 seed, const std::string& what) {
    std::printf("seed %u, step %llu: %s\n", seed, static_cast<unsigned long long>(run.steps()), what.c_str());
    const auto& history = run.history();
    const std::size_t first = history.size() > 40 ? history.size() - 40 : 0;
    for (std::size_t i = first; i < history.size(); ++i) std::printf("  %5zu %s\n", i + 1, history[i].c_str());
    std::printf("the whole prefix: kernel-model --seed %u --steps %llu --length %llu --trace\n", seed,
                static_cast<unsigned long long>(run.steps()), static_cast<unsigned long long>(run.steps()));
    return 1;
}

bool succeeded(const std::map<std::string, u64>& outcomes) { return outcomes.contains("done") || outcomes.contains("waits or stops"); }

// Operations that cannot succeed by their nature, and invocations, of which print_coverage knows which there are.
bool must_fail(const std::string& name) {
    return name.ends_with("nothing") || name.find(" on others") != std::string::npos || name.starts_with("unknown") || name.starts_with("invocation ") ||
           name.starts_with("reply_recv on notification") || (name.find("recv") != std::string::npos && name.find("on reply") != std::string::npos) ||
           name.starts_with("reply_recv poll on notification") || name == "state";
}

int print_coverage(const Coverage& coverage) {
    int status = 0;
    std::size_t pairs = 0;
    for (const auto& [name, outcomes] : coverage) {
        std::printf("%-44s", name.c_str());
        for (const auto& [outcome, times] : outcomes) std::printf(" %s %llu;", outcome.c_str(), static_cast<unsigned long long>(times));
        std::printf("\n");
        pairs += outcomes.size();
        u64 all = 0;
        for (const auto& [outcome, times] : outcomes) all += times;
        if (!must_fail(name) && !succeeded(outcomes) && all > 200) std::printf("    never succeeded\n"), status = 1;
    }
    static constexpr unsigned kInvocations[] = {0x100, 0x101, 0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x207, 0x300, 0x301, 0x302,
                                                0x303, 0x304, 0x305, 0x306, 0x307, 0x308, 0x309, 0x30a, 0x30b, 0x400, 0x401, 0x402, 0x403,
                                                0x500, 0x600, 0x601, 0x602, 0x603, 0x700, 0x701, 0x800, 0x801, 0x802};
    for (const unsigned number : kInvocations) {
        const std::string name = "invocation " + std::to_string(number >> 8) + "." + std::to_string(number & 0xff);
        if (coverage.contains(name) && succeeded(coverage.at(name))) continue;
        std::printf("%s never succeeded\n", name.c_str());
        status = 1;
    }
    for (const char* name : {"call on endpoint", "call on endpoint moving", "call on endpoint with caps", "reply_recv on endpoint",
                             "reply_recv on endpoint moving", "reply_recv on endpoint with caps", "send on endpoint", "send on notification",
                             "send on reply", "recv on endpoint", "recv on notification", "page fault", "exception", "interrupt", "yield", "pause"}) {
        if (coverage.contains(name) && succeeded(coverage.at(name))) continue;
        std::printf("%s never succeeded\n", name);
        status = 1;
    }
    if (!coverage.contains("call on endpoint") || !coverage.at("call on endpoint").contains("handled by the thread")) std::printf("no foreign call\n"), status = 1;
    if (coverage.at("state").size() != 7) std::printf("only %zu of 7 thread states\n", coverage.at("state").size()), status = 1;
    if (!coverage.at("pause").contains("in a search")) std::printf("no search for budget paused\n"), status = 1;
    std::printf("%zu pairs of operation and outcome\n", pairs);
    return status;
}

}  // namespace

int main(int count, char** arguments) {
    const Options options = parse(count, arguments);
    Coverage coverage;
    u64 done = 0;
    u32 seed = options.seed;
    for (; done < options.steps; ++seed) {
        Differential run(seed, coverage);
        bool more = true;
        while (more && run.steps() < options.length && done + run.steps() < options.steps) {
            try {
                more = run.step();
            } catch (const std::exception& error) {
                return report(run, seed, error.what());
            }
            if (options.trace) std::printf("%5llu %s\n", static_cast<unsigned long long>(run.steps()), run.history().back().c_str()), std::fflush(stdout);
            if (!run.difference().empty()) return report(run, seed, run.difference());
            if (run.steps() % 1000 != 0) continue;
            if (const auto broken = kernel::test::broken_invariants(run.core()); !broken.empty()) return report(run, seed, broken.front());
        }
        done += run.steps();
    }
    std::printf("%llu steps of %u machines, no difference\n", static_cast<unsigned long long>(done), seed - options.seed);
    return options.steps < 10'000 ? 0 : print_coverage(coverage);
}
