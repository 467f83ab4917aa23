// Keys and what they do to the line and to the terminal.
#include "monitor/line_editor.h"

#include <doctest/doctest.h>

using namespace eft::monitor;

namespace {

struct Terminal {
    LineEditor editor;
    std::string echo;
    Typed last = Typed::Nothing;

    void type(std::string_view bytes) {
        for (char byte : bytes) last = editor.type(byte, echo);
    }
    std::string echo_of(std::string_view bytes) {
        echo.clear();
        type(bytes);
        return echo;
    }
};

}  // namespace

TEST_CASE("what is typed is echoed, and the line is complete at the return key") {
    Terminal terminal;
    CHECK(terminal.echo_of("ls /") == "ls /");
    CHECK(terminal.last == Typed::Nothing);
    CHECK(terminal.editor.text() == "ls /");
    CHECK(terminal.echo_of("\r") == "\n");
    CHECK(terminal.last == Typed::Line);
    CHECK(terminal.editor.take_line() == "ls /");
    CHECK(terminal.editor.text().empty());
}

TEST_CASE("return, line feed and both are one key") {
    Terminal terminal;
    terminal.type("a\r");
    CHECK(terminal.editor.take_line() == "a");
    CHECK(terminal.echo_of("\n") == "");
    CHECK(terminal.last == Typed::Nothing);
    terminal.type("b\n");
    CHECK(terminal.last == Typed::Line);
    CHECK(terminal.editor.take_line() == "b");
    terminal.type("\n");
    CHECK(terminal.last == Typed::Line);
}

TEST_CASE("backspace and delete take one character, also one of several bytes, and stop at the beginning") {
    Terminal terminal;
    terminal.type("ab");
    CHECK(terminal.echo_of("\b") == "\b \b");
    CHECK(terminal.editor.text() == "a");
    CHECK(terminal.echo_of("\x7f\x7f") == "\b \b");
    CHECK(terminal.editor.text().empty());
    terminal.type("\xc3\xa4");
    CHECK(terminal.echo_of("\b") == "\b \b");
    CHECK(terminal.editor.text().empty());
}

TEST_CASE("Ctrl-U empties the line, Ctrl-C drops it") {
    Terminal terminal;
    terminal.type("abc");
    CHECK(terminal.echo_of("\x15") == "\b \b\b \b\b \b");
    CHECK(terminal.editor.text().empty());
    terminal.type("abc");
    CHECK(terminal.echo_of("\x03") == "^C\n");
    CHECK(terminal.last == Typed::Dropped);
    CHECK(terminal.editor.text().empty());
}

TEST_CASE("cursor keys and control characters leave no trace") {
    Terminal terminal;
    CHECK(terminal.echo_of("a\x1b[A\x1b[3~\x1bOP\x01" "b") == "ab");
    CHECK(terminal.editor.text() == "ab");
    terminal.type("\x1b\r");  // the escape key alone, then return
    CHECK(terminal.last == Typed::Line);
    CHECK(terminal.editor.take_line() == "ab");
}

TEST_CASE("a line that is full rings the bell") {
    Terminal terminal;
    terminal.type(std::string(LineEditor::kMaxLine, 'x'));
    CHECK(terminal.echo_of("y") == "\a");
    CHECK(terminal.editor.text().size() == LineEditor::kMaxLine);
    terminal.type("\r");
    CHECK(terminal.last == Typed::Line);
}
