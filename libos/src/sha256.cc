#include <eft/sha256.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft {

namespace {

// FIPS 180-4, section 4.2.2.
constexpr u32 kConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

u32 big_endian(const std::byte* bytes) {
    u32 word;
    std::memcpy(&word, bytes, sizeof word);
    return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
}

}  // namespace

// The names are those of section 6.2.2.
void Sha256::compress(const std::byte* block) {
    u32 w[64];
    for (unsigned t = 0; t < 16; ++t) w[t] = big_endian(block + 4 * t);
    for (unsigned t = 16; t < 64; ++t) {
        const u32 sigma0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        const u32 sigma1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (unsigned t = 0; t < 64; ++t) {
        const u32 sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const u32 choice = (e & f) ^ (~e & g);
        const u32 t1 = h + sum1 + choice + kConstants[t] + w[t];
        const u32 sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const u32 majority = (a & b) ^ (a & c) ^ (b & c);
        const u32 t2 = sum0 + majority;
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const u32 added[8] = {a, b, c, d, e, f, g, h};
    for (unsigned i = 0; i < 8; ++i) state_[i] += added[i];
}

void Sha256::update(std::span<const std::byte> bytes) {
    const std::size_t held = size_ % kBlock;
    size_ += bytes.size();
    if (held != 0) {
        const std::size_t taken = std::min(bytes.size(), kBlock - held);
        std::copy_n(bytes.begin(), taken, partial_.begin() + static_cast<std::ptrdiff_t>(held));
        bytes = bytes.subspan(taken);
        if (held + taken < kBlock) return;
        compress(partial_.data());
    }
    for (; bytes.size() >= kBlock; bytes = bytes.subspan(kBlock)) compress(bytes.data());
    std::copy(bytes.begin(), bytes.end(), partial_.begin());
}

// Section 5.1.1: a one bit, zeros, and the length in bits fill the last block.
Sha256::Digest Sha256::finish() {
    const u64 bits = size_ * 8;
    constexpr std::byte kPadding[kBlock] = {std::byte{0x80}};
    const std::size_t held = size_ % kBlock;
    update(std::span(kPadding).first(held < kBlock - 8 ? kBlock - 8 - held : 2 * kBlock - 8 - held));
    std::byte length[8];
    for (unsigned i = 0; i < 8; ++i) length[i] = static_cast<std::byte>(bits >> (56 - 8 * i));
    update(length);

    Digest digest;
    for (unsigned i = 0; i < 32; ++i) digest[i] = static_cast<u8>(state_[i / 4] >> (24 - 8 * (i % 4)));
    return digest;
}

Sha256::Digest Sha256::of(std::span<const std::byte> bytes) {
    Sha256 sum;
    sum.update(bytes);
    return sum.finish();
}

std::array<char, 64> hex_digits(const Sha256::Digest& digest) {
    std::array<char, 64> digits;
    for (unsigned i = 0; i < 64; ++i) digits[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    return digits;
}

}  // namespace eft
