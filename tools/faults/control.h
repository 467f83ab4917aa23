// What the laboratory and the probe, which is loaded into QEMU, share: one page of orders and answers, and a map of the
// code that was run. The probe counts instructions, stops at one of them until it is told to go on, and says when the
// processor first comes to a watched place. From then on it counts the instructions of chosen pages, and stops once more at one
// of those. Physical addresses of the guest are offsets into its memory, which lies in a file that both have mapped.
#pragma once

#include <atomic>
#include <cstdint>

namespace eft::faults {

enum class ProbeState : std::uint32_t {
    Running,  // the count has not come to the stop
    Stopped,  // the processor waits; the laboratory may change memory
    GoOn,     // it need not wait any more; set by the laboratory
};

constexpr unsigned kMostWatched = 16;
constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20, kPage = 4096;

struct Control {
    std::uint64_t instructions;  // that were begun since the machine was started from its snapshot, to a block of code
    std::uint64_t stop_at;  // the processor waits before the first block that begins at or behind this count; 0: never
    std::atomic<ProbeState> state;
    std::uint64_t watched[kMostWatched];     // first bytes of instructions; 0: none
    std::atomic<std::uint64_t> activations;  // how often the processor came to one of them
    std::uint64_t activated_at;              // `instructions` at the first of them
    // The second stop.
    std::uint64_t counted;            // instructions that were begun in the pages of `counted_pages`, to a block of code
    std::uint64_t counted_before;     // of these, up to the first activation
    std::uint64_t second_after;       // the processor waits where so many have been counted since; 0: never
    std::atomic<ProbeState> second;
    std::uint64_t second_place;       // the address of the block before which it waits
    std::uint64_t second_at;          // `instructions` there
    std::uint8_t counted_pages[kMostMemory / kPage / 8];  // a bit for each
    // A bit for each byte of memory: an instruction that begins there was translated to be run.
    std::uint8_t translated[kMostMemory / 8];

    bool is_counted(std::uint64_t address) const {
        const std::uint64_t page = address / kPage;
        return address < kMostMemory && (counted_pages[page / 8] >> (page % 8) & 1) != 0;
    }
    void count_page(std::uint64_t address) {
        const std::uint64_t page = address / kPage;
        counted_pages[page / 8] |= static_cast<std::uint8_t>(1 << page % 8);
    }
    bool was_translated(std::uint64_t address) const {
        return address < kMostMemory && (translated[address / 8] >> (address % 8) & 1) != 0;
    }
};

}  // namespace eft::faults
