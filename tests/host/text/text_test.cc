// FixedText and parsing, against the standard library's formatting.
#include <eft/text.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <random>
#include <string>

using namespace eft;

namespace {
template <class... Values>
std::string printed(const char* format, Values... values) {
    char buffer[100];
    std::snprintf(buffer, sizeof buffer, format, values...);
    return buffer;
}
}  // namespace

TEST_CASE("numbers read as printf writes them") {
    std::mt19937_64 random(3);
    for (int i = 0; i < 2000; ++i) {
        const u64 number = random() >> random() % 64;
        const auto negative = static_cast<long long>(number);
        const int width = static_cast<int>(random() % 25);
        REQUIRE(FixedText<40>().decimal(number).view() == printed("%llu", static_cast<unsigned long long>(number)));
        REQUIRE(FixedText<40>().decimal(-negative).view() == printed("%lld", -negative));
        REQUIRE(FixedText<40>().decimal(-negative, width).view() == printed("%*lld", width, -negative));
        REQUIRE(FixedText<40>().decimal(-negative, width, '0').view() == printed("%0*lld", width, -negative));
        REQUIRE(FixedText<40>().hex(number, width).view() ==
                printed("%0*llx", width, static_cast<unsigned long long>(number)));
    }
    CHECK(FixedText<40>().decimal(std::numeric_limits<std::int64_t>::min()).view() == "-9223372036854775808");
    CHECK(FixedText<40>().decimal(static_cast<signed char>(-5)).view() == "-5");
    CHECK(FixedText<40>().address(0xffff8000).view() == "0x00000000ffff8000");
}

TEST_CASE("columns") {
    FixedText<100> line;
    line.left("uart", 8)
        .right("12", 4)
        .append('|')
        .column(20)
        .append("x")
        .append('\n')
        .left("abcdefgh", 4)
        .column(3)
        .append("y");
    CHECK(line.view() == "uart      12|       x\nabcdefgh y");
    CHECK(!line.cut());
}

TEST_CASE("what does not fit is cut, and nothing is written beyond") {
    FixedText<8> text("12345");
    CHECK(text.append("678").view() == "12345678");
    CHECK(!text.cut());
    CHECK(text.append('9').view() == "12345678");
    CHECK(text.cut());
    CHECK(text.c_str()[8] == 0);
    text.clear();
    CHECK(text.decimal(u64{1234567890123}, 1000).view() == "        ");
    CHECK(text.cut());
    text.clear();
    CHECK(text.empty());
    CHECK(!text.cut());
    CHECK(FixedText<0>("a").view().empty());
}

TEST_CASE("parsing takes whole numbers only") {
    CHECK(*parse_u64("0") == 0);
    CHECK(*parse_u64("18446744073709551615") == ~u64{0});
    CHECK(*parse_u64("0xFfFfffffffffFFFF") == ~u64{0});
    CHECK(*parse_u64("0x10") == 16);
    CHECK(*parse_u64("007") == 7);
    for (const char* wrong : {"", "0x", "-1", "+1", " 1", "1 ", "12a", "0x1g", "a", "1.0", "0x0x1", "\xff"})
        CHECK(parse_u64(wrong).error() == Error::InvalidArgument);
    for (const char* large : {"18446744073709551616", "0x10000000000000000", "99999999999999999999999999"})
        CHECK(parse_u64(large).error() == Error::OutOfRange);
    CHECK(parse_u64("18446744073709551616x").error() == Error::InvalidArgument);
    CHECK(*parse_u32("4294967295") == 0xffffffff);
    CHECK(parse_u32("4294967296").error() == Error::OutOfRange);
    static_assert(*parse_u64("42") == 42);
}

TEST_CASE("words") {
    std::string_view rest = "  service kill\tuart \n";
    CHECK(next_word(rest) == "service");
    CHECK(next_word(rest) == "kill");
    CHECK(next_word(rest) == "uart");
    CHECK(next_word(rest).empty());
    CHECK(next_word(rest).empty());
}
