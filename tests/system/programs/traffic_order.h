// What the two ends of test traffic tell each other: a connection begins with an Order of who has connected, in the byte order of
// both machines.
//
// The guest says kReady before the host sends its Order: QEMU's user network forgets what the host has sent if the guest's SYN
// comes twice (libslirp: tcp_mss() calls sbreserve()), as it may after a death, and behind kReady no SYN comes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace eft::test {

constexpr std::uint16_t kTrafficPort = 7000;

constexpr char kReady = 'r';

// Both ends send at the same time, and shut sending when they have sent all.
struct Order {
    static constexpr std::uint32_t kMagic = 0x7261'4674;
    enum class Kind : std::uint32_t {
        Exchange,  // `up` bytes from who has connected, `down` bytes to it
        Dial,      // connect to `address`, so many times, for an Exchange each; then answer a Report
        Tell,      // answer a Report of all connections that have come, and begin to count again
    };

    std::uint32_t magic = kMagic;
    Kind kind = Kind::Exchange;
    std::uint64_t up = 0, down = 0;
    std::uint64_t seed = 0;
    // Of Dial. The seeds of the connections are numbered from `seed` on.
    std::uint32_t connections = 0, at_once = 0;
    std::uint8_t address[16] = {};
    std::uint16_t port = 0;
    std::uint16_t awaits_ready = 0;  // 1: who is connected to says kReady, too, as the guest does
    std::uint16_t reserved[2] = {};
};
static_assert(sizeof(Order) == 64);

struct Report {
    std::uint64_t connections = 0;  // that ended in order, with all bytes right
    std::uint64_t failed = 0;       // that did not
    std::uint64_t damaged = 0;      // of those, with wrong bytes
    std::uint64_t sent = 0, received = 0;
    std::uint64_t first_error = 0;
};

constexpr std::uint64_t down_seed(std::uint64_t seed) { return seed ^ 0xd0d0'd0d0'0000'0000; }

// The bytes of a stream: words that follow from the seed and where they are.
class StreamBytes {
public:
    explicit StreamBytes(std::uint64_t seed) : seed_(seed) {}

    void fill(std::span<std::byte> bytes, std::uint64_t position) const {
        each_piece(bytes, position, [](std::span<std::byte> piece, const std::byte* right) {
            std::memcpy(piece.data(), right, piece.size());
            return true;
        });
    }
    bool matches(std::span<const std::byte> bytes, std::uint64_t position) const {
        return each_piece(bytes, position,
                          [](std::span<const std::byte> piece, const std::byte* right) { return std::memcmp(piece.data(), right, piece.size()) == 0; });
    }

private:
    static constexpr std::size_t kWord = sizeof(std::uint64_t);

    std::uint64_t word(std::uint64_t number) const {
        std::uint64_t mixed = seed_ * 0x9e37'79b9'7f4a'7c15 + number * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ mixed >> 31) * 0x94d0'49bb'1331'11eb;
        return mixed ^ mixed >> 29;
    }
    template <class Byte, class Take>
    bool each_piece(std::span<Byte> bytes, std::uint64_t position, Take take) const {
        while (!bytes.empty()) {
            const std::uint64_t whole = word(position / kWord);
            const std::size_t offset = position % kWord, size = std::min(bytes.size(), kWord - offset);
            if (!take(bytes.first(size), reinterpret_cast<const std::byte*>(&whole) + offset)) return false;
            bytes = bytes.subspan(size);
            position += size;
        }
        return true;
    }

    std::uint64_t seed_;
};

}  // namespace eft::test
