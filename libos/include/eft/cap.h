// Capability handles that own what they hold, and the slots they live in.
//
// Scratch slots are handed out by one allocator per process; a restart forgets them all. A capability
// that must outlive the incarnation is moved to a persistent slot (the kernel's CapMove).
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/result.h>
#include <eft/ipc/cap_field.h>
#include <eft/layout.h>

#include <utility>

namespace eft {

// An empty scratch slot, or Slot::None when all are in use.
Slot allocate_slot();
// Gives a slot back that is empty (its capability was moved away or was never there).
void return_slot(Slot slot);
// Deletes the capability in it and gives the slot back.
void drop_slot(Slot slot);
// Scratch slots in use, for leak checks.
u32 used_scratch_slots();

class CapHandle {
public:
    CapHandle() = default;
    explicit CapHandle(Slot slot) : slot_(slot) {}
    CapHandle(CapHandle&& other) noexcept : slot_(std::exchange(other.slot_, Slot::None)) {}
    CapHandle& operator=(CapHandle&& other) noexcept {
        if (this != &other) {
            reset();
            slot_ = std::exchange(other.slot_, Slot::None);
        }
        return *this;
    }
    ~CapHandle() { reset(); }

    Slot slot() const { return slot_; }
    explicit operator bool() const { return slot_ != Slot::None; }
    Slot release() { return std::exchange(slot_, Slot::None); }
    void reset() {
        if (slot_ != Slot::None) drop_slot(std::exchange(slot_, Slot::None));
    }

private:
    Slot slot_ = Slot::None;
};

template <class Of>
class Cap : public CapHandle {
public:
    using Kind = Of;
    using CapHandle::CapHandle;
};

// A derived copy of a capability, in a scratch slot. LimitReached: no slot is free; or an error of the kernel's CapDerive.
Result<CapHandle> copy_capability(Slot source, Rights mask = kAllRights, u64 badge = 0);
// Deletes everything that was derived from it, wherever it is; the capability itself stays.
void revoke_copies(Slot source);
// The same, and then drop_slot().
void revoke_slot(Slot source);

}  // namespace eft
