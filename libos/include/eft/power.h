// The registers that switch QEMU's q35 off and start it again. root gives them to rs, and nobody else.
#pragma once

#include <eft/abi/types.h>

namespace eft::power {

// ICH9 data sheet (316972), 13.8.3.3: PM1_CNT is at PMBASE + 4, SLP_EN is its bit 13, SLP_TYP bits 12:10. SeaBIOS puts
// PMBASE at 0x600 (PORT_ACPI_PM_BASE), and QEMU's DSDT gives S5 the SLP_TYP 0. 16 bits wide.
constexpr u16 kControlPort = 0x604;
constexpr u16 kSleepEnable = 1 << 13;
// ICH9 data sheet, 13.7.5: reset control, bit 1 full reset, bit 2 resets now. 8 bits wide.
constexpr u16 kResetPort = 0xcf9;
constexpr u8 kFullReset = 0x06;

}  // namespace eft::power
