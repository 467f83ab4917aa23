// Figures of the whole system: the ordinary boot to its prompt, and boots with measuring programs (tools/bench/measure)
// instead of the monitor. Each has a real disk.
#pragma once

#include "figures.h"

#include <string>

namespace eft::bench {

void measure_boot(Figures& figures);
void measure_operations(Figures& figures);
void measure_disk_recovery(Figures& figures);
void measure_card_recovery(Figures& figures);
void measure_e1000_recovery(Figures& figures);
void measure_core_recovery(Figures& figures);
void measure_net_recovery(Figures& figures);
// Of interrupts whose line is dev's.
void measure_lines(Figures& figures);

}  // namespace eft::bench
