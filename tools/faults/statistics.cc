#include "statistics.h"

#include <algorithm>
#include <cmath>

namespace eft::faults {

Interval wilson(unsigned long hits, unsigned long count) {
    if (count == 0) return {};
    constexpr double z = 1.959963984540054;  // the normal distribution's 97.5 % quantile
    const double n = static_cast<double>(count), p = static_cast<double>(hits) / n;
    const double centre = p + z * z / (2 * n), spread = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
                 scale = 1 + z * z / n;
    return {std::max(0.0, (centre - spread) / scale), std::min(1.0, (centre + spread) / scale)};
}

}  // namespace eft::faults
