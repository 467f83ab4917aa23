// The registers of Intel's 8254x, as far as they are used (PCI/PCI-X Family of Gigabit Ethernet Controllers Software
// Developer's Manual, revision 4.0; sections are of it). They lie in BAR 0 and are 32 bits wide.
#pragma once

#include <eft/hw/register.h>

namespace eft::e1000 {

using hw::Register;
using hw::RegisterArray;

struct Control : Register<0x0000, u32> {  // CTRL: 13.4.1
    struct FullDuplex : Bitfield<0> {};
    struct SpeedDetection : Bitfield<5> {};  // ASDE
    struct SetLinkUp : Bitfield<6> {};
    struct Reset : Bitfield<26> {};
};
struct LinkStatus : Register<0x0008, u32> {  // STATUS: 13.4.2
    struct LinkUp : Bitfield<1> {};
    struct Speed : Bitfield<6, 2> {};  // 0: 10, 1: 100, 2 and 3: 1000 megabits
};
struct EepromRead : Register<0x0014, u32> {  // EERD: 13.4.4
    struct Start : Bitfield<0> {};
    struct Done : Bitfield<4> {};
    struct Address : Bitfield<8, 8> {};  // of a word
    struct Data : Bitfield<16, 16> {};
};
constexpr u32 kAddressWords = 3;  // the first of the EEPROM, low byte first: 5.6.1

// Causes of interrupts. Reading the first takes all back: 13.4.17. Then the throttle, and which interrupt: 13.4.18 to 13.4.21.
struct Causes : Register<0x00c0, u32> {  // ICR
    struct Sent : Bitfield<0> {};            // TXDW
    struct LinkChanged : Bitfield<2> {};     // LSC
    struct Received : Bitfield<7> {};        // RXT0
};
struct Throttle : Register<0x00c4, u32> {};  // ITR, in units of 256 ns between interrupts
struct MaskSet : Register<0x00d0, u32> {};   // IMS, with the bits of Causes
struct MaskClear : Register<0x00d8, u32> {}; // IMC

struct ReceiveControl : Register<0x0100, u32> {  // RCTL: 13.4.22. The buffers' size is 0: 2048 bytes
    struct Enable : Bitfield<1> {};
    struct Everybody : Bitfield<3> {};  // UPE
    struct AllGroups : Bitfield<4> {};  // MPE
    struct Broadcast : Bitfield<15> {}; // BAM
    struct StripCheck : Bitfield<26> {};  // SECRC
};
constexpr u32 kBufferBytes = 2048;
// Longer ones are not received: 802.3's 1518 bytes, and 4 of a VLAN.
constexpr u32 kLongestReceived = 1522;
struct SendControl : Register<0x0400, u32> {  // TCTL: 13.4.33
    struct Enable : Bitfield<1> {};
    struct PadShort : Bitfield<3> {};
    struct CollisionThreshold : Bitfield<4, 8> {};
    struct CollisionDistance : Bitfield<12, 10> {};
};
constexpr u32 kCollisionThreshold = 0x0f, kCollisionDistance = 0x40;  // 14.5, full duplex
struct SendGap : Register<0x0410, u32> {  // TIPG: 13.4.34
    struct Gap : Bitfield<0, 10> {};
    struct Gap1 : Bitfield<10, 10> {};
    struct Gap2 : Bitfield<20, 10> {};
};
constexpr u32 kGap = 10, kGap1 = 8, kGap2 = 6;

// A ring of descriptors: 3.2.6 and 3.4. The registers: 13.4.25 and on.
template <u32 At>
struct RingRegisters {
    struct BaseLow : Register<At + 0x00, u32> {};
    struct BaseHigh : Register<At + 0x04, u32> {};
    struct Length : Register<At + 0x08, u32> {};  // in bytes, a multiple of 128
    struct Head : Register<At + 0x10, u32> {};    // the device's
    struct Tail : Register<At + 0x18, u32> {};    // ours: the first that is not the device's
    struct Delay : Register<At + 0x20, u32> {};   // of the interrupt
};
using ReceiveRegisters = RingRegisters<0x2800>;
using SendRegisters = RingRegisters<0x3800>;

struct ReceiveChecksum : Register<0x5000, u32> {  // RXCSUM: 13.4
    struct Transport : Bitfield<9> {};             // TUOFLD
};
struct GroupTable : RegisterArray<0x5200, u32, 4> {};       // MTA: 13.5.1
constexpr u32 kGroupRegisters = 128;
struct AddressLow : RegisterArray<0x5400, u32, 8> {};       // RAL: 13.5.2
struct AddressHigh : RegisterArray<0x5404, u32, 8> {        // RAH: 13.5.3
    struct Bytes : Bitfield<0, 16> {};
    struct Valid : Bitfield<31> {};
};

// Frames that were not received: 13.7. The manual has them cleared by reading; QEMU's are not.
struct ChecksumErrors : Register<0x4000, u32> {};  // CRCERRS
struct SymbolErrors : Register<0x400c, u32> {};    // RXERRC
struct Missed : Register<0x4010, u32> {};          // MPC: no room
struct TooLong : Register<0x40ac, u32> {};         // ROC

constexpr u32 kWindowBytes = 0x20000;

}  // namespace eft::e1000
