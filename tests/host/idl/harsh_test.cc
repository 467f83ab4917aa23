// What is rare and allowed in a schema arrives (harsh.fbs): that this file compiles is half of it.
#include <eft/idl/hostile/harsh.h>
#include <eft/idl/mock/harsh.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test::harsh;

namespace {

using Local = HarshLocal<HarshMock>;
using Client = HarshLocalClient<HarshMock>;

constexpr u64 kHighAndOne = 0x8000'0000'0000'0001;

}  // namespace

TEST_CASE("defaults above 2^63 - 1 are what the schema says") {
    constexpr Defaults defaults;
    static_assert(defaults.decimal == ~u64{0});
    static_assert(defaults.half == u64{1} << 63);
    static_assert(defaults.hexadecimal == ~u64{0});
    static_assert(defaults.positive == ~u64{0} - 1);
    static_assert(defaults.quoted == ~u64{0} - 2);
    static_assert(defaults.member == Big::All && static_cast<u64>(Big::All) == ~u64{0});
    static_assert(defaults.top == Big::Top);
    static_assert(defaults.flag == Flags::High);
    static_assert(static_cast<u64>(defaults.flags) == kHighAndOne);
    static_assert(static_cast<u64>(defaults.number) == kHighAndOne);
    static_assert(defaults.truth);
    constexpr DefaultsInside inside;
    static_assert(inside.decimal == ~u64{0} && inside.member == Big::All && static_cast<u64>(inside.flags) == kHighAndOne);
}

TEST_CASE("and they are what an older sender's missing words read as") {
    HarshMock server;
    Local local(server);
    Client client(local, Badge{1});
    local.on_request = [](ipc::Registers& registers, Utcb&) { registers.tag = Tag(registers.tag.label(), 0); };
    server.expect_defaulted([](const Defaults& got) {
        CHECK(got.decimal == ~u64{0});
        CHECK(got.member == Big::All);
        CHECK(static_cast<u64>(got.flags) == kHighAndOne);
        CHECK(got.truth);
        return Defaults{.decimal = 7};
    });
    const Result<Defaults> answer = client.defaulted({.decimal = 1, .member = Big::None});
    REQUIRE(answer.ok());
    CHECK(answer->decimal == 7);
    CHECK(answer->hexadecimal == ~u64{0});
}

TEST_CASE("what is deprecated leaves the rest of its table") {
    HarshMock server;
    Local local(server);
    Client client(local, Badge{1});
    server.expect_other([](const OneOfTwo& got) { return OneOfTwo{.text = got.text}; });
    const Result<OneOfTwo> answer = client.other({.text = "left"});
    REQUIRE(answer.ok());
    CHECK(answer->text == "left");
    server.expect_only([](const OnlyString& got) { return OnlyVector{.count = got.count + 1}; });
    CHECK(client.only({.count = 4})->count == 5);
}
