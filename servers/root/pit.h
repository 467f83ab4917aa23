// Channel 0 of the programmable interval timer as a periodic tick (Intel 8254 data sheet; on a PC
// its output is ISA interrupt 0).
//
// Root's watchdog takes its time from here where there is no real-time clock, so that it does not depend on a driver.
#pragma once

#include <eft/abi/result.h>
#include <eft/hw/ports.h>

namespace eft::root {

namespace pit {

struct Channel0 : hw::Register<0, u8> {};
struct ControlWord : hw::Register<3, u8> {  // "Control Word Format"
    struct Decimal : Bitfield<0> {};        // 0: the counter is binary
    struct Mode : Bitfield<1, 3> {};
    struct Access : Bitfield<4, 2> {};
    struct Channel : Bitfield<6, 2> {};
};
// "Read-Back Command": the next read of the channel answers its status, which ends in the control word's low bits.
struct ReadBack : hw::Register<3, u8> {
    struct Channel0 : Bitfield<1> {};
    struct KeepCount : Bitfield<5> {};
    struct Command : Bitfield<6, 2> {};
};
constexpr u8 kReadBack = 3;
struct Status : hw::Register<0, u8> {
    struct Programmed : Bitfield<0, 6> {};
};
constexpr u8 kModeTerminalCount = 0;
constexpr u8 kModeRateGenerator = 2;
constexpr u8 kAccessLowThenHigh = 3;

constexpr u16 kFirstPort = 0x40;
constexpr u16 kPortCount = 4;
constexpr u32 kInterruptLine = 2;  // its ISA interrupt 0 arrives at this I/O APIC input (MADT override on every PC)
constexpr u32 kFrequency = 1'193'182;  // a twelfth of 14.31818 MHz
constexpr u32 kLargestDivisor = 0x10000;  // written as 0
constexpr u32 kSmallestDivisor = 2;       // "Mode 2": 1 is illegal

}  // namespace pit

// Its registers, through a capability that covers its ports.
inline hw::Ports pit_registers(Slot ports) { return {ports, pit::kFirstPort, pit::kPortCount}; }

// The divisor that comes nearest to `hertz`; OutOfRange below 19 Hz and above half the frequency.
constexpr Result<u32> pit_divisor(u32 hertz) {
    if (hertz == 0) return Error::OutOfRange;
    const u32 divisor = (pit::kFrequency + hertz / 2) / hertz;
    if (divisor < pit::kSmallestDivisor || divisor > pit::kLargestDivisor) return Error::OutOfRange;
    return divisor;
}

// Firmware's tick ends: the channel counts down once, and its output stays as it is then ("Mode 0").
inline void stop_pit(hw::Ports ports) {
    hw::write<pit::ControlWord>(
        ports, hw::Value<pit::ControlWord>().with<pit::ControlWord::Mode>(pit::kModeTerminalCount).with<pit::ControlWord::Access>(pit::kAccessLowThenHigh));
    hw::write<pit::Channel0>(ports, hw::Value<pit::Channel0>(1));
    hw::write<pit::Channel0>(ports, hw::Value<pit::Channel0>(0));
}

// Starts the tick and returns its period in nanoseconds, rounded down. NotSupported: there is no 8254 at these ports.
inline Result<u64> start_pit(hw::Ports ports, u32 hertz) {
    EFT_TRY(const u32 divisor, pit_divisor(hertz));
    const auto control =
        hw::Value<pit::ControlWord>().with<pit::ControlWord::Mode>(pit::kModeRateGenerator).with<pit::ControlWord::Access>(pit::kAccessLowThenHigh);
    hw::write<pit::ControlWord>(ports, control);
    hw::write<pit::Channel0>(ports, hw::Value<pit::Channel0>(static_cast<u8>(divisor)));
    hw::write<pit::Channel0>(ports, hw::Value<pit::Channel0>(static_cast<u8>(divisor >> 8)));
    hw::write<pit::ReadBack>(ports, hw::Value<pit::ReadBack>()
                                        .with<pit::ReadBack::Command>(pit::kReadBack)
                                        .with<pit::ReadBack::KeepCount>()
                                        .with<pit::ReadBack::Channel0>());
    if (hw::read<pit::Status>(ports).get<pit::Status::Programmed>() != control.raw()) return Error::NotSupported;
    return u64{divisor} * 1'000'000'000 / pit::kFrequency;
}

}  // namespace eft::root
