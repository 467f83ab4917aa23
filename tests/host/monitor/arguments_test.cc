// What commands are given, against their forms.
#include "monitor/arguments.h"

#include <doctest/doctest.h>

using namespace eft::monitor;
using Words = std::vector<std::string>;

namespace {

std::string wrong(std::string_view form, const Words& given) { return parse_arguments("do", form, given).wrong; }

}  // namespace

TEST_CASE("options stand anywhere, words are the others") {
    const Arguments given = parse_arguments("ls", "[-a] [-l] [PATH...]", {"/x", "-la", "-", "--", "-a", "--", ""});
    CHECK(given.wrong.empty());
    CHECK(given.command == "ls");
    CHECK(given.words == Words{"/x", "-", "-a", "--", ""});
    CHECK((given.has("-a") && given.has("-l")));
    CHECK(!parse_arguments("ls", "[-a] [-l] [PATH...]", {"--", "-a"}).has("-a"));
}

TEST_CASE("values of options") {
    constexpr std::string_view kForm = "NAME [--signal kill|hang|crash] [--to FILE]";
    const Arguments given = parse_arguments("do", kForm, {"--signal", "hang", "echo", "--to=a=b", "--signal=crash"});
    CHECK(given.wrong.empty());
    CHECK(given.words == Words{"echo"});
    CHECK(*given.value("--signal") == "crash");
    CHECK(*given.value("--to") == "a=b");
    CHECK(given.value("--from") == nullptr);
    CHECK(*parse_arguments("do", kForm, {"x", "--to", "--signal"}).value("--to") == "--signal");
    CHECK(wrong(kForm, {"echo", "--signal"}) == "--signal: kill|hang|crash is missing; usage: do NAME [--signal kill|hang|crash] [--to FILE]");
    CHECK(wrong(kForm, {"echo", "--signal", "bang"}).starts_with("--signal: bang is none of kill|hang|crash; usage: "));
    CHECK(wrong("[-l] [--all]", {"--all=1"}).starts_with("--all: it has no value;"));
}

TEST_CASE("values of options of one letter") {
    constexpr std::string_view kForm = "[-q] [-c N] HOST";
    for (const Words& words : {Words{"-c", "3", "x"}, Words{"-c3", "x"}, Words{"x", "-qc", "3"}, Words{"-qc3", "x"}, Words{"-c", "9", "x", "-c3"}}) {
        const Arguments given = parse_arguments("do", kForm, words);
        CHECK(given.wrong.empty());
        CHECK(given.words == Words{"x"});
        CHECK(*given.value("-c") == "3");
    }
    CHECK(wrong(kForm, {"x", "-c"}).starts_with("-c: N is missing; usage: "));
    CHECK(wrong(kForm, {"-c", "x"}).starts_with("HOST is missing; usage: "));
    CHECK(wrong("[-k kill|hang]", {"-kbang"}).starts_with("-k: bang is none of kill|hang; usage: "));
}

TEST_CASE("what the form does not have is refused, with what it has") {
    CHECK(wrong("", {}).empty());
    CHECK(wrong("", {"--"}).empty());
    CHECK(wrong("", {"x"}) == "x: too many arguments; usage: do");
    CHECK(wrong("", {"-x"}) == "-x: unknown option; usage: do");
    CHECK(wrong("[-a] [PATH...]", {"-ax"}) == "-ax: unknown option; usage: do [-a] [PATH...]");
    CHECK(wrong("[-a] [PATH...]", {"--all"}).starts_with("--all: unknown option;"));
    CHECK(wrong("[-a] [PATH...]", {"-\x1b[31m"}).starts_with("-\\u001b[31m: unknown option;"));
    CHECK(wrong("PATH...", {}) == "PATH is missing; usage: do PATH...");
    CHECK(wrong("PATH...", {"a", "b", "c"}).empty());
    CHECK(wrong("MS", {"1", "2"}) == "2: too many arguments; usage: do MS");
    CHECK(wrong("[SERVICE [METHOD [JSON]]]", {}).empty());
    CHECK(wrong("[SERVICE [METHOD [JSON]]]", {"a", "b", "c"}).empty());
    CHECK(wrong("[SERVICE [METHOD [JSON]]]", {"a", "b", "c", "d"}).starts_with("d: too many arguments;"));
    CHECK(wrong("list|info [NAME]", {"lsit"}) == "lsit is none of list|info; usage: do list|info [NAME]");
    CHECK(wrong("off|INTERFACE.METHOD", {"File.Read"}).empty());
    CHECK(wrong("list|info [NAME]", {}).starts_with("list|info is missing;"));
    CHECK(parse_arguments("service kill", "NAME", {}).wrong == "NAME is missing; usage: service kill NAME");
    CHECK(parse_arguments("service kill", "NAME", {}).command == "service");
}

TEST_CASE("words that may be left out") {
    const Arguments given = parse_arguments("do", "[A [B]]", {"x"});
    CHECK(given.word(0, "y") == "x");
    CHECK(given.word(1, "y") == "y");
    CHECK(given.word(1).empty());
}
