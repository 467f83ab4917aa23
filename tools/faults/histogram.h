// Latencies as a picture.
#pragma once

#include <string>
#include <vector>

namespace eft::faults {

// How many there are of each length, which grows by a tenth of a decade, as SVG by gnuplot. Empty: there is no gnuplot.
std::string histogram_svg(const std::vector<double>& milliseconds);

}  // namespace eft::faults
