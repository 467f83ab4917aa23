// The register file of the High Precision Event Timers (IA-PC HPET specification 1.0a, 2.3).
//
// The 64-bit registers stand here as halves: 32-bit accesses are always allowed (2.4.7), and there are
// machines (QEMU before 9.2) that answer nothing else.
#pragma once

#include <eft/hw/register.h>

namespace eft::hpet {

using hw::Register;
using hw::RegisterArray;

struct Capabilities : Register<0x000, u32> {  // 2.3.4
    struct LastTimer : Bitfield<8, 5> {};     // number of timers less one
    struct Counter64 : Bitfield<13> {};
    struct LegacyRoute : Bitfield<15> {};
};
struct CounterPeriod : Register<0x004, u32> {};  // femtoseconds per tick
constexpr u32 kLongestPeriod = 0x05f5'e100;      // 2.3.4: 100 ns

struct Configuration : Register<0x010, u32> {  // 2.3.5
    struct Enable : Bitfield<0> {};            // the main counter runs, interrupts are possible
    struct LegacyRoute : Bitfield<1> {};       // takes the lines of PIT and RTC away from them
};
struct MainCounterLow : Register<0x0f0, u32> {};  // 2.3.7
struct MainCounterHigh : Register<0x0f4, u32> {};

struct TimerConfiguration : RegisterArray<0x100, u32, 0x20> {  // 2.3.8
    struct LevelTriggered : Bitfield<1> {};
    struct InterruptEnable : Bitfield<2> {};
    struct Periodic : Bitfield<3> {};
    struct Comparator64 : Bitfield<5> {};
    struct Force32 : Bitfield<8> {};
    struct Route : Bitfield<9, 5> {};
    struct MessageEnable : Bitfield<14> {};
};
struct TimerRoutes : RegisterArray<0x104, u32, 0x20> {};  // a bit per IOAPIC input
struct TimerComparatorLow : RegisterArray<0x108, u32, 0x20> {};  // 2.3.9
struct TimerComparatorHigh : RegisterArray<0x10c, u32, 0x20> {};

constexpr u32 kWindowLength = 1024;  // 2.3.1

}  // namespace eft::hpet
