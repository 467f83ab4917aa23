// The internet checksum (RFC 1071), which may be summed in any width and folded at the end.
#include <eft/abi/types.h>

#include "lwip/arch.h"

#include <cstring>

using namespace eft;

uint16_t eft_net_checksum(const void* data, int size) {
    const auto* at = static_cast<const unsigned char*>(data);
    u64 low = 0, high = 0;  // halves of words, which need no carries: there are at most 2^16 of them
    const auto add = [&](u64 word) {
        low += word & 0xffff'ffff;
        high += word >> 32;
    };
    const auto word_at = [](const unsigned char* from, std::size_t bytes) {
        u64 word = 0;
        std::memcpy(&word, from, bytes);
        return word;
    };
    for (; size >= 32; size -= 32, at += 32) {
        add(word_at(at, 8));
        add(word_at(at + 8, 8));
        add(word_at(at + 16, 8));
        add(word_at(at + 24, 8));
    }
    for (; size >= 8; size -= 8, at += 8) add(word_at(at, 8));
    if (size > 0) add(word_at(at, static_cast<std::size_t>(size)));
    u64 folded = low + high;
    for (int i = 0; i < 3; ++i) folded = (folded & 0xffff) + (folded >> 16 & 0xffff) + (folded >> 32 & 0xffff) + (folded >> 48);
    return static_cast<uint16_t>(folded);
}
