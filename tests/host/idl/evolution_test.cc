// Old and new generations of a table understand each other: what is absent reads as its default, what is unknown is
// ignored, also where a tail begins in between.
#include <eft/idl/shapes.h>
#include <eft/ipc/local_caps.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test::shapes;

namespace {

template <class To, class From>
Result<To> across(const From& message, Utcb& page) {
    ipc::Registers registers;
    for (u64& word : registers.w) word = 0xdead;
    ipc::MessageWriter<From> out(registers, page);
    message.encode(out);
    registers.tag = out.tag(0);
    ipc::ReceivedCaps none;
    ipc::MessageReader<To> in(registers, page, none);
    if (!in.open() || !To::check(in)) return Error::BadMessage;
    return To::load(in);
}

Utcb dirty_page() {
    Utcb page;
    for (u64& word : page.words) word = 0xbad;
    return page;
}

}  // namespace

TEST_CASE("old to new: absent fields are defaults") {
    Utcb page = dirty_page();
    auto got = across<New>(Old{.a = 1, .b = 2, .c = 3, .d = 4, .e = 5}, page);
    REQUIRE(got.ok());
    CHECK(got->a == 1);
    CHECK(got->e == 5);
    CHECK(got->f == 77);
    CHECK(got->g == Color::Blue);
    CHECK(got->h == 0);
}

TEST_CASE("new to old: unknown fields are ignored") {
    Utcb page = dirty_page();
    auto got = across<Old>(New{.a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6, .h = 8}, page);
    REQUIRE(got.ok());
    CHECK(got->a == 1);
    CHECK(got->e == 5);
}

TEST_CASE("old to new with a tail: the tail is not taken for fields, in registers or behind them") {
    for (std::string_view text : {"", "x", "a text that is longer than four words !"}) {
        Utcb page = dirty_page();
        auto got = across<NewText>(OldText{.a = 9, .text = text}, page);
        REQUIRE(got.ok());
        CHECK(got->a == 9);
        CHECK(got->text == text);
        CHECK(got->b == 5);
        CHECK(got->c == 0);
        CHECK(got->d == 0);
        CHECK(got->e == 6);
        CHECK(got->more.empty());
    }
}

TEST_CASE("new to old with a tail: known strings are found") {
    Utcb page = dirty_page();
    auto got =
        across<OldText>(NewText{.a = 9, .text = "known", .b = 1, .c = 2, .d = 3, .e = 4, .more = "unknown"}, page);
    REQUIRE(got.ok());
    CHECK(got->a == 9);
    CHECK(got->text == "known");
}
