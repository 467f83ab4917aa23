// Channel 0 of the programmable interval timer (Intel 8254 data sheet). On a PC its output is ISA interrupt 0.
//
// It belongs to root, for its tick, where there is no real-time clock, and else to the driver pit.
#pragma once

#include <eft/abi/result.h>
#include <eft/hw/ports.h>
#include <eft/port_ranges.h>

namespace eft::i8254 {

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

constexpr u16 kFirstPort = kPitPorts.first, kPortCount = kPitPorts.count;
constexpr u32 kInterruptLine = 2;  // its ISA interrupt 0 arrives at this I/O APIC input (MADT override on every PC)
constexpr u32 kFrequency = 1'193'182;  // a twelfth of 14.31818 MHz
constexpr u32 kLargestCount = 0x10000;  // written as 0
constexpr u32 kSmallestDivisor = 2;     // "Mode 2": 1 is illegal

// Its registers, through a capability that covers its ports.
inline hw::Ports registers(Slot ports) { return {ports, kFirstPort, kPortCount}; }

// The divisor that comes nearest to `hertz`; OutOfRange below 19 Hz and above half the frequency.
constexpr Result<u32> divisor(u32 hertz) {
    if (hertz == 0) return Error::OutOfRange;
    const u32 nearest = (kFrequency + hertz / 2) / hertz;
    if (nearest < kSmallestDivisor || nearest > kLargestCount) return Error::OutOfRange;
    return nearest;
}

inline hw::Value<ControlWord> control_word(u8 mode) {
    return hw::Value<ControlWord>().with<ControlWord::Mode>(mode).with<ControlWord::Access>(kAccessLowThenHigh);
}

inline void program(hw::Ports ports, u8 mode, u32 count) {
    hw::write<ControlWord>(ports, control_word(mode));
    hw::write<Channel0>(ports, hw::Value<Channel0>(static_cast<u8>(count)));
    hw::write<Channel0>(ports, hw::Value<Channel0>(static_cast<u8>(count >> 8)));
}

// NotSupported: there is no 8254 at these ports, or it was programmed otherwise.
inline eft::Status check_programmed(hw::Ports ports, u8 mode) {
    hw::write<ReadBack>(ports, hw::Value<ReadBack>().with<ReadBack::Command>(kReadBack).with<ReadBack::KeepCount>().with<ReadBack::Channel0>());
    const bool there = hw::read<Status>(ports).get<Status::Programmed>() == control_word(mode).raw();
    return there ? eft::Status() : Error::NotSupported;
}

// One interrupt after `count` ticks, 1 to kLargestCount ("Mode 0"). Another one that was to come is replaced; it may come
// nevertheless.
inline void start_count(hw::Ports ports, u32 count) { program(ports, kModeTerminalCount, count); }

// Firmware's tick ends: the channel counts down once, and its output stays as it is then ("Mode 0"). NotSupported: there is no
// 8254 at these ports.
inline eft::Status stop(hw::Ports ports) {
    start_count(ports, 1);
    return check_programmed(ports, kModeTerminalCount);
}

// Starts a periodic tick and returns its period in nanoseconds, rounded down. NotSupported: there is no 8254 at these ports.
inline Result<u64> start_tick(hw::Ports ports, u32 hertz) {
    EFT_TRY(const u32 count, divisor(hertz));
    program(ports, kModeRateGenerator, count);
    EFT_CHECK(check_programmed(ports, kModeRateGenerator));
    return u64{count} * 1'000'000'000 / kFrequency;
}

}  // namespace eft::i8254
