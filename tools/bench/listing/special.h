// Instructions that count one and cost a hundred (measures: "what an instruction count hides").
#pragma once

#include "gdb.h"

#include <string>

namespace eft::bench {

enum class Special {
    None, SpaceSwitch, ControlRegister, ModelRegister, InvalidatePage, FpuState, Locked, Port, Mmio, Iret, Swapgs, Sysret, SegmentBase, Repeated, Count
};
const char* name_of(Special special);

// What objdump's text says; memory operands are evaluated with the registers before the instruction.
Special classify(const std::string& text, const Registers& registers);

}  // namespace eft::bench
