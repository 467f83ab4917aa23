// The dialogue at the prompt, against a shell that says exactly what the test wants.
#include <prompt.h>

#include <doctest/doctest.h>

#include <map>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 10s;

// Echoes each line as a terminal does, answers it from `answers`, and prompts again.
class ScriptedShell {
public:
    ScriptedShell(File file, std::string greeting, std::map<std::string, std::string> answers)
        : thread_([end = std::move(file), greeting, answers]() mutable {
              end.write_all(greeting, after(kPatience));
              std::string typed;
              for (bool at_end = false; !at_end;) {
                  if (!end.read_some(typed, after(kPatience), at_end)) return;
                  const std::size_t length = typed.find('\n');
                  if (length == std::string::npos) continue;
                  const std::string line = typed.substr(0, length);
                  typed.erase(0, length + 1);
                  const auto answer = answers.find(line);
                  end.write_all(line + "\r\n" + (answer == answers.end() ? "" : answer->second), after(kPatience));
                  if (answer == answers.end()) return;  // as if the machine had died
                  end.write_all("eft> ", after(kPatience));
              }
          }) {}
    ~ScriptedShell() { thread_.join(); }

private:
    std::thread thread_;
};

}  // namespace

TEST_CASE("output is what stands between the echo and the next prompt") {
    auto [ours, theirs] = socket_pair();
    const ScriptedShell shell(std::move(theirs), "booting\r\nthis is not an eft> prompt\r\neft> ",
                              {{"ls /", "one\r\ntwo eft> three\r\n"}, {"true", ""}, {"echo $?", "7\r\n"}});
    Console console(std::move(ours));
    Prompt prompt(console, kPatience);
    CHECK(prompt.run("ls /", kPatience) == "one\ntwo eft> three\n");
    CHECK(prompt.run("true", kPatience) == "");
    CHECK(prompt.status(kPatience) == 7);
    CHECK_THROWS(prompt.run("two\nlines", kPatience));
    CHECK_THROWS_AS(prompt.run("crash", kPatience), ConsoleError);
}

TEST_CASE("a shell without statuses, and one that never prompts, are errors") {
    auto [ours, theirs] = socket_pair();
    const ScriptedShell shell(std::move(theirs), "eft> ", {{"echo $?", "none\r\n"}});
    Console console(std::move(ours));
    Prompt prompt(console, kPatience);
    CHECK_THROWS(prompt.status(kPatience));
    CHECK_THROWS_AS(Prompt(console, 100ms), ConsoleError);
    CHECK_THROWS_AS(prompt.run("end", kPatience), ConsoleError);
}
