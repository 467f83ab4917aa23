// Messages that are made of JSON by reflection are those that the generated code makes, for every table in the tree.
#include "codecs.h"
#include "interfaces.h"

#include <monitor/rpc/reply.h>
#include <monitor/rpc/request.h>

#include <doctest/doctest.h>

#include <algorithm>

using namespace eft;
using namespace eft::test;
using monitor::Message;

namespace {

constexpr unsigned kRounds = 100;

// Of encoding 3 there is no bound to all of a message but the page.
bool is_too_large(const monitor::RequestReader& reader) { return reader.complaint().find(": all of it takes ") != std::string::npos; }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (std::size_t at; (at = text.find(what)) != std::string::npos;) text.replace(at, what.size(), by);
    return text;
}

}  // namespace

TEST_CASE("every table in the tree, with random values, is the same by reflection and by generated code") {
    const std::string bytes = interfaces_with_memory();
    const monitor::Catalogue catalogue = open(bytes);
    Random random(20261121);
    unsigned with_tails = 0, with_caps = 0;
    for (const Codec& codec : all_codecs()) {
        CAPTURE(std::string(codec.name));
        const descriptor::Record* record = catalogue.record(codec.name);
        REQUIRE(record);
        CHECK(record->flat_words() == codec.flat_words);
        CHECK(record->tail_words() == codec.tail_words);
        CHECK(record->caps() == codec.caps);
        with_tails += codec.tail_words != 0;
        with_caps += codec.caps != 0;
        for (unsigned round = 0; round < kRounds; ++round) {
            const std::string json = random_json(catalogue, *record, random);
            CAPTURE(json);
            monitor::RequestReader reader(catalogue, json);
            const Result<Message> message = reader.read(*record);
            if (is_too_large(reader)) continue;
            REQUIRE_MESSAGE(message.ok(), reader.complaint());
            const std::optional<Message> same = codec.regenerate(*message);
            REQUIRE(same.has_value());
            REQUIRE(same_words(*same, *message));

            monitor::ReplyWriter writer(catalogue, *same);
            const Result<std::string> written = writer.write(*record);
            REQUIRE_MESSAGE(written.ok(), writer.complaint());
            const std::string again = replaced(*written, "\"capability to memory, dropped\"", "{\"bytes\": 1}");
            monitor::RequestReader second(catalogue, again);
            const Result<Message> read_again = second.read(*record);
            if (is_too_large(second)) continue;  // with its defaults
            REQUIRE_MESSAGE(read_again.ok(), second.complaint());
            if (!codec.is_flatbuffer) REQUIRE(same_words(*read_again, *message));
            // What was absent is there now, with its default.
            monitor::ReplyWriter third(catalogue, *read_again);
            if (codec.is_flatbuffer) REQUIRE(third.write(*record).value_or("") == *written);
        }
    }
    CHECK(all_codecs().size() > 100);
    CHECK(with_tails > 25);
    CHECK(with_caps > 20);
}

TEST_CASE("random words that the generated check() refuses are refused, and no others") {
    const std::string bytes = interfaces_with_memory();
    const monitor::Catalogue catalogue = open(bytes);
    Random random(7);
    unsigned refused = 0, taken = 0;
    for (const Codec& codec : all_codecs()) {
        if (codec.has_area) continue;  // where an area lies is for its server to check
        CAPTURE(std::string(codec.name));
        const descriptor::Record* record = catalogue.record(codec.name);
        REQUIRE(record);
        for (unsigned round = 0; round < kRounds; ++round) {
            // A good message with a word or the length spoilt.
            const std::string json = random_json(catalogue, *record, random);
            monitor::RequestReader reader(catalogue, json);
            Result<Message> message = reader.read(*record);
            if (is_too_large(reader)) continue;
            REQUIRE(message.ok());
            if (message->word_count != 0) message->words[random() % message->word_count] ^= u64{1} << random() % 64;
            if (random() % 4 == 0) message->word_count = std::min<unsigned>(kMaxWords, static_cast<unsigned>(random() % (message->word_count + 8)));
            const bool good = codec.regenerate(*message).has_value();
            monitor::ReplyWriter writer(catalogue, *message);
            CHECK(writer.write(*record).ok() == good);
            ++(good ? taken : refused);
        }
    }
    CHECK(refused > 500);
    CHECK(taken > 500);
}

TEST_CASE("a field of JSON is the member of that name") {
    using namespace eft::test::shapes;
    const std::string bytes = read_interfaces();
    const monitor::Catalogue catalogue = open(bytes);
    const auto load = [&]<class Table>(const char* name, std::string_view json, auto check) {
        monitor::RequestReader reader(catalogue, json);
        const Result<Message> message = reader.read(*catalogue.record(name));
        REQUIRE_MESSAGE(message.ok(), reader.complaint());
        Unpacked<Table> unpacked(*message);
        REQUIRE(unpacked.good());
        check(unpacked.load());
    };
    load.operator()<Scalars>("eft.test.shapes.Scalars",
        R"({"a": 1, "b": -2, "c": 3, "d": -4, "e": 5, "f": -6, "g": 7, "h": -8, "yes": false, "no": true,
            "color": "Blue", "access": "Read Execute", "sign": "High", "error": "Busy"})",
        [](const Scalars& s) {
            CHECK(s.a == 1);
            CHECK(s.b == -2);
            CHECK(s.c == 3);
            CHECK(s.d == -4);
            CHECK(s.e == 5);
            CHECK(s.f == -6);
            CHECK(s.g == 7);
            CHECK(s.h == -8);
            CHECK_FALSE(s.yes);
            CHECK(s.no);
            CHECK(s.color == Color::Blue);
            CHECK(static_cast<u32>(s.access) == 5);
            CHECK(s.sign == Signed::High);
            CHECK(s.error == Error::Busy);
        });
    load.operator()<Scalars>("eft.test.shapes.Scalars", "{}", [](const Scalars& s) {
        CHECK(s.a == 7);
        CHECK(s.b == -3);
        CHECK(s.h == INT64_MIN);
        CHECK(s.yes);
        CHECK(s.color == Color::Green);
        CHECK(s.sign == Signed::Low);
    });
    load.operator()<Structs>("eft.test.shapes.Structs",
        R"({"last": 9, "flag": true, "point": {"y": -1, "x": 2}, "tile": {"at": {"x": 3, "y": 4}, "color": 7, "weight": 5, "marks": [6, 7, 8]}})",
        [](const Structs& s) {
            CHECK(s.flag);
            CHECK(s.point.x == 2);
            CHECK(s.point.y == -1);
            CHECK(s.tile.at.y == 4);
            CHECK(s.tile.color == Color::Blue);
            CHECK(s.tile.weight == 5);
            CHECK(s.tile.marks[2] == 8);
            CHECK(s.last == 9);
        });
    load.operator()<Views>("eft.test.shapes.Views",
        R"({"shorts": [-1, 2], "name": "newt", "numbers": [18446744073709551615], "colors": ["Red", "Blue"], "tiles": [{}, {"weight": 3}]})",
        [](const Views& v) {
            CHECK(v.name == "newt");
            REQUIRE(v.numbers.size() == 1);
            CHECK(v.numbers[0] == ~u64{0});
            CHECK(v.after == 9);
            REQUIRE(v.colors.size() == 2);
            CHECK(v.colors[1] == Color::Blue);
            REQUIRE(v.tiles.size() == 2);
            CHECK(v.tiles[1].weight == 3);
            REQUIRE(v.shorts.size() == 2);
            CHECK(v.shorts[0] == -1);
        });
}
