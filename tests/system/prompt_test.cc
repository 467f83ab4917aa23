// The dialogue at the prompt, against a shell that says exactly what the test wants.
#include <monitor/script.h>
#include <prompt.h>
#include <script.h>

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;
namespace monitor = eft::monitor;

namespace {

constexpr Duration kPatience = 10s;

// What the prompt sends for a script that prints this.
std::string answer(std::string_view output, int status) {
    return std::string(monitor::kScriptBegin) + monitor::script_text(output) + monitor::script_end(status);
}
std::string with_returns(std::string_view text) {
    std::string result;
    for (const char character : text) result.append(character == '\n' ? "\r" : "").push_back(character);
    return result;
}

// Answers each script from `answers`, and prompts again.
class ScriptedShell {
public:
    ScriptedShell(File file, std::string greeting, std::map<std::string, std::string> answers)
        : thread_([end = std::move(file), greeting, answers]() mutable {
              end.write_all(greeting, after(kPatience));
              std::string typed;
              for (bool at_end = false; !at_end;) {
                  if (!end.read_some(typed, after(kPatience), at_end)) return;
                  const std::size_t length = typed.find('\n');
                  if (length == std::string::npos || typed.find('\n', length + 1) == std::string::npos) continue;
                  const std::string lines = typed.substr(length + 1);
                  if (typed[0] != monitor::kScriptRequest || typed.substr(1, length - 1) != std::to_string(lines.size())) return;
                  typed.clear();
                  const auto found = answers.find(lines.substr(0, lines.size() - 1));
                  if (found == answers.end()) return;  // as if the machine had died
                  end.write_all(with_returns(found->second) + "eft> ", after(kPatience));
              }
          }) {}
    ~ScriptedShell() { thread_.join(); }

private:
    std::thread thread_;
};

}  // namespace

TEST_CASE("output is what the commands print, with its status") {
    auto [ours, theirs] = socket_pair();
    const ScriptedShell shell(std::move(theirs), "booting\r\nthis is not an eft> prompt\r\neft> ",
                              {{"ls /", answer("one\ntwo\n", 0)}, {"true", answer("", 0)}, {"false", "typed\n" + answer("no newline", 7)}});
    Console console(std::move(ours));
    Prompt prompt(console, kPatience);
    CHECK(prompt.boot_lines() == std::vector<std::string>{"booting", "this is not an eft> prompt"});
    CHECK(prompt.run("ls /", kPatience) == "one\ntwo\n");
    CHECK(prompt.status() == 0);
    CHECK(prompt.run("false", kPatience) == "no newline");
    CHECK(prompt.status() == 7);
    CHECK(prompt.run("true", kPatience) == "");
    CHECK(prompt.status() == 0);
    CHECK_THROWS_AS(prompt.run("crash", kPatience), ConsoleError);
}

TEST_CASE("no output is taken for the prompt, or for the end") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    const std::string outputs[] = {"eft> ", "\neft> ls\n", "\r\n\r", all, all + all, "\x10)0\n", answer(answer("x", 3), 4), "\xff\x10"};
    std::map<std::string, std::string> answers;
    for (const std::string& each : outputs) answers[std::to_string(answers.size())] = answer(each, static_cast<int>(answers.size()));
    auto [ours, theirs] = socket_pair();
    const ScriptedShell shell(std::move(theirs), "eft> ", answers);
    Console console(std::move(ours));
    Prompt prompt(console, kPatience);
    for (std::size_t i = 0; i < std::size(outputs); ++i) {
        CHECK(prompt.run(std::to_string(i), kPatience) == outputs[i]);
        CHECK(prompt.status() == static_cast<int>(i));
    }
}

TEST_CASE("an answer may come in any pieces") {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string output;
        for (unsigned left = random() % 50; left > 0; --left) output.push_back("\x10)(>eft \n0x"[random() % 11]);
        const std::string stream = "noise" + answer(output, round) + "eft> ";
        ScriptAnswer taken;
        std::string got;
        std::size_t at = 0;
        while (!taken.status()) {
            REQUIRE(at < stream.size());
            at += taken.take(std::string_view(stream).substr(at, 1 + random() % 7), got);
        }
        CHECK(got == output);
        CHECK(*taken.status() == round);
        CHECK(stream.substr(at) == "eft> ");
    }
}

TEST_CASE("a prompt that is restarted within an answer is an error, and the next script is answered") {
    auto [ours, theirs] = socket_pair();
    const std::string whole = answer("before", 0);
    const ScriptedShell shell(std::move(theirs), "eft> ", {{"kill", whole.substr(0, whole.size() - 4) + std::string(monitor::kRestarted) + "why it ended\n"}, {"echo", answer("x\n", 0)}});
    Console console(std::move(ours));
    Prompt prompt(console, kPatience);
    std::string output;
    CHECK_THROWS_WITH_AS(prompt.run("kill", kPatience, [&](std::string_view part) { output += part; }),
                         doctest::Contains("its process ended\nwhy it ended\n"), PromptRestarted);
    CHECK(output == "before");
    CHECK(prompt.run("echo", kPatience) == "x\n");
}

TEST_CASE("a shell that never prompts, and one that ends with no number, are errors") {
    auto [ours, theirs] = socket_pair();
    const ScriptedShell shell(std::move(theirs), "eft> ", {{"x", std::string(monitor::kScriptBegin) + "\x10)many\n"}});
    Console console(std::move(ours));
    Prompt prompt(console, kPatience);
    CHECK_THROWS(prompt.run("x", kPatience));
    console.read_until("eft> ", kPatience);
    CHECK_THROWS_AS(Prompt(console, 100ms), ConsoleError);
}
