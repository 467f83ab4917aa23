// Untyped: a range of physical memory, the source of all objects. It has no object of its own: what
// is known of it stands in its only capability, and memory is handed out from the low end. When
// everything made of it is gone, it starts again from there.
#pragma once

#include <object/cap_table.h>

namespace eft::kernel {

class UntypedData {
public:
    static UntypedData of(const Capability& cap) { return UntypedData(cap.data); }
    static constexpr UntypedData fresh(unsigned size_bits, bool device) {
        return UntypedData(u64{size_bits} << 56 | u64{device} << 55);
    }
    unsigned size_bits() const { return static_cast<unsigned>(value_ >> 56); }
    u64 size() const { return u64{1} << size_bits(); }
    bool device() const { return value_ >> 55 & 1; }
    u64 used() const { return value_ & kUsedMask; }
    u64 with_used(u64 used) const { return (value_ & ~kUsedMask) | used; }
    u64 value() const { return value_; }

private:
    static constexpr u64 kUsedMask = (u64{1} << 48) - 1;
    constexpr explicit UntypedData(u64 value) : value_(value) {}
    u64 value_;
};

// Consecutive slots of a table, which exist, or a single one anywhere.
class SlotRun {
public:
    SlotRun(Capability& one) : one_(&one) {}
    SlotRun(CapTable& table, u64 first) : table_(&table), first_(first) {}
    Capability& operator[](u32 i) const { return table_ ? *table_->peek(first_ + i) : *one_; }

private:
    CapTable* table_ = nullptr;
    u64 first_ = 0;
    Capability* one_ = nullptr;
};

struct RetypeRequest {
    ObjectType type;
    unsigned size_bits;   // Untyped, Frame: of bytes; CapTable: of its own slots; otherwise 0
    unsigned limit_bits;  // CapTable: of the slots that it can grow to; otherwise 0
    u32 count;
    SlotRun destination;  // `count` empty slots
};

// Everything is checked, then memory is cleared, which may pause (kPaused; nothing that user space could see has
// happened); then all objects are made at once.
Error retype(Core& core, Capability& untyped, const RetypeRequest& request);

}  // namespace eft::kernel
