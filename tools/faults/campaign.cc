#include "campaign.h"

#include "html_report.h"
#include "report.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <deque>
#include <filesystem>
#include <iomanip>
#include <set>
#include <thread>

#include <unistd.h>

namespace eft::faults {
namespace {

using Clock = std::chrono::steady_clock;

nlohmann::json json_of(const Fault& fault, const CampaignOptions& options, const Laboratory& laboratory,
                       const Injection& injection, const Run& run, const Verdict& verdict) {
    const Program& program = laboratory.program(fault.first());
    std::vector<Address> changed;
    for (const Change& change : run.changes)
        if (change.watch != 0) changed.push_back(change.address);
    const std::vector<std::string> sources = changed.empty() ? std::vector<std::string>() : program.sources_of(changed);
    auto source = sources.begin();
    nlohmann::json changes = nlohmann::json::array();
    for (const Change& change : run.changes) {
        nlohmann::json one = {{"address", change.address},
                              {"before", hex_of(change.before)},
                              {"after", hex_of(change.after)},
                              {"what", change.what}};
        if (change.watch != 0) {
            one["symbol"] = program.name_of(change.address);
            one["source"] = *source++;
        }
        changes.push_back(one);
    }
    nlohmann::json line = {{"run", fault.name()},
                           {"target", fault.target},
                           {"type", fault.type->name()},
                           {"seed", fault.seed},
                           {"index", fault.index},
                           {"workload", options.workload},
                           {"at", injection.at},
                           {"changes", changes},
                           {"outcome", name_of(verdict.outcome)},
                           {"what", verdict.what},
                           {"restarts", verdict.restarts},
                           {"latency_ns", latency_ns(verdict)},
                           {"activations", run.activations},
                           {"activated_at", run.activated_at},
                           {"instructions", run.instructions},
                           {"seconds", run.seen.seconds},
                           {"replay", "./eft replay " + fault.name() + " --workload " + options.workload}};
    if (!run.second.empty()) line["second"] = {{"at", run.second}, {"later", run.second_later}};
    if (verdict.outcome >= Outcome::Recovered) line["details"] = run.details;
    if (is_failure(verdict.outcome))
        line["console"] =
            run.seen.console.substr(run.seen.console.size() - std::min<std::size_t>(run.seen.console.size(), 6000));
    return line;
}

void write_summary(const std::string& folder, const ResultFile& results) {
    const Summary summary = results.summary();
    std::ofstream(folder + "/summary.json") << summary.json() << "\n";
    write_html_report(folder);
    std::cout << summary.table() << folder << "/report.html\n" << std::flush;
}

Injection injection_of(const Laboratory& laboratory, const Fault& fault, const nlohmann::json& line) {
    std::vector<Change> changes;
    for (const auto& one : line.at("changes")) {
        const auto address = one.at("address").get<Address>();
        const auto bytes = [&one](const char* name) { return bytes_of(one.at(name).get<std::string>()); };
        changes.push_back({address, bytes("before"), bytes("after"), one.at("what").get<std::string>(),
                           one.contains("symbol") ? address : 0});
    }
    return laboratory.injection_of(fault, line.at("at").get<std::uint64_t>(), changes);
}

class Campaign {
public:
    explicit Campaign(const CampaignOptions& options)
        : options_(options), laboratory_(options.workload, options.output), file_(options.output + "/results.jsonl") {
        if (!options.resume) file_.clear();
        const auto done = file_.lines();
        unsigned number = 0;
        for (unsigned index = 0; index < options.count; ++index)
            for (const std::string& target : options.targets)
                for (const std::string& type : options.types) {
                    const Fault fault{target, fault_type(type), options.seed, index};
                    if (number++ % options.shards == options.shard && !done.contains(fault.name()))
                        waiting_.push_back(fault);
                }
        total_ = waiting_.size();
    }

    int hold() {
        std::cout << "without a fault the workload takes " << std::setprecision(3) << laboratory_.expected().seconds
                  << " s; " << total_ << " faults\n"
                  << std::flush;
        start_ = Clock::now();
        std::vector<std::thread> threads;
        for (unsigned job = 0; job < options_.jobs; ++job) threads.emplace_back([this, job] { work(job); });
        for (std::thread& thread : threads) thread.join();
        write_summary(options_.output, file_);
        return error_.empty() && broken_ == 0 ? 0 : 1;
    }

private:
    void work(unsigned job) {
        try {
            Bench bench(laboratory_.snapshot(), laboratory_.kernel(), std::to_string(getpid()) + "-" + std::to_string(job));
            while (const auto fault = next()) try_to_note(*fault, bench);
        } catch (const std::exception& error) {
            give_up(error.what());
        }
    }

    // A run that could not be made, because QEMU itself ended, has no line: --resume makes it. Not many are let pass.
    void try_to_note(const Fault& fault, Bench& bench) {
        constexpr unsigned kMostBroken = 10;
        try {
            note(fault, bench);
        } catch (const std::runtime_error& error) {
            if (++broken_ > kMostBroken) throw;
            std::cerr << "eft-faults: " << fault.name() << " could not be made: " << error.what() << "\n";
        }
    }

    void give_up(const std::string& why) {
        const std::lock_guard lock(mutex_);
        error_ = why;
        waiting_.clear();
        std::cerr << "eft-faults: " << why << "\n";
    }

    std::optional<Fault> next() {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) return std::nullopt;
        const Fault fault = waiting_.front();
        waiting_.pop_front();
        return fault;
    }

    void note(const Fault& fault, Bench& bench) {
        const Injection injection = laboratory_.injection_of(fault);
        const Run run = bench.run(injection, laboratory_.expected());
        Verdict verdict = judge(run.seen, laboratory_.expected());
        if (!fault.type->in_code() && verdict.outcome == Outcome::NotActivated && !run.changes.empty())
            verdict.outcome = Outcome::NoEffect;  // nobody watches data
        if (injection.second && run.second.empty() && !is_failure(verdict.outcome)) {
            verdict.outcome = Outcome::NotActivated;
            verdict.what = "the second did not end";
        }
        if (run.changes.empty()) verdict.what = "there is no place for such a fault";
        const std::string line = json_of(fault, options_, laboratory_, injection, run, verdict)
                                     .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        const std::lock_guard lock(mutex_);
        file_.add(line);
        const double hours = std::chrono::duration<double>(Clock::now() - start_).count() / 3600;
        const double rate = static_cast<double>(++done_) / hours;
        if (is_failure(verdict.outcome))
            std::cout << fault.name() << ": " << name_of(verdict.outcome) << ", " << verdict.what << "\n";
        if (is_failure(verdict.outcome) || done_ % 25 == 0) {
            std::cout << done_ << " of " << total_ << ", " << static_cast<long>(rate) << " an hour, "
                      << static_cast<long>(static_cast<double>(total_ - done_) / rate * 60) << " minutes left\n"
                      << std::flush;
        }
    }

    const CampaignOptions& options_;
    Laboratory laboratory_;
    ResultFile file_;
    std::mutex mutex_;
    std::deque<Fault> waiting_;
    std::size_t total_ = 0, done_ = 0;
    std::atomic<unsigned> broken_ = 0;
    std::string error_;
    Clock::time_point start_;
};

}  // namespace

int hold_campaign(const CampaignOptions& options) {
    std::filesystem::create_directories(options.output);
    return Campaign(options).hold();
}

int merge(const CampaignOptions& options) {
    std::filesystem::create_directories(options.output);
    ResultFile whole(options.output + "/results.jsonl");
    whole.clear();
    std::set<std::string> runs;
    for (const std::string& folder : options.merged) {
        for (const auto& [run, line] : ResultFile(folder + "/results.jsonl").lines())
            if (runs.insert(run).second) whole.add(line);
    }
    if (runs.empty()) throw std::runtime_error("there are no results to be merged");
    write_summary(options.output, whole);
    return 0;
}

int replay(const CampaignOptions& options) {
    const auto fault = Fault::parse(options.only_run);
    if (!fault) throw std::runtime_error("a run's name is wanted, as uart-text-1-17, not " + options.only_run);
    Laboratory laboratory(options.workload, options.output);
    Bench bench(laboratory.snapshot(), laboratory.kernel(), std::to_string(getpid()) + "-replay");
    const auto earlier = ResultFile(options.output + "/results.jsonl").lines();
    const auto line = earlier.find(fault->name());
    const Injection injection = line == earlier.end() ? laboratory.injection_of(*fault)
                                                      : injection_of(laboratory, *fault, nlohmann::json::parse(line->second));
    const Run run = bench.run(injection, laboratory.expected());
    const Verdict verdict = judge(run.seen, laboratory.expected());
    std::cout << run.seen.console << "\n---- end of the console ----\n" << run.details;
    for (const Change& change : run.changes) {
        const Program& program = laboratory.program(fault->first());
        std::cout << program.name_of(change.address) << ": " << change.what << "\n  "
                  << (change.watch ? program.source_of(change.address) : "") << "\n";
    }
    std::cout << "after " << injection.at << " instructions; first run after " << run.activated_at << ", "
              << run.activations << " times\n"
              << (run.second.empty() ? "" : "the second: " + run.second + ", " + std::to_string(run.second_later) + " instructions later\n")
              << name_of(verdict.outcome) << (verdict.what.empty() ? "" : ": " + verdict.what) << "\n";
    return 0;
}

}  // namespace eft::faults
