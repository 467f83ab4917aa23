// What a block driver is made of, besides the serving of rings (block_server.h): a device, and the kernel around it.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <concepts>
#include <optional>
#include <span>
#include <string_view>

namespace eft::block {

constexpr u64 kSectorBytes = 512;

struct Geometry {
    u64 sectors = 0;
    bool writable = false;
    u32 max_count = 0;  // sectors in one request
};

enum class OperationKind : u8 { Read, Write, Flush };

// Checked: it lies in the device and in the area, and a read-only device gets no Write.
struct Operation {
    OperationKind kind = OperationKind::Read;
    u32 area = 0;    // which data area; 0 to kSessions - 1
    u32 offset = 0;  // in the area
    u32 count = 0;   // sectors; 0 of a Flush
    u64 sector = 0;
    std::span<std::byte> data;  // the place in the area, as mapped here; the client can change it at any time
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
    // A client's data area, 0 to kSessions - 1, in whole pages. It stays where it is until close_area(), and nothing of it is
    // in progress when that is called.
    virtual Status open_area(u32 area, Slot object, u64 bytes) = 0;
    virtual void close_area(u32 area) = 0;
    // Busy: not now, but after some have ended. Any other error is the operation's.
    virtual Result<Progress> begin(u32 number, const Operation& operation) = 0;
    // After any number of begin().
    virtual void kick() = 0;
    // ProtocolViolation: the device was reset; what was begun and has not ended was lost, and is to be begun again.
    virtual Result<std::optional<Ended>> next_ended() = 0;

protected:
    ~Backend() = default;
};

// The kernel: slots that outlive the incarnation, and the mapping of what lies in them.
template <class P>
concept Platform = requires(P& platform, u32 index, Slot slot, u64 number, std::string_view line) {
    { platform.at(index) } -> std::same_as<Slot>;
    { platform.keep(index, slot) } -> std::same_as<Status>;
    { platform.make_wake(index, number) } -> std::same_as<Status>;
    platform.remove(index);
    platform.signal(index);
    // Signals this program.
    platform.wake_self(number);
    // Mapped until it is destroyed. OutOfRange: the object is smaller.
    { platform.map(slot, number) } -> std::same_as<Result<typename P::Mapping>>;
    platform.report(line);
};

}  // namespace eft::block
