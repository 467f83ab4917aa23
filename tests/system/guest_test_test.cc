// The judge of guest tests must be able to say no: each way in which a report can be wrong is tried.
#include <guest_test.h>
#include "boot_disk.h"
#include <temporary.h>

#include <doctest/doctest.h>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

const MachineExit kPassed{kGuestPassed, ""};
const MachineExit kFailed{kGuestFailed, ""};

}  // namespace

TEST_CASE("a run in which everything agrees passes") {
    const auto report = judge_guest_test("booting\nTEST one ok\nTEST two ok\nTESTS 2 passed, 0 failed\n", kPassed);
    CHECK(report.ok());
    CHECK(report.passed == 2);
}

TEST_CASE("a failed test is named with its reason") {
    const auto report =
        judge_guest_test("TEST one ok\nTEST two FAIL expected 1, got 2\nTESTS 1 passed, 1 failed\n", kFailed);
    CHECK_FALSE(report.ok());
    CHECK(report.fault.empty());
    REQUIRE(report.failures.size() == 1);
    CHECK(report.failures[0] == "two: expected 1, got 2");
    CHECK(report.text().find("serial log") != std::string::npos);
}

TEST_CASE("what does not agree is a fault") {
    CHECK_FALSE(judge_guest_test("", kPassed).ok());
    CHECK_FALSE(judge_guest_test("TEST one ok\n", kPassed).ok());
    CHECK_FALSE(judge_guest_test("TESTS 0 passed, 0 failed\n", kPassed).ok());
    CHECK_FALSE(judge_guest_test("TEST one ok\nTESTS 2 passed, 0 failed\n", kPassed).ok());
    CHECK_FALSE(judge_guest_test("TEST one ok\nTESTS 1 passed, 0 failed\n", kFailed).ok());
    CHECK_FALSE(judge_guest_test("TEST one ok\nTESTS 1 passed, 0 failed\n", {0, "guest-reset"}).ok());
    CHECK_FALSE(judge_guest_test("TEST one FAIL\nTESTS 1 passed, 0 failed\n", kPassed).ok());
    CHECK_FALSE(judge_guest_test("TEST one FAIL\nTESTS 0 passed, 1 failed\n", kPassed).ok());
}

TEST_CASE("a machine that hangs after its last line does not pass") {
    const TemporaryFolder folder;
    MachineOptions options;
    options.boot_disk = folder.write("boot.img", boot_disk("TEST one ok\r\nTESTS 1 passed, 0 failed\r\n"));
    const auto hung = run_guest_test(options, 3s);
    CHECK_FALSE(hung.ok());
    CHECK(hung.passed == 1);
    CHECK(hung.fault.find("did not end") != std::string::npos);
}
