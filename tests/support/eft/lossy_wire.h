// One direction of a wire that loses, delays, doubles, reorders and corrupts frames. It has no clock: times are milliseconds of its
// user's, and never go back. The same seed does the same with the same frames.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace eft::test {

// Of each of a thousand frames, independently.
struct WireFaults {
    unsigned lost = 0, delayed = 0, doubled = 0, reordered = 0, corrupted = 0;

    static WireFaults all(unsigned per_mille) { return {per_mille, per_mille, per_mille, per_mille, per_mille}; }
};

class LossyWire {
public:
    using Frame = std::vector<std::uint8_t>;
    struct Counts {
        unsigned frames = 0, lost = 0, delayed = 0, doubled = 0, reordered = 0, corrupted = 0;
    };

    LossyWire(const WireFaults& faults, unsigned seed) : faults_(faults), random_(seed) {}

    void set_faults(const WireFaults& faults) { faults_ = faults; }
    void send(Frame frame, std::uint64_t now);
    // What arrives until now, in order.
    std::vector<Frame> arrived(std::uint64_t now);
    // When the next one does.
    std::optional<std::uint64_t> next() const;
    const Counts& counts() const { return counts_; }

private:
    bool happens(unsigned per_mille) { return random_() % 1000 < per_mille; }
    void corrupt(Frame& frame);

    WireFaults faults_;
    std::mt19937 random_;
    std::multimap<std::uint64_t, Frame> under_way_;
    Counts counts_;
};

}  // namespace eft::test
