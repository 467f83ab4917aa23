// The interval timer, for guest tests that strike at moments of their own: its phase moves against the instructions of
// those who run, and icount makes the moments repeatable.
#pragma once

#include "stage.h"

namespace eft::test {

// Once, after Stage::open().
void open_alarm(Stage& stage);
// For so many periods of 838 ns. An exception of a service meanwhile is a failure, and the end of the test.
void sleep_while_others_run(Stage& stage, u32 periods);

// xorshift64: Marsaglia, "Xorshift RNGs", 2003.
class Random {
public:
    u64 next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        return state_ ^= state_ << 17;
    }

private:
    u64 state_ = 0x9e3779b97f4a7c15;
};

}  // namespace eft::test
