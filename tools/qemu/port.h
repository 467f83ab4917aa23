// TCP ports of this machine's loopback.
#pragma once

#include "child.h"

#include <cstdint>
#include <string>

namespace eft::qemu {

// One that nobody listens on now, and that the kernel gives to nobody else soon.
std::uint16_t free_loopback_port();

// On a free port.
File listen_on_loopback();
std::uint16_t port_of(const File& socket);

// Throws if nobody listens there.
File connect_to(unsigned port);
void end_writing(File& stream);
// What comes up to the end.
std::string read_to_end(File& stream, Duration timeout);

}  // namespace eft::qemu
