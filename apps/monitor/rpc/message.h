// A message that is known at run time only: its words, as idl/README.md lays them out, apart from registers and page.
//
// Words are little endian, as the machine is, so that a field of the flat words is a number of bytes at its offset.
#pragma once

#include <eft/abi/message.h>

#include <array>
#include <cstddef>
#include <span>

namespace eft::monitor {

struct Message {
    std::array<u64, kMaxWords> words{};
    unsigned word_count = 0;
    unsigned cap_count = 0;
    // Of a request: capability i is this one, which stays the sender's, or else to a new memory object of so many bytes.
    std::array<Slot, kMaxCaps> lent{};
    std::array<u64, kMaxCaps> memory_bytes{};

    std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(words)); }
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(words)); }
};

// Where a tail begins that follows so many flat words, in words.
constexpr unsigned tail_start(unsigned flat_words) { return flat_words > kRegisterWords ? flat_words : kRegisterWords; }

}  // namespace eft::monitor
