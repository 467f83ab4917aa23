// SHA-256 (FIPS 180-4, section 6.2), in pieces, with general registers only.
#pragma once

#include <eft/abi/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace eft {

class Sha256 {
public:
    using Digest = std::array<u8, 32>;

    void update(std::span<const std::byte> bytes);
    void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
    // The digest of all that was added. The object must not be used further.
    Digest finish();

    static Digest of(std::span<const std::byte> bytes);

private:
    static constexpr std::size_t kBlock = 64;
    void compress(const std::byte* block);

    std::array<u32, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, kBlock> partial_ = {};
    u64 size_ = 0;
};

// The 64 digits that sha256sum prints, without a zero at the end.
std::array<char, 64> hex_digits(const Sha256::Digest& digest);

}  // namespace eft
