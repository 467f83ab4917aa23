// The memory of a ring: a header of three cache lines, then `count` entries of `stride` bytes.
//
//   line 0   geometry, written once by the client before it hands the memory over
//   line 1   the producer's (client): how many entries it has submitted; whether it sleeps
//   line 2   the consumer's (server): how many entries it has completed; whether it sleeps; whether there is one, and
//            how many there have been
//   entries  position p (0, 1, 2, …) lies in slot p % count
//
// The state word of an entry tells all that matters after a death:
//   0           never used
//   submitted   (p + 1) << 1        the request is in the entry, and nobody has answered it
//   done        (p + 1) << 1 | 1    status and response are in the entry
// Only the producer makes an entry submitted, only the consumer makes it done. That an entry is taken is the consumer's
// private knowledge: a new incarnation looks for submitted entries and does them again. So a request is answered
// exactly once, and done at least once. Request and response lie in different words: a consumer that dies while it
// writes a response leaves the request whole.
//
// Neither side believes the other. Geometry is read once and checked; states and indices are copied before use; what
// cannot be true is a ProtocolViolation, which closes the session.
#pragma once

#include <eft/abi/result.h>
#include <eft/ring/shared.h>

#include <bit>
#include <cstddef>
#include <span>

namespace eft::ring {

constexpr u64 kMagic = 0x676e'6972'2d74'6665;  // "eft-ring"
constexpr u32 kVersion = 1;
constexpr u32 kMaxEntries = 4096;
constexpr u32 kMaxWords = 12;  // of a request, and of a response
constexpr std::size_t kLine = 64;

// Whether anybody serves the ring. The server's side writes it, then signals the client. For the client it is a hint: it asks.
enum class ConsumerState : u32 {
    Serving = 0,
    Held = 1,      // the service is held or stopped, and a tombstone stands in its place
    Detached = 2,  // the server has let go of the ring: it broke the rules, or the server has lost its session
};

struct Header {
    u64 magic;
    u32 version;
    u32 stride;          // bytes from entry to entry
    u32 count;           // entries; a power of two
    u16 request_words;   // words of a request, as the client knows them
    u16 response_words;  // words of a response
    u64 area_bytes;      // of the data area that comes with the ring

    alignas(kLine) u64 submitted;
    u32 producer_sleeps;

    alignas(kLine) u64 completed;  // how many; counted after the entry's state says so, which alone is the truth
    u32 consumer_sleeps;
    u32 consumer_state;  // a ConsumerState
    u32 takeovers;       // incarnations of the server that have taken up the ring
};
static_assert(sizeof(Header) == 3 * kLine);
static_assert(offsetof(Header, submitted) == kLine && offsetof(Header, completed) == 2 * kLine);

// Followed by the request's words, then the response's.
struct EntryHead {
    u64 state;
    u32 label;
    u32 attempts;  // the consumer's: how many incarnations have taken it
    u32 status;    // an Error
    u32 reserved;
};
static_assert(sizeof(EntryHead) == 24);

constexpr u64 submitted_state(u64 position) { return (position + 1) << 1; }
constexpr u64 done_state(u64 position) { return (position + 1) << 1 | 1; }

struct Geometry {
    u32 stride = 0;
    u32 count = 0;
    u32 request_words = 0;
    u32 response_words = 0;
    u64 area_bytes = 0;

    // The smallest for these words: entries do not share cache lines.
    static constexpr Geometry of(u32 count, u32 request_words, u32 response_words, u64 area_bytes) {
        u32 bytes = sizeof(EntryHead) + (request_words + response_words) * sizeof(u64);
        return {(bytes + u32{kLine} - 1) / u32{kLine} * u32{kLine}, count, request_words, response_words, area_bytes};
    }
    constexpr u64 memory_bytes() const { return sizeof(Header) + u64{stride} * count; }

    constexpr bool valid() const {
        return count >= 2 && count <= kMaxEntries && std::has_single_bit(count) && request_words <= kMaxWords &&
               response_words <= kMaxWords && stride % sizeof(u64) == 0 && stride <= kPageSize &&
               stride >= sizeof(EntryHead) + (request_words + response_words) * sizeof(u64);
    }
};

// A ring's memory with the geometry that this side goes by, whatever the header says later.
class Memory {
public:
    Memory() = default;

    // The client's: writes a fresh header. InvalidArgument if the memory is too small or not aligned to a line.
    static Result<Memory> format(std::span<std::byte> bytes, const Geometry& geometry) {
        if (!geometry.valid() || !fits(bytes, geometry)) return Error::InvalidArgument;
        for (std::size_t i = 0; i < geometry.memory_bytes(); i += sizeof(u64))
            write(*reinterpret_cast<u64*>(bytes.data() + i), u64{0});
        Memory memory(bytes, geometry);
        Header& header = memory.header();
        header.version = kVersion;
        header.stride = geometry.stride;
        header.count = geometry.count;
        header.request_words = static_cast<u16>(geometry.request_words);
        header.response_words = static_cast<u16>(geometry.response_words);
        header.area_bytes = geometry.area_bytes;
        release(header.magic, kMagic);
        return memory;
    }

    // The server's: reads the header, once. ProtocolViolation if it cannot be a ring.
    static Result<Memory> open(std::span<std::byte> bytes) {
        if (bytes.size() < sizeof(Header) || misaligned(bytes)) return Error::ProtocolViolation;
        Header& header = *reinterpret_cast<Header*>(bytes.data());
        if (acquire(header.magic) != kMagic || read_once(header.version) != kVersion) return Error::ProtocolViolation;
        Geometry geometry{read_once(header.stride), read_once(header.count), read_once(header.request_words),
                          read_once(header.response_words), read_once(header.area_bytes)};
        if (!geometry.valid() || !fits(bytes, geometry)) return Error::ProtocolViolation;
        return Memory(bytes, geometry);
    }

    // The server's side: before it signals the client.
    void set_consumer_state(ConsumerState state) const { release(header().consumer_state, static_cast<u32>(state)); }

    // The same, for who only has the ring's first page. Nothing happens if it is none.
    static void set_consumer_state(std::span<std::byte> first_page, ConsumerState state) {
        if (first_page.size() < sizeof(Header) || misaligned(first_page)) return;
        Header& header = *reinterpret_cast<Header*>(first_page.data());
        if (acquire(header.magic) == kMagic && read_once(header.version) == kVersion) release(header.consumer_state, static_cast<u32>(state));
    }

    const Geometry& geometry() const { return geometry_; }
    Header& header() const { return *reinterpret_cast<Header*>(bytes_); }
    EntryHead& entry(u64 position) const {
        u64 slot = position & (geometry_.count - 1);
        return *reinterpret_cast<EntryHead*>(bytes_ + sizeof(Header) + slot * geometry_.stride);
    }
    u64* request(u64 position) const { return reinterpret_cast<u64*>(&entry(position) + 1); }
    u64* response(u64 position) const { return request(position) + geometry_.request_words; }

private:
    Memory(std::span<std::byte> bytes, const Geometry& geometry) : bytes_(bytes.data()), geometry_(geometry) {}
    static bool misaligned(std::span<std::byte> bytes) {
        return reinterpret_cast<std::uintptr_t>(bytes.data()) % kLine;
    }
    static bool fits(std::span<std::byte> bytes, const Geometry& geometry) {
        return !misaligned(bytes) && geometry.memory_bytes() <= bytes.size();
    }

    std::byte* bytes_ = nullptr;
    Geometry geometry_;
};

}  // namespace eft::ring
