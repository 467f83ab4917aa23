// All frames of a machine's card, and what tshark, whose protocols others have written, finds wrong with them.
#pragma once

#include <options.h>
#include <temporary.h>

#include <string>

namespace eft::qemu {

class Capture {
public:
    // The same card, whose frames are captured. This must outlive the machine.
    Card of(Card card) const;

    // To be asked when the machine has ended. Each has a line for what it has found, in tshark's words.
    //
    // Frames that are malformed, or have a wrong checksum.
    std::string faults() const;
    // Resets of connections that were there and had not ended. One that is refused never was; and of those that both ends have ended,
    // whoever has forgotten one answers so what comes late, such as the answer to the repetition of its end.
    std::string resets() const;
    unsigned long frames() const;

private:
    std::string path() const { return folder_.path() + "/frames.pcap"; }
    // Of the frames that the filter finds, these fields.
    std::string fields(const std::string& filter, const std::string& names) const;

    TemporaryFolder folder_;
};

}  // namespace eft::qemu
