// Untyped: a range of physical memory, the source of all objects. It has no object of its own: what
// is known of it stands in its only capability, and memory is handed out from the low end. When
// everything made of it is gone, it starts again from there.
#pragma once

#include <object/cap_table.h>

namespace eft::kernel {

// The first capability to a range of memory.
void install_untyped(Capability& destination, PhysAddr address, unsigned size_bits, bool device, Capability& parent);

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
Error retype(Core& core, UntypedCap untyped, const RetypeRequest& request);

}  // namespace eft::kernel
