// Binomial proportions.
#pragma once

namespace eft::faults {

struct Interval {
    double low = 0, high = 1;  // from 0 to 1
};

// The 95 % score interval of `hits` of `count` (Wilson, JASA 1927). Of none of none: from 0 to 1.
Interval wilson(unsigned long hits, unsigned long count);

}  // namespace eft::faults
