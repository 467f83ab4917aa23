// What a block driver is made of besides the service (block_server.h): a device.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <concepts>
#include <optional>
#include <span>
#include <string_view>

namespace eft::block {

constexpr u64 kSectorBytes = 512;
constexpr u32 kSessions = 8;

struct Geometry {
    u64 sectors = 0;
    bool writable = false;
    u32 max_count = 0;  // sectors in one request
    u32 block = 1;      // sectors in a block of the device, a power of two: requests are of whole blocks
};

enum class OperationKind : u8 { Read, Write, Flush };

// Checked: it lies in the device and in the area, and a read-only device gets no Write.
struct Operation {
    OperationKind kind = OperationKind::Read;
    u32 area = 0;    // which data area; 0 to kSessions - 1
    u32 offset = 0;  // in the area
    u32 count = 0;   // sectors; 0 of a Flush
    u64 sector = 0;
    std::span<std::byte> data;  // the place in the area, if it is mapped here; the client can change it at any time
};

enum class Progress : u8 { Begun, Done };
struct Ended {
    u32 number = 0;
    Error error = Error::None;
};

// The device. Operations are known by the number that begin() was given, until next_ended() names it.
class Backend {
public:
    virtual Geometry geometry() const = 0;
    // The device reads and writes the areas, and the driver does not: they are not mapped here.
    virtual bool device_moves_data() const { return false; }
    // A client's data area, 0 to kSessions - 1, in whole pages. It stays where it is until close_area(), and nothing of it is
    // in progress when that is called. OutOfRange: the object has fewer pages; to be found by who has it not mapped.
    virtual Status open_area(u32 area, Slot object, u64 bytes) = 0;
    virtual void close_area(u32 area) = 0;
    // Busy: not now, but after some have ended. Any other error is the operation's.
    virtual Result<Progress> begin(u32 number, const Operation& operation) = 0;
    // After any number of begin().
    virtual void kick() = 0;
    // ProtocolViolation: the device was reset; what was begun and has not ended was lost, and is to be begun again.
    virtual Result<std::optional<Ended>> next_ended() = 0;
    // What was begun has not ended in time: next_ended() shall reset the device.
    virtual void give_up() {}
    // Bits of the program's notification that are the driver's own: an interrupt.
    virtual void woken(u64 bits) { static_cast<void>(bits); }

protected:
    ~Backend() = default;
};

}  // namespace eft::block
