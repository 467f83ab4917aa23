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

TEST_CASE("backspace takes one character, also one of several bytes, and stops at the beginning") {
    Terminal terminal;
    terminal.type("ab");
    CHECK(terminal.echo_of("\b") == "\b\x1b[J");
    CHECK(terminal.editor.text() == "a");
    terminal.type("\x7f\x7f");
    CHECK(terminal.editor.text().empty());
    terminal.type("\xc3\xa4");
    CHECK(terminal.echo_of("\b") == "\b\x1b[J");
    CHECK(terminal.editor.text().empty());
}

TEST_CASE("Ctrl-C drops the line") {
    Terminal terminal;
    terminal.type("abc");
    CHECK(terminal.echo_of("\x03") == "^C\n");
    CHECK(terminal.last == Typed::Dropped);
    CHECK(terminal.editor.text().empty());
    terminal.type("x\r");
    CHECK(terminal.editor.take_line() == "x");
}

TEST_CASE("the cursor goes by characters and words, and to both ends, with every terminal's keys") {
    Terminal terminal;
    terminal.type("ab \xc3\xa4" "cd");
    CHECK(terminal.echo_of("\x1b[D\x1b[D\x1b[D") == "\b\b\b");
    CHECK(terminal.editor.before_cursor() == "ab ");
    CHECK(terminal.echo_of("\x1b[C") == "\xc3\xa4");
    const std::pair<const char*, std::size_t> keys[] = {
        {"\x1b[H", 0},    {"\x1b[F", 7},    {"\x1b[1~", 0},   {"\x1b[4~", 7},   {"\x1bOH", 0},  {"\x1bOF", 7}, {"\x01", 0},
        {"\x05", 7},      {"\x1b[1;5D", 3}, {"\x1b[1;5D", 0}, {"\x1b[1;5C", 2}, {"\x1b" "f", 7}, {"\x1b" "b", 3}, {"\x02", 2},
        {"\x06", 3},      {"\x1bOC", 5},    {"\x1bOD", 3},
    };
    for (const auto& [key, place] : keys) {
        terminal.type(key);
        CHECK_MESSAGE(terminal.editor.before_cursor().size() == place, key);
    }
}

TEST_CASE("what is typed or deleted within the line moves its rest") {
    Terminal terminal;
    terminal.type("ls /a\x01");
    CHECK(terminal.echo_of("x") == "xls /a\b\b\b\b\b");
    CHECK(terminal.echo_of("\b") == "\bls /a\x1b[J\b\b\b\b\b");
    CHECK(terminal.editor.text() == "ls /a");
    terminal.type("\x1b[3~\x04");  // Delete, Ctrl-D
    CHECK(terminal.editor.text() == " /a");
    terminal.type("\x05\x04");  // nothing is behind the end
    CHECK(terminal.editor.text() == " /a");
    CHECK(terminal.echo_of("\x01\r") == "\b\b\b /a\n");
    CHECK(terminal.editor.take_line() == " /a");
}

TEST_CASE("words are deleted in both directions, and come back") {
    Terminal terminal;
    terminal.type("service kill echo\x17");
    CHECK(terminal.editor.text() == "service kill ");
    terminal.type("\x17\x19");
    CHECK(terminal.editor.text() == "service kill ");
    terminal.type("\x01\x1b" "d");
    CHECK(terminal.editor.text() == " kill ");
    terminal.type("\x05\x1b\x7f");
    CHECK(terminal.editor.text() == " ");
    terminal.type("a b\x02\x0b");
    CHECK(terminal.editor.text() == " a ");
    terminal.type("\x15");
    CHECK(terminal.editor.text().empty());
    terminal.type("\x19");
    CHECK(terminal.editor.text() == " a ");
}

TEST_CASE("earlier lines come back, may be changed, and the line that was begun is not lost") {
    Terminal terminal;
    for (const char* line : {"one\r", "two\r", "two\r", "  \r"}) {
        terminal.type(line);
        terminal.editor.take_line();
    }
    terminal.type("begun");
    CHECK(terminal.echo_of("\x1b[A") == "\b\b\b\b\btwo\x1b[J");
    terminal.type("\x10");
    CHECK(terminal.editor.text() == "one");
    terminal.type("\x1bOA");  // nothing is before it
    CHECK(terminal.editor.text() == "one");
    terminal.type("\x1b[B\x0e");
    CHECK(terminal.editor.text() == "begun");
    terminal.type("\x0e");
    CHECK(terminal.editor.text() == "begun");
    terminal.type("\x1b[A!\r");
    CHECK(terminal.editor.take_line() == "two!");
    terminal.type("\x1b[A\x1b[A");
    CHECK(terminal.editor.text() == "two");
}

TEST_CASE("keys without a meaning leave no trace") {
    Terminal terminal;
    CHECK(terminal.echo_of("a\x1bOP\x1b[15~\x1b[200~\x1c" "b") == "ab");
    CHECK(terminal.editor.text() == "ab");
    terminal.type("\x1b\r");  // the escape key alone, then return
    CHECK(terminal.last == Typed::Line);
    CHECK(terminal.editor.take_line() == "ab");
    terminal.type("\x1b[" + std::string(1000, '1') + "Ax");  // a sequence without a reasonable end
    CHECK(terminal.editor.text() == "x");
}

TEST_CASE("a line that is too long rings the bell and is refused, unless its end is taken back") {
    Terminal terminal;
    terminal.type(std::string(LineEditor::kMaxLine, 'x'));
    CHECK(terminal.echo_of("y") == "\a");
    CHECK(terminal.editor.text().size() == LineEditor::kMaxLine);
    terminal.type("\r");
    CHECK(terminal.last == Typed::TooLong);
    CHECK(terminal.editor.text().empty());
    terminal.type(std::string(LineEditor::kMaxLine + 1, 'x') + "\b\r");
    CHECK(terminal.last == Typed::Line);
    CHECK(terminal.editor.take_line().size() == LineEditor::kMaxLine - 1);
}

TEST_CASE("the line is shown again with the cursor at its place") {
    Terminal terminal;
    terminal.type("abc\x02");
    std::string shown;
    terminal.editor.show(shown);
    CHECK(shown == "abc\b");
    CHECK(terminal.echo_of("\x0c") == "");
    CHECK(terminal.last == Typed::Clear);
    terminal.type("\t");
    CHECK(terminal.last == Typed::Tab);
    std::string echo;
    terminal.editor.insert("XY", echo);
    CHECK(echo == "XYc\b");
    CHECK(terminal.editor.text() == "abXYc");
}
