// The functions behind memcpy and its like, against simple loops, for every small size, alignment and overlap.
#include "bytes.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace eft;

TEST_CASE("move is right for every size, alignment and overlap, and touches nothing else") {
    for (std::size_t size = 0; size < 80; ++size) {
        for (std::size_t from = 0; from < 12; ++from) {
            for (std::size_t to = 0; to < 24; ++to) {
                std::array<unsigned char, 128> memory, expected;
                for (unsigned i = 0; i < memory.size(); ++i) memory[i] = static_cast<unsigned char>(i * 7 + 1);
                const auto original = memory;
                expected = memory;
                for (std::size_t i = 0; i < size; ++i) expected[to + i] = original[from + i];
                bytes::move(memory.data() + to, memory.data() + from, size);
                REQUIRE(memory == expected);
            }
        }
    }
}

TEST_CASE("fill and copy touch exactly their bytes") {
    for (std::size_t size = 0; size < 100; ++size) {
        for (std::size_t at = 0; at < 9; ++at) {
            std::array<unsigned char, 128> memory{}, source{}, filled{}, copied{};
            for (unsigned i = 0; i < source.size(); ++i) source[i] = static_cast<unsigned char>(255 - i);
            for (std::size_t i = 0; i < size; ++i) filled[at + i] = 0xc3, copied[at + i] = source[3 + i];
            bytes::fill(memory.data() + at, 0xc3, size);
            REQUIRE(memory == filled);
            memory.fill(0);
            bytes::copy_forwards(memory.data() + at, source.data() + 3, size);
            REQUIRE(memory == copied);
        }
    }
}

TEST_CASE("compare finds the first difference, as unsigned bytes") {
    for (std::size_t size = 1; size < 40; ++size) {
        std::array<unsigned char, 40> a{}, b{};
        CHECK(bytes::compare(a.data(), b.data(), size) == 0);
        for (std::size_t at = 0; at < size; ++at) {
            b.fill(0);
            b[at] = 0x80;
            if (at + 1 < size) a[at + 1] = 0xff;
            CHECK(bytes::compare(a.data(), b.data(), size) < 0);
            CHECK(bytes::compare(b.data(), a.data(), size) > 0);
            CHECK(bytes::compare(a.data(), b.data(), at) == 0);
            a.fill(0);
        }
    }
}

TEST_CASE("length and find") {
    CHECK(bytes::length("") == 0);
    CHECK(bytes::length("eft") == 3);
    const std::string text = "a newt";
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    CHECK(bytes::find(data, 'n', text.size()) == data + 2);
    CHECK(bytes::find(data, 't', 5) == nullptr);
}
