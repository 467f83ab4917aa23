// All assignments, and the interrupt numbers that they have: no two have the same. Plain data, changed in transactions.
#pragma once

#include <servers/dev/assignment.h>

#include <eft/abi/object.h>

namespace eft::dev {

class Assignments {
public:
    static constexpr u32 kMost = 24;

    const AssignedDevice& operator[](u32 place) const { return list_[place]; }
    u32 place_of(const AssignedDevice& assignment) const { return static_cast<u32>(&assignment - list_.data()); }

    // Its place, whatever its phase. NotFound.
    Result<u32> find_device(u32 device) const;
    // LimitReached.
    Result<u32> free_place() const;
    // NotFound: also of one that is being assigned or taken back.
    Result<const AssignedDevice*> find_id(u64 id) const;

    // An I/O APIC input of those that the device can use; where the driver leaves the choice (`wanted` 0), any of them.
    // NotSupported: it can use none of the wanted ones. LimitReached: all are taken.
    Result<u32> free_line(u32 possible, u32 wanted) const;
    Result<u32> free_message() const;
    // A device has this line alone.
    bool has_owner(u32 line, const Devices& devices) const;

private:
    bool is_taken(u32 number) const;

    std::array<AssignedDevice, kMost> list_{};
};

}  // namespace eft::dev
