#include <object/untyped.h>

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/endpoint.h>
#include <object/frame.h>
#include <object/notification.h>
#include <object/reply.h>
#include <object/sched_context.h>

#include <arch/direct_map.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

unsigned fixed_object_bits(ObjectType type) {
    switch (type) {
        case ObjectType::Thread: return kThreadBits;
        case ObjectType::Endpoint: return kEndpointBits;
        case ObjectType::Notification: return kNotificationBits;
        case ObjectType::Reply: return kReplyBits;
        case ObjectType::SchedContext: return kSchedContextBits;
        case ObjectType::AddressSpace: return kAddressSpaceBits;
        case ObjectType::PageTable:
        case ObjectType::CapPage:
        case ObjectType::Frame: return kPageBits;
        default: return 0;
    }
}

u64 table_bytes(unsigned size_bits, unsigned limit_bits) {
    if (size_bits < 1 || size_bits > kMaxTableBits || limit_bits > kMaxTableBits) return 0;
    if (limit_bits != 0 && (limit_bits < size_bits || size_bits < kPageBits - kCapabilityBits)) return 0;
    return cap_table_bytes(size_bits, limit_bits);
}

// The bytes that one object takes, 0 for what cannot be made. It is aligned to the largest power of two in them.
u64 object_bytes(const RetypeRequest& request) {
    if (request.type == ObjectType::CapTable) return table_bytes(request.size_bits, request.limit_bits);
    unsigned bits = request.size_bits;
    if (request.limit_bits != 0) return 0;
    if (request.type == ObjectType::Frame && bits == kLargeFrameBits) return u64{1} << bits;
    if (request.type == ObjectType::Frame && bits == kPageBits) bits = 0;
    if (request.type == ObjectType::Untyped) {
        if (bits < kMinUntypedBits || bits > kMaxUntypedBits) return 0;
    } else {
        bits = bits == 0 ? fixed_object_bits(request.type) : 0;
    }
    return bits == 0 ? 0 : u64{1} << bits;
}

void clear_memory(PhysAddr address, u64 bytes) {
    for (u64 page = page_down(address.value()); page < address.value() + bytes; page += kPageSize) {
        arch::unprotect_direct_map(PhysAddr(page));
    }
    clear_words(to_pointer<void>(address), bytes);
}

// Memory below it is cleared at once; more in pieces that can be interrupted.
constexpr u64 kClearedAtOnce = 4 * kPageSize;
constexpr int kClearWork = 600;  // instructions for a page

// Clears [start, end) of the memory, counted from its first byte; what is cleared already when it pauses is
// known by the capability. False: it paused.
bool clear_ahead(Core& core, UntypedCap untyped, u64 start, u64 end) {
    if (end - start <= kClearedAtOnce) {
        clear_memory(untyped.slot().address() + start, end - start);
        return true;
    }
    if (start < untyped->zero_start || start > untyped->zero_end) untyped->zero_start = untyped->zero_end = start;
    while (untyped->zero_end < end) {
        const u64 page_end = page_down(untyped->zero_end) + kPageSize;
        const u64 piece = (page_end < end ? page_end : end) - untyped->zero_end;
        clear_memory(untyped.slot().address() + untyped->zero_end, piece);
        untyped->zero_end += piece;
        if (core.must_pause(kClearWork)) return false;
    }
    return true;
}

void create(Core& core, UntypedCap untyped, const RetypeRequest& request, PhysAddr address, Capability& slot) {
    const bool device = untyped->device;
    void* memory = device ? nullptr : to_pointer<void>(address);
    switch (request.type) {
        case ObjectType::Untyped:
            return install_untyped(slot, address, request.size_bits, device, untyped);
        case ObjectType::Frame:
            slot.fill(request.type, address, FrameRight::Read | FrameRight::Write, untyped);
            FrameCap(slot)->state = FrameState::fresh(device, request.size_bits == kLargeFrameBits);
            return;
        case ObjectType::PageTable:
        case ObjectType::CapPage:
            return slot.fill(request.type, address, kAllRights, untyped);
        case ObjectType::CapTable:
            return install_object(core, *new (memory) CapTable(request.size_bits, request.limit_bits), slot, kAllRights, untyped);
        case ObjectType::Thread:
            return install_object(core, *new (memory) Thread(), slot, kAllRights, untyped);
        case ObjectType::Endpoint:
            return install_object(core, *new (memory) Endpoint(), slot, EndpointRight::Send | EndpointRight::Receive, untyped);
        case ObjectType::Notification:
            return install_object(core, *new (memory) Notification(), slot, NotificationRight::Signal | NotificationRight::Wait, untyped);
        case ObjectType::Reply:
            return install_object(core, *new (memory) Reply(), slot, kAllRights, untyped);
        case ObjectType::SchedContext:
            return install_object(core, *new (memory) SchedContext(), slot, kAllRights, untyped);
        case ObjectType::AddressSpace:
            return install_object(core, *AddressSpace::create(memory), slot, kAllRights, untyped);
        default:
            return;
    }
}

}  // namespace

void install_untyped(Capability& destination, PhysAddr address, unsigned size_bits, bool device, Capability& parent) {
    destination.fill(ObjectType::Untyped, address, kAllRights, parent);
    const UntypedCap untyped(destination);
    untyped->size_bits = size_bits & 0xff;
    untyped->device = device;
}

Error retype(Core& core, UntypedCap untyped, const RetypeRequest& request) {
    const u64 size = object_bytes(request);
    if (size == 0) return Error::InvalidArgument;
    if (untyped->device && request.type != ObjectType::Frame && request.type != ObjectType::Untyped) {
        return Error::InvalidArgument;
    }
    const u64 alignment = size & -size;
    const u64 used = untyped.slot().has_children() ? untyped->used : 0;
    const u64 start = (used + alignment - 1) & ~(alignment - 1);
    if (start > untyped->size() || size * request.count > untyped->size() - start) return Error::NeedMemory;
    const u64 end = start + size * request.count;

    if (reap_before_reuse(core)) return kPaused;
    if (!untyped->device && request.type != ObjectType::Untyped && !clear_ahead(core, untyped, start, end)) return kPaused;
    for (u32 i = 0; i < request.count; ++i) {
        const PhysAddr address = untyped.slot().address() + start + i * size;
        create(core, untyped, request, address, request.destination[i]);
    }
    untyped->used = end;
    // What is handed out is not free any more.
    if (untyped->zero_start < end) untyped->zero_start = end;
    if (untyped->zero_end < end) untyped->zero_end = end;
    return Error::None;
}

}  // namespace eft::kernel
