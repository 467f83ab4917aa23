// Sizes of the kernel's source and of what is booted.
#pragma once

#include "figures.h"

namespace eft::bench {

void measure_sizes(Figures& figures);
// Lines that are neither blank nor comment.
unsigned long code_lines(const std::string& text);

}  // namespace eft::bench
