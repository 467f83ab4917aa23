// Reads back what NewcWriter wrote, by the rules of the format alone.
#include "newc.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

struct Entry {
    std::string name;
    std::string data;
    std::size_t data_at;
};

std::size_t number(const std::string& archive, std::size_t header, int field) {
    return std::stoul(archive.substr(header + 6 + 8 * static_cast<std::size_t>(field), 8), nullptr, 16);
}

std::size_t align4(std::size_t value) { return (value + 3) / 4 * 4; }

std::vector<Entry> parse(const std::string& archive) {
    constexpr int kSize = 6;
    constexpr int kNameSize = 11;
    std::vector<Entry> entries;
    std::size_t at = 0;
    while (true) {
        REQUIRE(archive.substr(at, 6) == "070701");
        const std::string name = archive.c_str() + at + 110;
        const std::size_t data_at = align4(at + 110 + number(archive, at, kNameSize));
        if (name == "TRAILER!!!") return entries;
        const std::size_t size = number(archive, at, kSize);
        entries.push_back({name, archive.substr(data_at, size), data_at});
        at = align4(data_at + size);
    }
}

}  // namespace

TEST_CASE("files come back with name, data and order") {
    eft::archive::NewcWriter writer;
    const std::string large(10'001, 'x');
    writer.add("root", "first");
    writer.add("mem", "");
    writer.add("a-name-of-another-length", large);
    const auto entries = parse(std::move(writer).finish());
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].name == "root");
    CHECK(entries[0].data == "first");
    CHECK(entries[1].name == "mem");
    CHECK(entries[1].data.empty());
    CHECK(entries[2].name == "a-name-of-another-length");
    CHECK(entries[2].data == large);
}

TEST_CASE("data starts on page boundaries, wherever the file before it ends") {
    for (std::size_t length = 0; length < 5000; length += 97) {
        eft::archive::NewcWriter writer;
        writer.add("first", std::string(length, 'a'));
        writer.add("second", "b");
        const std::string archive = std::move(writer).finish();
        CHECK(archive.size() % eft::archive::kDataAlignment == 0);
        for (const auto& entry : parse(archive)) CHECK(entry.data_at % eft::archive::kDataAlignment == 0);
    }
}

TEST_CASE("the same files make the same archive") {
    const auto build = [] {
        eft::archive::NewcWriter writer;
        writer.add("root", "data");
        return std::move(writer).finish();
    };
    CHECK(build() == build());
}

TEST_CASE("the reader returns what was written and refuses what is cut or altered") {
    eft::archive::NewcWriter writer;
    writer.add("root", "first");
    writer.add("mem", std::string(5000, 'm'));
    const std::string archive = std::move(writer).finish();
    const auto files = eft::archive::read_newc(archive);
    REQUIRE(files);
    REQUIRE(files->size() == 2);
    CHECK((*files)[0].name == "root");
    CHECK((*files)[0].data == "first");
    CHECK((*files)[1].data == std::string(5000, 'm'));

    CHECK_FALSE(eft::archive::read_newc(""));
    for (std::size_t length = 0; length < 9000; length += 61) {
        CHECK_FALSE(eft::archive::read_newc(std::string_view(archive).substr(0, length)));
    }
    std::string altered = archive;
    altered[6 + 8 * 6] = 'z';
    CHECK_FALSE(eft::archive::read_newc(altered));
}
