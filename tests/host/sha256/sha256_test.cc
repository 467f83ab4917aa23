// The examples of NIST for SHA-256, and independence of how the text is cut into pieces.
#include <eft/sha256.h>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using eft::Sha256;

namespace {
std::string hex(const Sha256::Digest& digest) {
    const auto digits = eft::hex_digits(digest);
    return {digits.begin(), digits.end()};
}
std::string sum_of(std::string_view text) { return hex(Sha256::of(std::as_bytes(std::span(text)))); }
}  // namespace

TEST_CASE("standard vectors") {
    CHECK(sum_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sum_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sum_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sum_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopq"
                 "rstnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(sum_of(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("pieces make no difference") {
    std::mt19937 random(5);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string text(size, ' ');
        for (char& character : text) character = static_cast<char>(random());
        Sha256 sum;
        for (std::string_view rest = text; !rest.empty();) {
            const std::size_t piece = std::min<std::size_t>(random() % 130, rest.size());
            sum.update(rest.substr(0, piece));
            rest.remove_prefix(piece);
        }
        REQUIRE(hex(sum.finish()) == sum_of(text));
    }
}
