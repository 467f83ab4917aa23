// A process that dies at a chosen store.
//
// MortalStores counts every store of the code under test; a word is one, and so is each byte of a run of bytes. At the
// chosen one the memory is copied as it is: that is what the next incarnation finds. The code itself runs on, as a
// ghost whose further stores are forgotten when the test puts the copy back.
#pragma once

#include <eft/state/region.h>

#include <cstring>
#include <functional>
#include <vector>

namespace eft::test {

class Mortal {
public:
    static inline u64 points = 0;             // places at which a kill could strike, so far
    static inline u64 fatal_point = ~u64{0};  // it strikes after this many
    static inline bool backwards = false;     // the order of the bytes within a run
    static inline std::function<void()> at_death;

    // A kill can strike here.
    static void point() {
        if (points++ == fatal_point && at_death) at_death();
    }
};

struct MortalStores {
    static void word(u64& where, u64 value) {
        Mortal::point();
        where = value;
    }
    static void bytes(std::byte* to, const std::byte* from, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            Mortal::point();
            const std::size_t at = Mortal::backwards ? size - 1 - i : i;
            to[at] = from[at];
        }
    }
};

// Runs `life` over `memory`, killed before store number `point` (from 0). False if it lived to its end. `witness` runs
// at the moment of death.
template <class Life, class Witness>
bool die_at(u64 point, std::span<std::byte> memory, Life life, Witness witness) {
    std::vector<std::byte> left;
    Mortal::points = 0;
    Mortal::fatal_point = point;
    Mortal::at_death = [&] {
        left.assign(memory.begin(), memory.end());
        witness();
    };
    life();
    Mortal::fatal_point = ~u64{0};
    Mortal::at_death = nullptr;
    if (left.empty()) return false;
    std::memcpy(memory.data(), left.data(), left.size());
    return true;
}

}  // namespace eft::test
