// The periodic interrupt of the real-time clock (Motorola MC146818A data sheet, "Registers"; on a PC its output is ISA
// interrupt 8). Its registers lie behind an index and a data port.
#pragma once

#include <eft/abi/result.h>
#include <eft/hw/ports.h>

namespace eft::root {

namespace rtc {

struct Index : hw::Register<0, u8> {};
struct Data : hw::Register<1, u8> {};

struct RegisterA : hw::Register<0x0a, u8> {
    struct Rate : Bitfield<0, 4> {};     // 32768 >> (rate - 1) interrupts a second, from 3 on
    struct Divider : Bitfield<4, 3> {};  // what the crystal's frequency is
};
struct RegisterB : hw::Register<0x0b, u8> {
    struct UpdateInterrupt : Bitfield<4> {};
    struct AlarmInterrupt : Bitfield<5> {};
    struct PeriodicInterrupt : Bitfield<6> {};
};
struct RegisterC : hw::Register<0x0c, u8> {};  // why it has interrupted; reading lets it interrupt again
constexpr u8 kDivider32768Hz = 2;
constexpr u8 kRate64Hz = 10;
constexpr u32 kInterruptsPerSecond = 64;

constexpr u16 kFirstPort = 0x70;
constexpr u16 kPortCount = 2;
constexpr u32 kInterruptLine = 8;

template <class R>
hw::Value<R> read(hw::Ports ports) {
    hw::write<Index>(ports, hw::Value<Index>(R::offset()));
    return hw::Value<R>(hw::read<Data>(ports).raw());
}
template <class R>
void write(hw::Ports ports, hw::Value<R> value) {
    hw::write<Index>(ports, hw::Value<Index>(R::offset()));
    hw::write<Data>(ports, hw::Value<Data>(value.raw()));
}

}  // namespace rtc

inline hw::Ports rtc_registers(Slot ports) { return {ports, rtc::kFirstPort, rtc::kPortCount}; }

// Reads what the last interrupt was for, so that there is a next one.
inline void acknowledge_rtc(hw::Ports ports) { static_cast<void>(rtc::read<rtc::RegisterC>(ports)); }

// 64 interrupts a second, and none for other reasons. NotSupported: there is no such clock. The time of day stays.
inline Status start_rtc(hw::Ports ports) {
    using namespace rtc;
    const auto rate = read<RegisterA>(ports).with<RegisterA::Divider>(kDivider32768Hz).with<RegisterA::Rate>(kRate64Hz);
    write<RegisterA>(ports, rate);
    const auto kept = read<RegisterA>(ports);
    if (kept.get<RegisterA::Divider>() != kDivider32768Hz || kept.get<RegisterA::Rate>() != kRate64Hz) return Error::NotSupported;
    write<RegisterB>(ports, read<RegisterB>(ports)
                                .with<RegisterB::PeriodicInterrupt>()
                                .without<RegisterB::AlarmInterrupt>()
                                .without<RegisterB::UpdateInterrupt>());
    acknowledge_rtc(ports);
    return {};
}

}  // namespace eft::root
