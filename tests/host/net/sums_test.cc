#include "lwip/arch.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace {

// As RFC 1071 says it, in words of 16 bits.
unsigned plain_sum(const unsigned char* data, int size) {
    unsigned sum = 0;
    for (int i = 0; i + 1 < size; i += 2) sum += data[i] | data[i + 1] << 8;
    if (size % 2) sum += data[size - 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

}  // namespace

TEST_CASE("the sum of any bytes, of any length and alignment, is the internet checksum's") {
    std::mt19937 random(3);
    std::vector<unsigned char> bytes(2048);
    for (int round = 0; round < 2000; ++round) {
        const bool all_ones = round % 10 == 0;
        for (auto& each : bytes) each = all_ones ? 0xff : static_cast<unsigned char>(random());
        const int start = static_cast<int>(random() % 16), size = static_cast<int>(random() % 2000);
        CHECK(eft_net_checksum(bytes.data() + start, size) == plain_sum(bytes.data() + start, size));
    }
}
