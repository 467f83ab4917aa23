// A wire between two machines' cards, without anybody on it: a datagram for each frame.
#pragma once

#include <options.h>
#include <temporary.h>

#include <string>

namespace eft::qemu {

class Cable {
public:
    // For machine 0 or 1, each with an address of its own. This must outlive both.
    Card card(unsigned machine, const std::string& device = Card().device) const {
        return {.backend = "dgram,local.type=unix,local.path=" + path(machine) + ",remote.type=unix,remote.path=" + path(1 - machine),
                .device = device + ",mac=52:54:00:00:00:0" + std::to_string(machine + 1)};
    }

private:
    std::string path(unsigned machine) const { return folder_.path() + "/" + std::to_string(machine); }

    TemporaryFolder folder_;
};

}  // namespace eft::qemu
