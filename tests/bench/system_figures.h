// Figures of the whole system, booted to its prompt under icount.
#pragma once

#include "figures.h"

namespace eft::bench {

void measure_system(Figures& figures);

}  // namespace eft::bench
