// What the laboratory and the probe, which is loaded into QEMU, share: one page of orders and answers, and a map of the
// code that was run. The probe counts instructions, stops at one of them until it is told to go on, and says when the
// processor first comes to a watched place. Physical addresses of the guest are offsets into its memory, which lies in
// a file that both have mapped.
#pragma once

#include <atomic>
#include <cstdint>

namespace eft::faults {

enum class ProbeState : std::uint32_t {
    Running,  // the count has not come to stop_at
    Stopped,  // the processor waits; the laboratory may change memory
    GoOn,     // it need not wait any more; set by the laboratory
};

constexpr unsigned kMostWatched = 16;
constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20;

struct Control {
    std::uint64_t instructions;  // that were begun since the machine was started from its snapshot, to a block of code
    std::uint64_t stop_at;  // the processor waits before the first block that begins at or behind this count; 0: never
    std::atomic<ProbeState> state;
    std::uint64_t watched[kMostWatched];     // first bytes of instructions; 0: none
    std::atomic<std::uint64_t> activations;  // how often the processor came to one of them
    std::uint64_t activated_at;              // `instructions` at the first of them
    // A bit for each byte of memory: an instruction that begins there was translated to be run.
    std::uint8_t translated[kMostMemory / 8];

    bool was_translated(std::uint64_t address) const {
        return address < kMostMemory && (translated[address / 8] >> (address % 8) & 1) != 0;
    }
};

}  // namespace eft::faults
