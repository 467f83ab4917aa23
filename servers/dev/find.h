// The search for what there is in the machine: done once, by the first incarnation of dev that comes to its end.
//
// Measuring a base address register writes nonsense into it for a moment. What was there is noted before: an incarnation that
// dies in between leaves the note to the next one, which puts it back and begins again.
#pragma once

#include <servers/dev/devices.h>

namespace eft::dev {

// Plain data; zeros are that nothing was found yet.
struct Found {
    u64 complete;  // 0: the search has not come to its end
    struct Note {
        u64 valid;
        pci::FunctionAddress address;
        u32 command;
        std::array<u32, pci::kBaseAddresses> bars;
    } note;
    ConfigurationSpace::Windows windows;
    Devices devices;
};

// Finds everything; from here on no function interrupts by its pin until its driver wants that. A function whose base address
// registers make no sense is listed without windows. An error: there are more, which are not listed. `space` is open.
Status find_devices(Found& found, const Machine& machine, ConfigurationSpace& space);

// What a search has left that did not come to its end.
void undo_measuring(Found& found, ConfigurationSpace& space);

}  // namespace eft::dev
