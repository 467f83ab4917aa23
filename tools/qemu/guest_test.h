// Boots an archive whose root is a test program and judges what it reports.
//
// A guest test prints, each on its own line, among whatever else it likes:
//     TEST name ok
//     TEST name FAIL what was expected and what came
//     TESTS n passed, m failed
// and ends through isa-debug-exit with 0x10 (status 0x21) if m is 0 and 0x11 (status 0x23) if not. It passes only if
// all of that agrees: the counts with the lines, the status with the counts, and at least one test ran.
#pragma once

#include "machine.h"

#include <string>
#include <vector>

namespace eft::qemu {

inline constexpr int kGuestPassed = 0x10 << 1 | 1;
inline constexpr int kGuestFailed = 0x11 << 1 | 1;

struct GuestReport {
    unsigned passed = 0;
    std::vector<std::string> failures;  // "name: why"
    // What is wrong with the run as a whole: a hang, a wrong status, counts that disagree. Empty if nothing.
    std::string fault;
    std::string log;

    bool ok() const { return fault.empty() && failures.empty(); }
    // For a person: what failed, and the serial log if anything did.
    std::string text() const;
};

GuestReport run_guest_test(const MachineOptions& options, Duration timeout);
GuestReport run_guest_test(const std::string& archive, Duration timeout);

// The judgement alone: what the machine printed and how it ended.
GuestReport judge_guest_test(const std::string& log, const MachineExit& exit);

}  // namespace eft::qemu
