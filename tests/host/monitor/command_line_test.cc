// What a typed line means.
#include "monitor/command_line.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::monitor;
using Words = std::vector<std::string>;

namespace {

std::vector<Command> parsed(std::string_view line) {
    ParsedLine parsed = parse_line(line);
    REQUIRE(parsed.wrong.empty());
    return parsed.commands;
}
Words words(std::string_view line, int status = 0) {
    auto commands = parsed(line);
    REQUIRE(commands.size() == 1);
    return expand(commands[0].words, status);
}

}  // namespace

TEST_CASE("words are separated by blanks") {
    CHECK(parsed("").empty());
    CHECK(parsed(" \t ").empty());
    CHECK(words("ls") == Words{"ls"});
    CHECK(words("  ls\t-l   /a/b  ") == Words{"ls", "-l", "/a/b"});
}

TEST_CASE("quotes keep blanks and separators, and a backslash keeps one character") {
    CHECK(words("cat 'a b;c&d'") == Words{"cat", "a b;c&d"});
    CHECK(words("cat \"a b\"c") == Words{"cat", "a bc"});
    CHECK(words("echo ''") == Words{"echo", ""});
    CHECK(words("echo a\\ b \\; \\'") == Words{"echo", "a b", ";", "'"});
    CHECK(words("echo '\\'") == Words{"echo", "\\"});
    CHECK(parse_line("echo 'a\"").wrong == "the quote ' is not closed");
    CHECK(parse_line("echo \"a'").wrong == "the quote \" is not closed");
    for (const char* line : {"echo 'a", "echo \"a", "echo \\"}) CHECK(!parse_line(line).wrong.empty());
}

TEST_CASE("a word that begins with a brace is JSON, and needs no quotes") {
    CHECK(words(R"(rpc a B {"x": {"y": "a b;c&d}\"{'"}, "z": [1, 2]})") == Words{"rpc", "a", "B", R"({"x": {"y": "a b;c&d}\"{'"}, "z": [1, 2]})"});
    CHECK(words(R"(rpc a B {} c)") == Words{"rpc", "a", "B", "{}", "c"});
    CHECK(parsed(R"(rpc a B {"a":1};rpc c D {})").size() == 2);
    CHECK(words(R"(echo {"$?"})", 7) == Words{"echo", R"({"$?"})"});
    CHECK(words("echo a{b c}") == Words{"echo", "a{b", "c}"});
    for (const char* line : {"rpc a B {", R"(rpc a B {"a})", R"(rpc a B {"a": "\"}")"}) CHECK(!parse_line(line).wrong.empty());
}

TEST_CASE("pipes and redirections are refused, and can be quoted") {
    for (const char* line : {"ls | cat", "ls > x", "ls >> x; echo", "cat < x", "a || b", "a && b | c", "ls 'a' >"}) {
        CAPTURE(line);
        CHECK(!parse_line(line).wrong.empty());
    }
    CHECK(words("echo '>' \\| \"<\" a>b 2> eft> '>'>") == Words{"echo", ">", "|", "<", "a>b", "2>", "eft>", ">>"});
    CHECK(words("rpc a B {\"x\": \" > \"} \"\"") == Words{"rpc", "a", "B", "{\"x\": \" > \"}", ""});
}

TEST_CASE("semicolons separate, ampersands send to the background") {
    auto commands = parsed("a 1; b 2 & c 3;");
    REQUIRE(commands.size() == 3);
    CHECK(commands[0].words == Words{"a", "1"});
    CHECK_FALSE(commands[0].background);
    CHECK(commands[1].words == Words{"b", "2"});
    CHECK(commands[1].background);
    CHECK_FALSE(commands[2].background);
    CHECK(parsed("sha256sum /big.bin &").at(0).background);
    CHECK(parsed("a;b&c").size() == 3);
    CHECK(parse_line("a; ;").wrong == "no command stands before ;");
    CHECK(parse_line("a; ;").commands.empty());
    for (const char* line : {";", "&", "a;;b", "a & & b", "; a"}) CHECK(!parse_line(line).wrong.empty());
}

TEST_CASE("the status stands where its sign stood, when the command starts") {
    CHECK(words("echo $?", 7) == Words{"echo", "7"});
    CHECK(words("echo a$?b \"$?\" '$?' \\$?", 12) == Words{"echo", "a12b", "12", "$?", "$?"});
    CHECK(words("echo $ $x", 3) == Words{"echo", "$", "$x"});
    CHECK(words("echo \x01", 3) == Words{"echo", ""});
}
