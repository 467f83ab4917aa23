// Addresses that the manifest gives an interface, in the arguments of the service: words of the form
//
//   CARD=ADDRESS/PREFIX[,GATEWAY[,NAME SERVER]]          ethernet/0=192.0.2.10/24,192.0.2.1,192.0.2.53
//
// all of IPv4. IPv6 configures itself.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <optional>
#include <string_view>

namespace eft::net {

// In the order of the network; 0: there is none.
struct FixedAddress {
    u32 address = 0, mask = 0, gateway = 0, name_server = 0;
};

// Of one card; nothing: no word is about it. InvalidArgument: the word cannot be right.
Result<std::optional<FixedAddress>> fixed_address(std::string_view arguments, std::string_view card);

}  // namespace eft::net
