// Messages: the tag, the message page (UTCB), and what of them lives in registers.
//
// A message has up to kMaxWords 64-bit words and kMaxCaps capabilities. Words 0 to 3 travel in
// registers; word i >= 4 is utcb.words[i]. The kernel never reads or writes words[0..3].
// The page is pinned while it is a thread's UTCB, so a transfer cannot fault.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>

namespace eft {

constexpr unsigned kRegisterWords = 4;
constexpr unsigned kMaxWords = 448;
constexpr unsigned kMaxCaps = 4;

// bits 0-8 words | 9-11 capabilities | 12-15 flags | 16-31 sequence | 32-63 label
//
// A request's label is interface id << 16 | ordinal. A reply's label is an Error (0 is success).
// The sequence is not interpreted by the kernel; libos uses it to recognise repeated requests.
struct Tag {
    u64 value = 0;

    enum Flag : u64 {
        Notification = 1u << 12,  // received: the badge is the bits of a Notification; no message
        ReplyLost = 1u << 13,     // received by reply_recv: the answered caller was gone
        Fault = 1u << 14,         // received: the kernel sent this for a faulting thread
        Move = 1u << 15,          // sent: capabilities are moved, not derived
    };
    static constexpr u64 kReceiveFlags = Notification | ReplyLost | Fault;

    constexpr Tag() = default;
    constexpr explicit Tag(u64 raw) : value(raw) {}
    constexpr Tag(u32 label, unsigned words, unsigned caps = 0, u16 sequence = 0)
        : value(u64{label} << 32 | u64{sequence} << 16 | u64{caps} << 9 | words) {}

    constexpr u32 label() const { return static_cast<u32>(value >> 32); }
    constexpr u16 sequence() const { return static_cast<u16>(value >> 16); }
    constexpr unsigned words() const { return value & 0x1ff; }
    constexpr unsigned caps() const { return (value >> 9) & 7; }
    constexpr bool has_caps() const { return value & 7u << 9; }
    constexpr bool has(Flag flag) const { return value & flag; }
    constexpr Tag with(Flag flag) const { return Tag(value | flag); }
    constexpr Tag without(u64 flags) const { return Tag(value & ~flags); }
    constexpr bool valid() const { return words() <= kMaxWords && caps() <= kMaxCaps; }
};

constexpr u32 make_label(u16 interface_id, u16 ordinal) { return u32{interface_id} << 16 | ordinal; }

// The message page of a thread; GS base points at it in user mode.
struct Utcb {
    u64 words[kMaxWords];       // words 4.. of the message sent or received
    u32 send_slots[kMaxCaps];   // capabilities to send: slots of the sender's table
    u32 receive_slots[kMaxCaps];  // where received capabilities land; each must be empty
    u64 self;                   // libos: the user address of this page, so that gs:self is a pointer
    u64 runtime[58];            // libos' own
    u64 foreign_return;         // of a foreign thread: where its latest call returns to (Invocation::ThreadForeign)
};
static_assert(sizeof(Utcb) == kPageSize);
static_assert(offsetof(Utcb, send_slots) == 3584);
static_assert(offsetof(Utcb, self) == 3616);
static_assert(offsetof(Utcb, foreign_return) == 4088);

}  // namespace eft
