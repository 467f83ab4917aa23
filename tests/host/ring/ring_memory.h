// A ring's memory for tests, and both ends of it.
#pragma once

#include <eft/ring/consumer.h>
#include <eft/ring/producer.h>

#include <array>
#include <vector>

namespace ring_test {

using namespace eft;
using namespace eft::ring;

constexpr u32 kCount = 8;
constexpr u32 kWords = 3;

struct RingMemory {
    alignas(64) std::array<std::byte, 4096> bytes{};
    std::array<std::byte, 256> area{};

    Header& header() { return *reinterpret_cast<Header*>(bytes.data()); }
    EntryHead& entry(u64 position) {
        return *reinterpret_cast<EntryHead*>(bytes.data() + sizeof(Header) + position % kCount * header().stride);
    }
    Producer<kCount> produce() {
        auto producer = Producer<kCount>::create(bytes, kWords, kWords, area.size());
        if (!producer.ok()) __builtin_trap();
        return *producer;
    }
    // By default a death before it was ordered, and does not count.
    Result<Consumer<kCount>> consume(u32 inflight = kCount, bool not_at_fault = true) {
        return Consumer<kCount>::open(bytes, area, inflight, not_at_fault);
    }
};

inline u64 submit(Producer<kCount>& producer, u64 value) {
    bool needs_signal;
    u64 words[kWords] = {value, ~value, 7};
    auto ticket = producer.submit(static_cast<u32>(value), words, needs_signal);
    if (!ticket.ok()) __builtin_trap();
    return *ticket;
}

}  // namespace ring_test
