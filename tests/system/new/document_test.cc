// The reader of tested pages, and that the tutorial is one.
#include "document.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

using namespace eft::documents;

TEST_CASE("files and commands are found, in their order") {
    const auto steps = steps_of("# Title\n\n`a/b.h`:\n\n```cpp\nint x;\n\nint y;\n```\n\nText.\n```\n$ one\nout\n…\n$ two\n```\n");
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].file == "a/b.h");
    CHECK(steps[0].text == "int x;\n\nint y;\n");
    CHECK(steps[0].line == 5);
    CHECK(steps[1].file.empty());
    CHECK(steps[1].text == "one");
    CHECK(steps[1].printed == "out\n…\n");
    CHECK(steps[2].text == "two");
    CHECK(steps[2].printed.empty());
}

TEST_CASE("a block that is neither is refused") {
    CHECK_THROWS_WITH(steps_of("a\n```\nint x;\n```\n"), "line 2: this block is neither a file nor commands");
    CHECK_THROWS_WITH(steps_of("a\n```\n$ x\n"), "line 2: this block does not end");
    CHECK_THROWS(steps_of("`a`:\n```\nx\n```\n```\nagain\n```\n"));  // what was announced once is one block
}

TEST_CASE("what is printed matches line for line, but for …") {
    CHECK(matches("", ""));
    CHECK(matches("a\nb\n", "a\nb"));
    CHECK_FALSE(matches("a\n", "a\nb\n"));
    CHECK_FALSE(matches("a\nb\n", "a\n"));
    CHECK(matches("…\nb\n…\n", "x\ny\nb\n"));
    CHECK_FALSE(matches("…\nb\n", "x\nb\ny\n"));
    CHECK(matches("{\"value\": \"number …\"}\n", "{\"value\": \"number 12\"}\n"));
    CHECK_FALSE(matches("{\"value\": \"number …\"}\n", "{\"value\": \"word 12\"}\n"));
    CHECK_FALSE(matches("a.c\n", "abc\n"));
}

TEST_CASE("the tutorial consists of such blocks") {
    std::ifstream file(EFT_SOURCE_DIR "/docs/tutorial.md");
    const auto steps = steps_of({std::istreambuf_iterator<char>(file), {}});
    unsigned commands = 0;
    for (const Step& step : steps) commands += step.file.empty();
    CHECK(commands >= 4);
    CHECK(steps.size() - commands >= 7);
}
