// The other end of a card's wire: whatever the guest sends is a datagram here, and so is what it receives. Nothing is lost
// on it: who is too fast waits.
#pragma once

#include <child.h>
#include <options.h>
#include <temporary.h>

#include <optional>
#include <string>
#include <string_view>

namespace eft::qemu {

class Wire {
public:
    Wire();

    // For MachineOptions. The machine is to be started while this is there.
    Card card() const;

    // False: QEMU does not take it now.
    bool send(std::string_view frame);
    // Nothing at the deadline.
    std::optional<std::string> receive(Deadline deadline);

private:
    std::string guest_path() const { return folder_.path() + "/guest"; }
    std::string own_path() const { return folder_.path() + "/peer"; }

    TemporaryFolder folder_;
    File socket_;
    bool is_connected_ = false;
};

}  // namespace eft::qemu
