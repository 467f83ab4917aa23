// Capabilities for host tests: the fake behind ipc::slots, so that a test can count what is left over.
//
// One table for all. A slot holds the number of the object that it refers to. Include it in host tests only; its
// definitions are weak, so that several files of a test may.
#pragma once

#include <eft/ipc/cap_field.h>

#include <map>

namespace eft::ipc {

class LocalCaps {
public:
    // Makes a capability to `object`, a number that the test chooses.
    Slot create(u64 object, Rights rights = kAllRights) {
        Slot slot{next_++};
        place(slot, object, rights);
        return slot;
    }
    Slot derive(Slot from, Rights mask = kAllRights) { return create(object(from), rights(from) & mask); }
    void drop(Slot slot) { objects_.erase(slot); }

    bool exists(Slot slot) const { return objects_.contains(slot); }
    // 0 for an empty slot.
    u64 object(Slot slot) const {
        auto found = objects_.find(slot);
        return found == objects_.end() ? 0 : found->second.object;
    }
    Rights rights(Slot slot) const {
        auto found = objects_.find(slot);
        return found == objects_.end() ? 0 : found->second.rights;
    }
    std::size_t live() const { return objects_.size(); }

    // While false, refill() finds no free slots.
    bool slots_left = true;
    u32 take_free_slot() { return slots_left ? next_++ : 0; }
    void place(Slot slot, u64 of_object, Rights rights = kAllRights) { objects_[slot] = {of_object, rights}; }

private:
    struct Capability {
        u64 object;
        Rights rights;
    };
    std::map<Slot, Capability> objects_;
    u32 next_ = 100;
};

[[gnu::weak]] LocalCaps& local_caps() {
    static LocalCaps caps;
    return caps;
}

// An owning handle to a fake capability, like libos' CapHandle.
class LocalHandle {
public:
    LocalHandle() = default;
    explicit LocalHandle(Slot slot) : slot_(slot) {}
    LocalHandle(LocalHandle&& other) noexcept : slot_(other.release()) {}
    LocalHandle& operator=(LocalHandle&& other) noexcept {
        if (this != &other) {
            slots::drop(slot_);
            slot_ = other.release();
        }
        return *this;
    }
    ~LocalHandle() {
        if (slot_ != Slot::None) slots::drop(slot_);
    }
    Slot slot() const { return slot_; }
    Slot release() { return std::exchange(slot_, Slot::None); }

private:
    Slot slot_ = Slot::None;
};

namespace slots {
[[gnu::weak]] void drop(Slot slot) { local_caps().drop(slot); }
[[gnu::weak]] Slot narrow(Slot slot, Rights rights) {
    return local_caps().exists(slot) && local_caps().slots_left ? local_caps().derive(slot, rights) : Slot::None;
}
[[gnu::weak]] void refill(Utcb& page, unsigned used) {
    for (unsigned i = 0; i < used; ++i) page.receive_slots[i] = local_caps().take_free_slot();
}
}  // namespace slots

}  // namespace eft::ipc
