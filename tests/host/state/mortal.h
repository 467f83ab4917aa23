// A process that dies at a chosen store.
//
// Every store of the code under test counts; a word is one, and so is each byte of a run of bytes. At the chosen one the memory is copied as it is: that is what the next incarnation finds. The code itself runs on, as a
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

// Runs `life` with its stores counted; at the chosen one `at_death` is called.
template <class Life>
void run_mortal(u64 fatal_point, std::function<void()> at_death, Life life) {
    Mortal::points = 0;
    Mortal::fatal_point = fatal_point;
    Mortal::at_death = std::move(at_death);
    host::store_hook = {Mortal::point, true, Mortal::backwards};
    life();
    host::store_hook = {};
    Mortal::at_death = nullptr;
    Mortal::fatal_point = ~u64{0};
}

// Runs `life` over `memory`, killed before store number `point` (from 0). False if it lived to its end. `witness` runs
// at the moment of death.
template <class Life, class Witness>
bool die_at(u64 point, std::span<std::byte> memory, Life life, Witness witness) {
    std::vector<std::byte> left;
    run_mortal(
        point,
        [&] {
            left.assign(memory.begin(), memory.end());
            witness();
        },
        life);
    if (left.empty()) return false;
    std::memcpy(memory.data(), left.data(), left.size());
    return true;
}

}  // namespace eft::test
