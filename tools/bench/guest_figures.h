// Figures that a guest measures by itself and prints as lines "BENCH key value".
#pragma once

#include "figures.h"

namespace eft::bench {

// Boots an archive under icount and reads until the guest ends the machine; throws on "BENCH-ERROR", a
// hang, or an end in another way than by its own success.
void measure_in_guest(const std::string& archive, Figures& figures);
// The "BENCH key value" lines of a console log.
void read_figures(const std::string& log, Figures& figures);

}  // namespace eft::bench
