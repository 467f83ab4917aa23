// What became of a fault: from what was seen of the machine, one of eight classes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace eft::faults {

enum class Outcome { NotActivated, NoEffect, Recovered, WrongResult, Degraded, SystemStopped, KernelStopped, Hang };
inline constexpr Outcome kOutcomes[] = {Outcome::NotActivated,  Outcome::NoEffect, Outcome::Recovered,
                                        Outcome::WrongResult,   Outcome::Degraded, Outcome::SystemStopped,
                                        Outcome::KernelStopped, Outcome::Hang};
const char* name_of(Outcome outcome);
// The system did not do what it should, whatever it was.
bool is_failure(Outcome outcome);

// A line of `service list`.
struct ServiceState {
    std::string state;
    long restarts = 0;
    std::string recovery_us;
};

struct Observation {
    std::string console;                // all that came
    std::optional<std::string> output;  // of the workload, if it came to its end
    bool prompt_restarted = false;
    bool machine_ended = false;  // QEMU is gone: a reset, or a triple fault
    bool activated = false;
    double seconds = 0;  // that the workload took
};

// What the workload prints when all is well.
struct Expectation {
    std::vector<std::string> lines;  // each once, in any order; as in a manifest (workload.h)
    double seconds = 0;              // that it takes without a fault
    std::map<std::string, ServiceState> services;
};

struct Verdict {
    Outcome outcome = Outcome::NoEffect;
    std::string what;                      // for a person
    std::map<std::string, long> restarts;  // of the services that were restarted
    std::string recovery_us;               // of the last recovery of the service with most of them
};

// The lines that are a table of services, if `output` ends with one; they are taken off it.
std::map<std::string, ServiceState> take_services(std::string& output);

Verdict judge(const Observation& seen, const Expectation& expected);

}  // namespace eft::faults
