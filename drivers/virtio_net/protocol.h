// The network device as the specification has it (Virtual I/O Device 1.2, 5.1).
#pragma once

#include <eft/hw/register.h>

namespace eft::virtio_net {

using hw::Register;

// Feature bits: 5.1.3.
constexpr u64 kFeatureChecksum = 1ull << 0;        // CSUM: the device completes checksums of what is sent
constexpr u64 kFeatureGuestChecksum = 1ull << 1;   // GUEST_CSUM: and vouches for those of what is received
constexpr u64 kFeatureAddress = 1ull << 5;         // MAC
constexpr u64 kFeatureSegmentIpv4 = 1ull << 11;    // HOST_TSO4
constexpr u64 kFeatureSegmentIpv6 = 1ull << 12;    // HOST_TSO6
constexpr u64 kFeatureStatus = 1ull << 16;
constexpr u64 kFeatureControlQueue = 1ull << 17;   // CTRL_VQ
constexpr u64 kFeatureControlReceive = 1ull << 18; // CTRL_RX
constexpr u64 kFeatureSpeed = 1ull << 63;          // SPEED_DUPLEX

// Device configuration: 5.1.4. The address is six bytes, which are read one by one (4.1.3.1).
constexpr u32 kAddressOffset = 0x00, kAddressBytes = 6;
struct LinkStatus : Register<0x06, u16> {
    struct Up : Bitfield<0> {};
};
struct Speed : Register<0x0c, u32> {};  // in 1 000 000 bits a second
constexpr u32 kUnknownSpeed = 0x7fff'ffff;  // this or more
constexpr u32 kAddressLength = 0x06;        // bytes of configuration with the address
constexpr u32 kStatusLength = 0x08;         // … and the status
constexpr u32 kSpeedLength = 0x10;          // … and the speed

// Queues of a device without VIRTIO_NET_F_MQ: 5.1.2.
constexpr u16 kReceiveQueue = 0;
constexpr u16 kSendQueue = 1;
constexpr u16 kControlQueue = 2;

// What stands before each frame: 5.1.6.
namespace header {
constexpr u64 kFlags = 0;
constexpr u64 kSegmentType = 1;
constexpr u64 kHeaderBytes = 2;
constexpr u64 kSegmentBytes = 4;
constexpr u64 kChecksumStart = 6;
constexpr u64 kChecksumOffset = 8;  // behind the start
constexpr u64 kBuffers = 10;
constexpr u32 kSize = 12;
}  // namespace header

constexpr u8 kNeedsChecksum = 1;  // sending: to be computed. Receiving: not there, and not needed
constexpr u8 kDataValid = 2;
constexpr u8 kNotCut = 0, kCutIpv4 = 1, kCutIpv6 = 4;

// The control queue: 5.1.6.5. A command has class and command, what it carries, and one byte that the device writes.
struct Command {
    u8 group;
    u8 command;
};
constexpr Command kPromiscuous{0, 0};  // carries one byte, on or off
constexpr Command kAllGroups{0, 1};    // the same
constexpr Command kAddressTable{1, 0}; // carries addresses of stations and of groups, each with their number before them
constexpr u32 kCommandBytes = 2;
constexpr u8 kAccepted = 0;

}  // namespace eft::virtio_net
