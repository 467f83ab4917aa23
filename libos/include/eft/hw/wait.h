// Waiting for a device, always with an end.
//
// `Pause` is called between two looks: it lets time pass (yields, sleeps, spins) and answers whether
// to go on. What time means is the caller's business, so the same wait is bounded by a clock in a
// driver, by root's tick in dev, and by a number of looks in a test.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <concepts>

namespace eft::hw {

template <class P>
concept Pause = requires(P& pause) {
    { pause() } -> std::same_as<bool>;
};

template <class Condition, Pause P>
Status wait_until(Condition condition, P& pause) {
    while (!condition()) {
        if (!pause()) return condition() ? Status() : Status(Error::TimedOut);
    }
    return {};
}

// The simplest patience: a number of looks.
struct Looks {
    u32 left;
    bool operator()() { return left != 0 && left-- != 0; }
};
static_assert(Pause<Looks>);

}  // namespace eft::hw
