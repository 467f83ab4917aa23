// What goes into a stub comes out of the handler, and the reply comes back; for every kind of field.
#include "gallery.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace gallery;

namespace {

std::mt19937_64 dice(20261121);

template <class T>
T any() {
    return static_cast<T>(dice());
}
Color any_color() { return std::array{Color::Red, Color::Green, Color::Blue}[dice() % 3]; }
Tile any_tile() {
    return Tile{.at = {any<std::int16_t>(), any<std::int16_t>()},
                .color = any_color(),
                .weight = any<u64>(),
                .marks = {any<u16>(), any<u16>(), any<u16>()}};
}
void check_same(const Tile& a, const Tile& b) {
    CHECK(a.at.x == b.at.x);
    CHECK(a.at.y == b.at.y);
    CHECK(a.color == b.color);
    CHECK(a.weight == b.weight);
    for (int i = 0; i < 3; ++i) CHECK(a.marks[i] == b.marks[i]);
}

}  // namespace

TEST_CASE("a message without words is all defaults") {
    World world;
    ipc::Registers registers;
    registers.badge = 1;
    registers.tag = Tag(Gallery::CopyMethod::kLabel, 0);
    CHECK(world.local.inject(registers, Utcb{}) == ipc::Outcome::Reply);
    CHECK(registers.tag.label() == 0);
    for (u64 word : registers.w) CHECK(word == 0);  // defaults are stored as zero

    Result<Scalars> copy = world.client.copy({});
    REQUIRE(copy.ok());
    CHECK(copy->a == 7);
    CHECK(copy->b == -3);
    CHECK(copy->d == -300);
    CHECK(copy->e == 4000000000);
    CHECK(copy->f == -5);
    CHECK(copy->g == INT64_MAX);
    CHECK(copy->h == INT64_MIN);
    CHECK(copy->yes);
    CHECK(copy->color == Color::Green);
    CHECK(copy->sign == Signed::Low);
}

TEST_CASE("scalars of every type travel both ways") {
    World world;
    for (int round = 0; round < 2000; ++round) {
        Scalars sent{.a = any<u8>(),
                     .b = any<std::int8_t>(),
                     .c = any<u16>(),
                     .d = any<std::int16_t>(),
                     .e = any<u32>(),
                     .f = any<std::int32_t>(),
                     .g = any<u64>(),
                     .h = any<std::int64_t>(),
                     .yes = any<u8>() % 2 == 0,
                     .no = any<u8>() % 2 == 0,
                     .color = any_color(),
                     .access = static_cast<Access>(dice() % 8),
                     .sign = std::array{Signed::Low, Signed::Zero, Signed::High}[dice() % 3],
                     .error = static_cast<Error>(dice() % 400)};
        Result<Scalars> got = world.client.copy(sent);
        REQUIRE(got.ok());
        CHECK(got->a == sent.a);
        CHECK(got->b == sent.b);
        CHECK(got->c == sent.c);
        CHECK(got->d == sent.d);
        CHECK(got->e == sent.e);
        CHECK(got->f == sent.f);
        CHECK(got->g == sent.g);
        CHECK(got->h == sent.h);
        CHECK(got->yes == sent.yes);
        CHECK(got->no == sent.no);
        CHECK(got->color == sent.color);
        CHECK(got->access == sent.access);
        CHECK(got->sign == sent.sign);
        CHECK(got->error == sent.error);
    }
}

TEST_CASE("structs travel by value, small and large") {
    World world;
    for (int round = 0; round < 500; ++round) {
        Structs sent{.flag = round % 2 == 0,
                     .point = {any<std::int16_t>(), any<std::int16_t>()},
                     .tile = any_tile(),
                     .last = any<u8>()};
        Result<Structs> got = world.client.frame(sent);
        REQUIRE(got.ok());
        CHECK(got->flag == sent.flag);
        CHECK(got->point.x == sent.point.x);
        CHECK(got->point.y == sent.point.y);
        check_same(got->tile, sent.tile);
        CHECK(got->last == sent.last);
    }
}

TEST_CASE("strings and vectors of every length up to their bound travel both ways") {
    World world;
    for (int round = 0; round < 2000; ++round) {
        std::string name(dice() % (Views::kNameMax + 1), 'x');
        for (char& c : name) c = any<char>();
        std::vector<u64> numbers(dice() % (Views::kNumbersMax + 1));
        for (u64& each : numbers) each = dice();
        std::vector<Color> colors(dice() % (Views::kColorsMax + 1));
        for (Color& each : colors) each = any_color();
        std::vector<Tile> tiles(dice() % (Views::kTilesMax + 1));
        for (Tile& each : tiles) each = any_tile();
        std::vector<std::int16_t> shorts(dice() % (Views::kShortsMax + 1));
        for (auto& each : shorts) each = any<std::int16_t>();

        u16 after = any<u16>();
        Result<Views> got = world.client.show(
            {.name = name, .numbers = numbers, .after = after, .colors = colors, .tiles = tiles, .shorts = shorts});
        REQUIRE(got.ok());
        CHECK(got->name == name);
        CHECK(got->after == after);
        CHECK(std::ranges::equal(got->numbers, numbers));
        CHECK(std::ranges::equal(got->colors, colors));
        CHECK(std::ranges::equal(got->shorts, shorts));
        REQUIRE(got->tiles.size() == tiles.size());
        for (std::size_t i = 0; i < tiles.size(); ++i) check_same(got->tiles[i], tiles[i]);
    }
}

TEST_CASE("what is longer than its bound is refused before it is sent") {
    World world;
    std::string name(Views::kNameMax + 1, 'x');
    CHECK(world.client.show({.name = name}).error() == Error::InvalidArgument);
    CHECK(world.local.calls() == 0);
}

TEST_CASE("padding between strings carries nothing of older messages") {
    World world;
    std::string name(20, '\xff');
    REQUIRE(world.client.show({.name = name}).ok());
    world.local.on_request = [](ipc::Registers& registers, Utcb& page) {
        for (unsigned i = kRegisterWords; i < registers.tag.words(); ++i) CHECK((page.words[i] >> 8) == 0);
    };
    REQUIRE(world.client.show({.name = "\x01"}).ok());
}

TEST_CASE("an area is a checked place in the session's memory") {
    World world;
    auto memory = world.server.only.area();
    Result<Number> painted = world.client.paint({.data = {memory.data(), 16, 32}});
    REQUIRE(painted.ok());
    CHECK(painted->value == 32);
    for (std::size_t i = 0; i < memory.size(); ++i)
        CHECK(memory[i] == (i >= 16 && i < 48 ? std::byte{0xee} : std::byte{0}));
    CHECK(world.client.paint({.data = {memory.data(), 0, 256}}).ok());
    CHECK(world.client.paint({.data = {memory.data(), 1, 256}}).error() == Error::BadMessage);
    CHECK(world.client.paint({.data = {memory.data(), 0xffff'ffff, 0xffff'ffff}}).error() == Error::BadMessage);
    CHECK(world.client.paint({.data = {memory.data(), 256, 0}}).ok());
}

TEST_CASE("oneway calls are taken without a reply; lossy ones are counted where nobody waits") {
    World world;
    CHECK(world.client.tell({5}).ok());
    CHECK(world.client.whisper({6}).ok());
    world.client.transport().receiver_waits = false;
    CHECK(world.client.whisper({7}).ok());
    CHECK(world.client.dropped() == 1);
    CHECK(world.server.told == std::vector<u64>{5, 6});
}

TEST_CASE("an interface's own errors reach the client as themselves") {
    World world;
    Result<Number> result = world.client.spend({2000}).or_error();
    CHECK(result.error() == Failure::TooHot);
    CHECK(to_string(Failure::TooHot) == "TooHot");
}

TEST_CASE("ordinal 0 describes the service") {
    World world;
    world.client.transport().set_badge(Badge{99});  // no session is needed
    Result<Description> about = world.client.describe_interface();
    REQUIRE(about.ok());
    CHECK(about->name == "Gallery");
    CHECK(about->version == 3);
    REQUIRE(about->methods.size() == std::size(Gallery::kMethods));
    CHECK(about->methods[6].ordinal == 7);
    CHECK(about->methods[6].flags == ipc::kMethodOnce);
    CHECK(about->names == "Copy Frame Show Lend Paint Spend Buy Tell Whisper Enter Grant");
    CHECK(Gallery::kMethods[2].within_ns == 50'000'000);
}
