// What a capability carries beside the address or the object that it names: four words, which mean something else for
// each type. Whoever looks at them says for which (Capability::payload, CapRef), and the host's machine checks that.
// In an empty slot all are zero.
#pragma once

#include <eft/abi/object.h>

#include <memory/physical.h>

#include <cstddef>

namespace eft::kernel {

struct Object;
class AddressSpace;
class CapTable;
class Capability;
class Thread;
struct IrqBinding;

// A frame starts writable. Sealing exchanges the write permission for the execute permission in its only capability,
// for good: no physical page is ever both, in any address space, nor in the direct map.
class FrameState {
public:
    static constexpr FrameState fresh(bool device, bool large) {
        return FrameState(kOriginal | (device ? kDevice : 0) | (large ? kLarge : 0));
    }

    u64 mapped_address() const { return value_ & ~(kPageSize - 1); }
    // Made by retype, not derived: the ancestor of all capabilities to this page.
    bool original() const { return value_ & kOriginal; }
    bool device() const { return value_ & kDevice; }
    bool sealed() const { return value_ & kSealed; }
    bool large() const { return value_ & kLarge; }
    u64 bytes() const { return large() ? u64{1} << kLargeFrameBits : kPageSize; }
    // Of the page tables whose entries map it.
    unsigned level() const { return large() ? 2 : 1; }

    FrameState mapped_at(u64 address) const { return FrameState(flags() | address); }
    FrameState unmapped() const { return FrameState(flags()); }
    FrameState derived() const { return FrameState(flags() & ~kOriginal); }
    FrameState with_seal() const { return FrameState(value_ | kSealed); }

private:
    static constexpr u64 kOriginal = 1;
    static constexpr u64 kDevice = 2;
    static constexpr u64 kSealed = 4;
    static constexpr u64 kLarge = 8;

    constexpr explicit FrameState(u64 value) : value_(value) {}
    u64 flags() const { return value_ & (kPageSize - 1); }

    u64 value_;
};

// Where a page table translates: its entries map pages of 4 KiB, 2 MiB or 1 GiB (level 1 to 3), from this address on.
class TableUse {
public:
    static constexpr TableUse spare() { return TableUse(0); }
    static constexpr TableUse at(unsigned level, u64 address) { return TableUse(page_down(address) | level); }
    bool is_spare() const { return value_ == 0; }
    unsigned level() const { return value_ & 7; }
    u64 address() const { return page_down(value_); }

private:
    constexpr explicit TableUse(u64 value) : value_(value) {}
    u64 value_;
};

struct NumberRange {
    u32 first;
    u32 count;
    static constexpr NumberRange unpack(u64 word) { return {static_cast<u32>(word), static_cast<u32>(word >> 32)}; }
    constexpr u64 packed() const { return u64{count} << 32 | first; }
    constexpr bool contains(u64 number, u64 width = 1) const {
        return number >= first && width <= count && number - first <= count - width;
    }
    constexpr bool contains(NumberRange inner) const { return inner.count != 0 && contains(inner.first, inner.count); }
};

// Frame, PageTable: the address space that it is in use in, and its place in that space's ring (address_space.h).
struct SpaceLink {
    AddressSpace* space;  // null: in none
    union {
        Capability* next;
        Thread* holder;  // in none: see InnerPayload
    };
    Capability* previous;
};

// Of objects that have memory of their own, all carry this pointer.
struct EndpointPayload {
    Badge badge;
    Object* object;
    u64 awaited;  // 0 if no thread ever waited to receive through this capability (waiters.cc)
    u64 waiters;  // threads that wait through it to send
};
struct NotificationPayload {
    Badge badge;
    Object* object;
    Thread* holder;
    u64 waiters;  // threads that wait through it for bits
};
// CapTable, Thread, Reply, AddressSpace, SchedContext. What is said of `holder` holds for Notifications, too, and for
// Frames that are not mapped.
struct InnerPayload {
    u64 unused;
    Object* object;
    Thread* holder;  // in an inner slot of a thread: who must hear when it is cleared
};
struct FramePayload {
    FrameState state;
    SpaceLink link;
};
struct TablePayload {
    TableUse use;
    SpaceLink link;
};
struct CapPagePayload {
    u64 first;        // index of its first slot
    CapTable* table;  // that it was donated to, or null
};
struct UntypedPayload {
    u64 size_bits : 8;
    u64 device : 8;   // 1: or preloaded; it is never cleared
    u64 used : 48;    // bytes handed out, from the low end; means nothing if nothing is derived from it
    u64 zero_start;   // from here to zero_end, free memory is cleared already (untyped.cc)
    u64 no_holder;    // zero
    u64 zero_end;

    u64 size() const { return u64{1} << size_bits; }
};
struct IrqPayload {
    NumberRange range;
    u64 unused;
    u64 no_holder;      // zero
    IrqBinding* bound;  // the interrupts that are bound through this very capability (irq.h)
};
struct IoPortsPayload {
    NumberRange range;
};

union Payload {
    u64 words[4];
    EndpointPayload endpoint;
    NotificationPayload notification;
    InnerPayload inner;
    FramePayload frame;
    TablePayload table;
    CapPagePayload cap_page;
    UntypedPayload untyped;
    IrqPayload irq;
    IoPortsPayload io_ports;

    constexpr Payload() : words{} {}
};
static_assert(sizeof(Payload) == 32);
static_assert(offsetof(EndpointPayload, object) == offsetof(InnerPayload, object) && offsetof(NotificationPayload, object) == offsetof(InnerPayload, object));
static_assert(offsetof(NotificationPayload, holder) == offsetof(InnerPayload, holder));
static_assert(offsetof(UntypedPayload, no_holder) == offsetof(InnerPayload, holder) && offsetof(IrqPayload, no_holder) == offsetof(InnerPayload, holder));
static_assert(offsetof(FramePayload, link) + offsetof(SpaceLink, holder) == offsetof(InnerPayload, holder));
static_assert(offsetof(TablePayload, link) == offsetof(FramePayload, link));

}  // namespace eft::kernel
