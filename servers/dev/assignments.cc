#include <servers/dev/assignments.h>

namespace eft::dev {

Result<u32> AssignedDevice::find_pin(u32 number) const {
    for (u32 index = 0; index < kMostPins; ++index)
        if (number != 0 && pins[index].id == number) return index;
    return Error::NotFound;
}

Result<u32> Assignments::find_device(u32 device) const {
    for (const AssignedDevice& each : list_)
        if (each.used() && each.device == device) return place_of(each);
    return Error::NotFound;
}

Result<u32> Assignments::free_place() const {
    for (u32 place = 0; place < kMost; ++place)
        if (!list_[place].used()) return place;
    return Error::LimitReached;
}

Result<const AssignedDevice*> Assignments::find_id(u64 id) const {
    for (const AssignedDevice& each : list_)
        if (each.phase == AssignedDevice::Phase::Assigned && each.id == id) return &each;
    return Error::NotFound;
}

Result<u32> Assignments::free_line(u32 possible, u32 wanted) const {
    const u32 lines = wanted == 0 ? possible : possible & wanted;
    if (lines == 0) return Error::NotSupported;
    for (u32 line = 0; line < kIrqLines; ++line)
        if ((lines >> line & 1) && !is_taken(line)) return line;
    return Error::LimitReached;
}

Result<u32> Assignments::free_message() const {
    for (u32 number = kFirstMsi; number < kIrqs; ++number)
        if (!is_taken(number)) return number;
    return Error::LimitReached;
}

bool Assignments::has_owner(u32 line, const Devices& devices) const {
    for (const AssignedDevice& each : list_)
        for (const auto& interrupt : each.interrupts)
            if (each.used() && interrupt.given && interrupt.number == line && !devices[each.device].lines.level) return true;
    return false;
}

bool Assignments::is_taken(u32 number) const {
    for (const AssignedDevice& each : list_)
        for (const auto& interrupt : each.interrupts)
            if (each.used() && interrupt.given && interrupt.number == number) return true;
    return false;
}

}  // namespace eft::dev
