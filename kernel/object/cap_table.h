// CapTable: a table of capability slots. Slot 0 stays empty.
#pragma once

#include <object/capability.h>
#include <object/object.h>

namespace eft::kernel {

class CapTable : public Object {
public:
    explicit CapTable(unsigned size_bits) : Object(ObjectType::CapTable), size_(1u << size_bits) {}

    static constexpr u64 bytes(unsigned size_bits) { return u64{1} << (size_bits + kCapabilityBits); }

    u32 size() const { return size_; }
    // Null if out of range or the null slot. The first slot's memory holds the table's own head.
    Capability* lookup(Slot slot) {
        const u32 index = raw(slot);
        return index - 1 < size_ - 1 ? slots() + index : nullptr;
    }
    u32 used();
    void destroy(Core& core);

private:
    Capability* slots() { return reinterpret_cast<Capability*>(this); }

    u32 size_;
};
static_assert(sizeof(CapTable) <= sizeof(Capability));

}  // namespace eft::kernel
