// Every instruction of one round trip of a measured operation: QEMU's debugger steps through it in the same guest that
// `./eft bench` measures with.
#pragma once

#include "special.h"

#include <array>
#include <string>
#include <vector>

namespace eft::bench {

struct Step {
    std::string program;  // "kernel", or the program whose instruction it is
    std::uint64_t address;
    std::string symbol;
    std::uint64_t offset;
    std::string text, function, place;  // see image.h
    Special special;
};

struct Listing {
    std::string key;
    std::vector<Step> steps;
    unsigned own = 0;       // instructions of the round that are the measurement's and not in `measured`
    double measured = 0;    // what `./eft bench --only KEY` prints

    std::array<unsigned, static_cast<unsigned>(Special::Count)> specials() const;
    // The round is as long as the mean of all, rounded. QEMU does not count an instruction that faults, and the listing
    // has it: one more for each return by IRET.
    bool agrees() const;
};

// Throws, with a reason, if the key is none that the guest measures.
Listing list_round(const std::string& key);
std::string text_of(const Listing& listing);

}  // namespace eft::bench
