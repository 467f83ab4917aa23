// What the Tab key means at each place of a line.
#include "monitor/completion.h"

#include "monitor/arguments.h"

#include <doctest/doctest.h>

using namespace eft::monitor;
using Names = std::vector<std::string>;

namespace {

std::string_view arguments_of(std::string_view command) {
    if (command == "ls") return "[-a] [-l] [PATH...]";
    if (command == "service") return "list|kill [NAME] [--signal kill|hang|crash] [COUNT]";
    if (command == "rpc") return "[SERVICE [METHOD [JSON]]] [--watch EVENT [--count N]]";
    return {};
}
Question asked(std::string_view line) { return question_of(line, arguments_of); }

}  // namespace

TEST_CASE("the first word of a command is a command") {
    CHECK(asked("").of == Question::Of::Command);
    CHECK(asked("ser").of == Question::Of::Command);
    CHECK(asked("ser").word == "ser");
    CHECK(asked("ls /; ec").word == "ec");
    CHECK(asked("ls / & ").of == Question::Of::Command);
}

TEST_CASE("the others are what the command's form says, options not counted") {
    CHECK(asked("ls ").of == Question::Of::Path);
    CHECK(asked("ls /a /b").of == Question::Of::Path);
    CHECK(asked("ls -l '/a b/c").of == Question::Of::Nothing);  // a quote is open
    CHECK(asked("ls -l /a\\ b/c").word == "/a b/c");
    CHECK(asked("ls -").of == Question::Of::Nothing);
    CHECK(asked("service k").of == Question::Of::Verb);
    CHECK(asked("service k").argument == "list|kill");
    CHECK(asked("service kill --signal").of == Question::Of::Nothing);
    CHECK(asked("service kill ec").of == Question::Of::Service);
    CHECK(asked("service kill echo 5").of == Question::Of::Nothing);
    CHECK(asked("rpc ").of == Question::Of::Service);
    CHECK(asked("rpc echo S").of == Question::Of::Method);
    CHECK(asked("rpc echo S").before == Names{"rpc", "echo"});
    CHECK(asked("rpc echo Say {").of == Question::Of::Nothing);
    CHECK(asked("rpc echo --watch C").of == Question::Of::Event);
    CHECK(asked("rpc echo --watch Changed ").of == Question::Of::Method);
    CHECK(asked("rpc --watch Changed ec").of == Question::Of::Service);
    CHECK(asked("service kill --signal ").argument == "kill|hang|crash");
    CHECK(asked("unknown x").of == Question::Of::Nothing);
}

TEST_CASE("what fits goes on as far as it is one, quoted") {
    CHECK(alternatives("list|kill|x") == Names{"list", "kill", "x"});
    CHECK(fitting({"kill", "list", "kick", "kill"}, "ki") == Names{"kick", "kill"});
    CHECK(fitting({"kill"}, "x").empty());
    CHECK(continuation({"kill"}, "k") == "ill ");
    CHECK(continuation({"kick", "kill"}, "k") == "i");
    CHECK(continuation({"kick", "kill"}, "ki") == "");
    CHECK(continuation({"/a/"}, "/") == "a/");
    CHECK(continuation({"/a b;c"}, "/a") == "\\ b\\;c ");
    CHECK(continuation({}, "") == "");
}

TEST_CASE("columns are as many as there is room for, read downwards") {
    CHECK(columns({"a", "b", "c"}) == "a  b  c\n");
    const std::string wide(50, 'x');
    CHECK(columns({"a", wide, "c"}) == "a\n" + wide + "\nc\n");
    const std::string half(30, 'y');
    CHECK(columns({half, "b", "c"}) == half + "  c\nb\n");
    CHECK(columns({}).empty());
}
