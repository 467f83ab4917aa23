// Runs libFuzzer over the kernel's entries until so many system calls have been made without a finding. Two processes
// share a corpus; each says at its end how many it made.
#include "tools.h"

#include <cstdio>
#include <thread>

namespace eft::proof {
namespace {

using Count = unsigned long long;

constexpr unsigned kWorkers = 2;
// So many at a time: a fuzzer that runs on and on needs ever more memory.
constexpr Count kOfOneRun = 5'000'000;

// 0: it had a finding, or made no calls.
Count calls_of_one(const fs::path& fuzzer, const fs::path& work, unsigned seed, Count wanted) {
    const std::string name = std::to_string(seed);
    const fs::path log = work / ("log-" + name);
    const std::string command = "env ASAN_OPTIONS=quarantine_size_mb=32:malloc_context_size=4 EFT_FUZZ_CALLS=" + std::to_string(wanted) + " '" + fuzzer.string() +
                                "' -seed=" + name + " -max_len=8192 -len_control=0 -verbosity=0 -rss_limit_mb=4096 '-artifact_prefix=" +
                                (work / ("finding-" + name + "-")).string() + "' '" + (work / "corpus").string() + "'";
    const End end = run(command, log, std::chrono::hours(2));
    const std::string text = read_file(log);
    Count made = 0;
    const auto at = text.rfind(" system calls");
    if (end == End::Well && at != std::string::npos) made = std::stoull(text.substr(text.rfind('\n', at) + 1));
    if (made == 0) std::printf("a finding, or the fuzzer ended before its time; %s:\n%s\n", log.c_str(), text.c_str());
    return made;
}

}  // namespace

int fuzz(const fs::path& fuzzer, const fs::path& work, unsigned long long wanted) {
    fs::create_directories(work / "corpus");
    Count made = 0;
    for (unsigned seed = 1; made < wanted; seed += kWorkers) {
        Count left = (wanted - made + kWorkers - 1) / kWorkers;
        if (left > kOfOneRun) left = kOfOneRun;
        Count of[kWorkers] = {};
        std::vector<std::thread> workers;
        for (unsigned i = 0; i < kWorkers; ++i) {
            workers.emplace_back([&, i] { of[i] = calls_of_one(fuzzer, work, seed + i, left); });
        }
        for (std::thread& worker : workers) worker.join();
        for (const Count calls : of) {
            if (calls == 0) return 1;
            made += calls;
        }
        std::printf("%llu system calls\n", made);
        std::fflush(stdout);
    }
    std::size_t inputs = 0;
    for (const auto& entry : fs::directory_iterator(work / "corpus")) inputs += entry.is_regular_file();
    std::printf("no finding; %zu inputs in the corpus\n", inputs);
    return 0;
}

}  // namespace eft::proof
