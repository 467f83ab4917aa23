// CapTable: a table of capability slots. Slot 0 stays empty.
#pragma once

#include <object/capability.h>
#include <object/object.h>

namespace eft::kernel {

constexpr int kSlotWork = 12;  // instructions to look at a slot, for Core::must_pause

class CapTable : public Object {
public:
    explicit CapTable(unsigned size_bits) : Object(ObjectType::CapTable), last_((u64{1} << size_bits) - 1) {}

    static constexpr u64 bytes(unsigned size_bits) { return u64{1} << (size_bits + kCapabilityBits); }

    u64 size() const { return last_ + 1; }
    // Null if out of range or the null slot. The first slot's memory holds the table's own head.
    Capability* lookup(u64 index) { return index - 1 < last_ ? slots() + index : nullptr; }
    // The same for who only wants what is there: the null slot reads as an empty one.
    Capability* peek(u64 index) { return index <= last_ ? slots() + index : nullptr; }
    // Counts the slots in use from `index` on, adding to `used`. False: it paused and goes on from `index`.
    bool count_used(Core& core, u64& index, u64& used);
    // Deletes what it holds, from the end. False: it paused; what is gone is out of range.
    bool destroy(Core& core);

private:
    Capability* slots() { return reinterpret_cast<Capability*>(this); }

    u64 last_;  // slot
};
static_assert(sizeof(CapTable) <= 32, "what lies where the null slot's type is stays zero");

}  // namespace eft::kernel
