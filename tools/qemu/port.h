// TCP ports of this machine's loopback.
#pragma once

#include <cstdint>

namespace eft::qemu {

// One that nobody listens on now, and that the kernel gives to nobody else soon.
std::uint16_t free_loopback_port();

}  // namespace eft::qemu
