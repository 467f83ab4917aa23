// Classification: what was seen, and the class that it belongs to.
#include <outcome.h>
#include <report.h>
#include <statistics.h>

#include <doctest/doctest.h>

using namespace eft::faults;

namespace {

const std::string kHeader = "NAME             KIND    STATE         PID  INCARNATION  RESTARTS  RECOVERY_US\n";

std::string line(const std::string& name, const std::string& state, int restarts) {
    return name + "  server  " + state + "  12  1  " + std::to_string(restarts) + "  " + (restarts ? "450" : "-") +
           "\n";
}

struct Case {
    Expectation expected{
        .lines = {"one", "two"}, .seconds = 1, .services = {{"echo", {"up", 0, "-"}}, {"pit", {"down", 0, "-"}}}};
    Observation seen{.console = "",
                     .output = "two\none\n" + kHeader + line("echo", "up", 0) + line("pit", "down", 0),
                     .activated = true,
                     .seconds = 1};

    Verdict verdict() const { return judge(seen, expected); }
};

}  // namespace

TEST_CASE_FIXTURE(Case, "no effect, or not even activated") {
    CHECK(verdict().outcome == Outcome::NoEffect);
    seen.activated = false;
    CHECK(verdict().outcome == Outcome::NotActivated);
}

TEST_CASE_FIXTURE(Case, "recovered: all is right, and somebody was restarted") {
    seen.output = "one\ntwo\n" + kHeader + line("echo", "up", 2) + line("pit", "down", 0);
    CHECK(verdict().outcome == Outcome::Recovered);
    CHECK(verdict().restarts == std::map<std::string, long>{{"echo", 2}});
    CHECK(latency_ns(verdict()) == 450'000);
}

TEST_CASE_FIXTURE(Case, "a wrong result: another line, one too few, one twice") {
    const std::string services = kHeader + line("echo", "up", 1) + line("pit", "down", 0);
    for (const std::string output : {"one\ntvo\n", "one\n", "one\ntwo\ntwo\n"}) {
        seen.output = output + services;
        CHECK(verdict().outcome == Outcome::WrongResult);
    }
    seen.output = "one\ntvo\n" + services;
    CHECK(verdict().what == "expected \"two\", got \"tvo\"");
    CHECK(verdict().restarts.size() == 1);
    expected.lines = {"one", "like *o", "maybe t*ee"};
    for (const std::string more : {"", "three\nthree\n"}) {
        seen.output = "one\ntwo\n" + more + services;
        CHECK(verdict().outcome == Outcome::Recovered);
    }
    seen.output = "one\nthree\n" + services;
    CHECK(verdict().what == "expected \"like *o\"");
    seen.output.reset();
    seen.prompt_restarted = true;
    CHECK(verdict().outcome == Outcome::WrongResult);
}

TEST_CASE_FIXTURE(Case, "degraded: a service is gone, or all is slow") {
    seen.output = "one\ntwo\n" + kHeader + line("echo", "held", 8) + line("pit", "down", 0);
    CHECK(verdict().outcome == Outcome::Degraded);
    CHECK(verdict().what == "echo is held");
    seen.output = "one\ntwo\n" + kHeader + line("echo", "up", 1) + line("pit", "down", 0);
    seen.seconds = 8;
    CHECK(verdict().outcome == Outcome::Degraded);
}

TEST_CASE_FIXTURE(Case, "it stops: the workload, the system, the kernel, the machine") {
    seen.output.reset();
    CHECK(verdict().outcome == Outcome::Hang);
    seen.console = "x\nroot: the system cannot go on without mem, which has ended 16 times.\nCause: \n";
    CHECK(verdict().outcome == Outcome::SystemStopped);
    CHECK(verdict().what == "root: the system cannot go on without mem, which has ended 16 times.");
    seen.console += "\nkernel panic: exception in the kernel\n";
    CHECK(verdict().outcome == Outcome::KernelStopped);
    seen.console.clear();
    seen.machine_ended = true;
    CHECK(verdict().outcome == Outcome::KernelStopped);
}

TEST_CASE("Wilson's interval") {
    CHECK(wilson(0, 0).low == 0);
    CHECK(wilson(0, 0).high == 1);
    // Computed separately, in Python.
    CHECK(wilson(53, 62).low == doctest::Approx(0.7467).epsilon(0.001));
    CHECK(wilson(53, 62).high == doctest::Approx(0.9217).epsilon(0.001));
    CHECK(wilson(0, 10).low == 0);
    CHECK(wilson(0, 10).high == doctest::Approx(0.2775).epsilon(0.001));
}
