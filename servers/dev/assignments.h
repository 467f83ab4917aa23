// All assignments, and the interrupt numbers that they have: no two have the same.
#pragma once

#include <servers/dev/assignment.h>

#include <eft/abi/object.h>

namespace eft::dev {

class Assignments {
public:
    static constexpr u32 kMost = 24;

    AssignedDevice& operator[](u32 place) { return list_[place]; }
    u32 place_of(const AssignedDevice& assignment) const { return static_cast<u32>(&assignment - list_.data()); }

    bool has(u32 device) const {
        for (const AssignedDevice& each : list_)
            if (each.used() && each.device == device) return true;
        return false;
    }
    Result<u32> free_place() const {
        for (u32 place = 0; place < kMost; ++place)
            if (!list_[place].used()) return place;
        return Error::LimitReached;
    }
    Result<AssignedDevice*> find_id(u64 id) {
        for (AssignedDevice& each : list_)
            if (each.used() && each.id == id) return &each;
        return Error::NotFound;
    }

    // An I/O APIC input of those that the device can use; where the driver leaves the choice (`wanted` 0), any of them.
    Result<u32> free_line(u32 possible, u32 wanted) const {
        const u32 lines = wanted == 0 ? possible : possible & wanted;
        if (lines == 0) return Error::NotSupported;
        for (u32 line = 0; line < kIrqLines; ++line)
            if ((lines >> line & 1) && !is_taken(line)) return line;
        return Error::LimitReached;
    }
    Result<u32> free_message() const {
        for (u32 number = kFirstMsi; number < kIrqs; ++number)
            if (!is_taken(number)) return number;
        return Error::LimitReached;
    }

private:
    bool is_taken(u32 number) const {
        for (const AssignedDevice& each : list_)
            for (const auto& interrupt : each.interrupts)
                if (each.used() && interrupt.parent != Slot::None && interrupt.number == number) return true;
        return false;
    }

    std::array<AssignedDevice, kMost> list_{};
};

}  // namespace eft::dev
