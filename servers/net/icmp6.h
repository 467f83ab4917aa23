// What lwIP is not to see of ICMPv6, because it would believe it.
#pragma once

#include <eft/abi/types.h>

struct pbuf;

namespace eft::net {

// Of the packet that lwIP takes in, whose IPv6 header and its extensions have so many bytes. Its sum may be wrong.
bool is_believable(const pbuf& packet, u16 head_bytes);

}  // namespace eft::net
