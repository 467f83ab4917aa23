// The internet checksum (RFC 1071), which may be summed in any width and folded at the end.
#include <eft/abi/types.h>

#include "lwip/arch.h"

#include <cstring>

using namespace eft;

uint16_t eft_net_checksum(const void* data, int size) {
    const auto* at = static_cast<const unsigned char*>(data);
    unsigned __int128 sum = 0;
    u64 word;
    for (; size >= 8; size -= 8, at += 8) {
        std::memcpy(&word, at, 8);
        sum += word;
    }
    if (size > 0) {
        word = 0;
        std::memcpy(&word, at, static_cast<unsigned>(size));
        sum += word;
    }
    const u64 high = static_cast<u64>(sum >> 64);
    u64 folded = static_cast<u64>(sum) + high;
    folded += folded < high;
    for (int i = 0; i < 3; ++i) folded = (folded & 0xffff) + (folded >> 16 & 0xffff) + (folded >> 32 & 0xffff) + (folded >> 48);
    return static_cast<uint16_t>(folded);
}
