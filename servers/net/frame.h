// A frame that has come, on its way into lwIP.
#pragma once

#include <cstddef>
#include <span>

struct netif;

namespace eft::net {

// It is copied, since who brings it can change it at any time. One that is too short to have a sender and a type, or for which there
// is no memory, is lost.
void take_frame(netif& interface, std::span<const std::byte> bytes);

}  // namespace eft::net
