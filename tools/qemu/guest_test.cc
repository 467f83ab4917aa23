#include "guest_test.h"

#include <cstdio>
#include <optional>
#include <sstream>

namespace eft::qemu {
namespace {

struct Totals {
    unsigned passed;
    unsigned failed;
};

// Compares what was claimed with what was seen; empty if they agree.
std::string find_fault(const GuestReport& report, const std::optional<Totals>& totals, const MachineExit& exit) {
    const unsigned failed = static_cast<unsigned>(report.failures.size());
    if (!totals) return "no line `TESTS n passed, m failed`; the machine ended with " + exit.text();
    if (totals->passed != report.passed || totals->failed != failed) {
        return "the totals do not match the lines: " + std::to_string(report.passed) + " ok, " +
               std::to_string(failed) + " FAIL were seen";
    }
    if (report.passed + failed == 0) return "no test ran";
    const int expected = failed == 0 ? kGuestPassed : kGuestFailed;
    if (exit.status != expected) {
        return "the machine ended with " + exit.text() + " instead of status " + std::to_string(expected);
    }
    return "";
}

}  // namespace

std::string GuestReport::text() const {
    std::string result = std::to_string(passed) + " passed, " + std::to_string(failures.size()) + " failed\n";
    for (const std::string& failure : failures) result += "FAIL " + failure + "\n";
    if (!fault.empty()) result += "FAULT " + fault + "\n";
    if (!ok()) result += "---- serial log ----\n" + log + "\n---- end of serial log ----\n";
    return result;
}

GuestReport judge_guest_test(const std::string& log, const MachineExit& exit) {
    GuestReport report;
    report.log = log;
    std::optional<Totals> totals;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string keyword, name, verdict, reason;
        Totals seen{};
        if (line.starts_with("TEST ") && words >> keyword >> name >> verdict) {
            std::getline(words, reason);
            if (verdict == "ok") ++report.passed;
            if (verdict == "FAIL") report.failures.push_back(name + ":" + reason);
        } else if (std::sscanf(line.c_str(), "TESTS %u passed, %u failed", &seen.passed, &seen.failed) == 2) {
            totals = seen;
        }
    }
    report.fault = find_fault(report, totals, exit);
    return report;
}

GuestReport run_guest_test(const MachineOptions& options, Duration timeout) {
    Machine machine(options);
    try {
        const MachineExit exit = machine.wait_for_exit(timeout);
        return judge_guest_test(machine.console().log(), exit);
    } catch (const ConsoleError&) {
        // What it had reported before it hung still counts.
        GuestReport report = judge_guest_test(machine.console().log(), MachineExit{});
        report.fault = "it did not end within " + std::to_string(timeout.count() / 1000) + " s";
        return report;
    }
}

GuestReport run_guest_test(const std::string& archive, Duration timeout) {
    MachineOptions options;
    options.archive = archive;
    return run_guest_test(options, timeout);
}

}  // namespace eft::qemu
