// The register file of a 16550 UART (National Semiconductor PC16550D data sheet, June 1995, section 8).
#pragma once

#include <eft/hw/register.h>

namespace eft::uart {

using hw::Register;

struct ReceiverBuffer : Register<0, u8> {};      // read, DLAB = 0
struct TransmitterHolding : Register<0, u8> {};  // write, DLAB = 0
struct DivisorLow : Register<0, u8> {};          // DLAB = 1; 8.3 "Programmable Baud Generator"
struct DivisorHigh : Register<1, u8> {};

struct InterruptEnable : Register<1, u8> {  // 8.7, DLAB = 0
    struct ReceivedData : Bitfield<0> {};
    struct TransmitterEmpty : Bitfield<1> {};
    struct LineStatus : Bitfield<2> {};
};
struct FifoControl : Register<2, u8> {  // 8.5, write
    struct Enable : Bitfield<0> {};
};
struct LineControl : Register<3, u8> {  // 8.1
    struct WordLength : Bitfield<0, 2> {};  // 3: eight bits
    struct TwoStopBits : Bitfield<2> {};
    struct Parity : Bitfield<3> {};
    struct DivisorAccess : Bitfield<7> {};  // DLAB
};
constexpr u8 kEightBits = 3;

struct ModemControl : Register<4, u8> {  // 8.8
    struct DataTerminalReady : Bitfield<0> {};
    struct RequestToSend : Bitfield<1> {};
    struct Output2 : Bitfield<3> {};  // on a PC the gate of the interrupt line
};
struct LineStatus : Register<5, u8> {  // 8.4; reading it clears bits 1 to 4
    struct DataReady : Bitfield<0> {};
    struct Overrun : Bitfield<1> {};
    struct ParityError : Bitfield<2> {};
    struct FramingError : Bitfield<3> {};
    struct Break : Bitfield<4> {};
    struct HoldingEmpty : Bitfield<5> {};  // in FIFO mode: the transmitter's FIFO is empty
    struct TransmitterEmpty : Bitfield<6> {};
};
struct Scratch : Register<7, u8> {};  // 8.10

constexpr u32 kPortCount = 8;
constexpr unsigned kFifoDepth = 16;
constexpr u16 kDivisor115200 = 1;  // table in 8.3, with the PC's 1.8432 MHz crystal

}  // namespace eft::uart
