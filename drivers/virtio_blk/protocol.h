// The block device as the specification has it (Virtual I/O Device 1.2, 5.2).
#pragma once

#include <eft/hw/register.h>

namespace eft::virtio_blk {

using hw::Register;

// Feature bits: 5.2.3.
constexpr u64 kFeatureSegmentSize = 1ull << 1;   // SIZE_MAX: longest segment
constexpr u64 kFeatureSegmentCount = 1ull << 2;  // SEG_MAX: most segments in a request
constexpr u64 kFeatureReadOnly = 1ull << 5;
constexpr u64 kFeatureBlockSize = 1ull << 6;
constexpr u64 kFeatureFlush = 1ull << 9;

// Device configuration: 5.2.4. 64-bit fields are read as two halves (4.1.3.1).
struct CapacityLow : Register<0x00, u32> {};  // in sectors
struct CapacityHigh : Register<0x04, u32> {};
struct LongestSegment : Register<0x08, u32> {};
struct MostSegments : Register<0x0c, u32> {};
struct BlockSize : Register<0x14, u32> {};
constexpr u32 kCapacityLength = 0x08;
constexpr u32 kConfigLength = 0x18;  // with the fields above

// 5.2.4: whatever the block size, sectors and lengths are in these units.
constexpr u32 kSectorSize = 512;

// Requests: 5.2.6. The device reads a header, reads or writes the data, and writes a status byte.
enum class RequestType : u32 { Read = 0, Write = 1, Flush = 4, Identify = 8 };

namespace header {
constexpr u64 kType = 0;
constexpr u64 kReserved = 4;
constexpr u64 kSector = 8;
constexpr u32 kSize = 16;
}  // namespace header

constexpr u8 kStatusOk = 0;
constexpr u32 kStatusSize = 1;
constexpr u32 kIdentitySize = 20;  // VIRTIO_BLK_T_GET_ID: a string, padded with zeros, maybe without

}  // namespace eft::virtio_blk
