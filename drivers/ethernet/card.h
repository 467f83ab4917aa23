// What an Ethernet driver is made of besides the service (ethernet_server.h): a network card.
#pragma once

#include <eft/idl/ethernet.h>

#include <iterator>
#include <optional>

namespace eft::ethernet {

constexpr u32 kSessions = 4;
constexpr u32 kLeastFrame = 14;       // destination, source, type
constexpr u32 kLeastBuffer = 1536;    // of an entry of Receive
constexpr u32 kLongestSegmented = 65'535;
constexpr u32 kMostGroups = std::size(decltype(Addresses::each){});

struct Properties {
    u64 address = 0;  // as in Attached
    u32 max_frame = 1514;
    Offloads offloads{};
    u32 receive_depth = 0;
    u32 send_depth = 0;

    bool can(Offloads offload) const { return (static_cast<u32>(offloads) & static_cast<u32>(offload)) != 0; }
};

// Bytes in a client's area, all of them inside it.
struct Place {
    u32 area = 0;  // 0 to kSessions - 1
    u32 offset = 0;
    u32 bytes = 0;
};

// What the card is to do to a frame; checked: the card can, and it fits the frame.
struct Treatment {
    u16 checksum_start = 0;  // 0: nothing
    u16 checksum_at = 0;
    u16 segment_bytes = 0;   // 0: the frame is not cut
    u16 header_bytes = 0;
    bool ipv6 = false;
};

enum class Direction : u8 { Receive, Send };
struct Ended {
    Direction direction = Direction::Send;
    u32 number = 0;
    Error error = Error::None;   // of a Send
    Received received = {};      // of a Receive; at most the bytes of its buffer
};

// The device. Buffers and frames are known by the numbers they were given with, those of each direction for themselves, until
// next_ended() names them.
class Card {
public:
    virtual Properties properties() const = 0;
    // What is known of it; woken() and look() find out.
    virtual Link link() const = 0;
    // For what lies outside of `filter`, more may come.
    virtual void set_filter(const Filter& filter) = 0;

    // A client's data area, in whole pages. It stays where it is until close_area(), and nothing of it is in progress when that
    // is called. OutOfRange: the object has fewer pages. It is not mapped here.
    virtual Status open_area(u32 area, Slot object, u64 bytes) = 0;
    virtual void close_area(u32 area) = 0;

    // Busy: not now, but after some have ended. Any other error is the entry's. Both directions keep the order.
    virtual Status receive(u32 number, const Place& buffer) = 0;
    virtual Status send(u32 number, const Place& frame, const Treatment& treatment) = 0;
    // After any number of these.
    virtual void kick() = 0;
    // ProtocolViolation: the device has broken its rules, or says that it is to be reset.
    virtual Result<std::optional<Ended>> next_ended() = 0;
    // There is one, as far as the device says.
    virtual bool has_ended() const = 0;

    // The device reaches no area any more; what it had is to be begun again. Filter and link are as before. A device that
    // cannot be started again ends the program.
    virtual void reset() = 0;

    // Bits of the program's notification that are the driver's own: an interrupt.
    virtual void woken(u64 bits) = 0;
    // Every heartbeat: what an interrupt should have said.
    virtual void look() = 0;
    // False: something has ended meanwhile. What ends after it was true wakes the program.
    virtual bool prepare_to_sleep() = 0;
    // Frames that the card could not receive, since the last time it was asked.
    virtual u64 take_lost() { return 0; }

protected:
    ~Card() = default;
};

}  // namespace eft::ethernet
