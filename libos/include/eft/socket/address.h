// Addresses as people write them: IPv4 as a.b.c.d, IPv6 by RFC 4291 (2.2) and printed by RFC 5952, with a port as
// 192.0.2.1:80 and [2001:db8::1]:80.
//
// There is one form of each address inside Eft (socket::Address): that of IPv6, where IPv4's a.b.c.d is ::ffff:a.b.c.d, and is
// printed as a.b.c.d. Zones (fe80::1%eth0) are not known.
#pragma once

#include <eft/abi/result.h>
#include <eft/idl/socket.h>
#include <eft/text.h>

#include <array>
#include <bit>
#include <string_view>

namespace eft::socket {

// In the order of the network.
using AddressBytes = std::array<u8, 16>;
constexpr AddressBytes bytes_of(const Address& address) {
    AddressBytes bytes{};
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<u8>(address.high >> 8 * i);
        bytes[8 + i] = static_cast<u8>(address.low >> 8 * i);
    }
    return bytes;
}
constexpr Address address_of(const AddressBytes& bytes) {
    Address address;
    for (unsigned i = 0; i < 8; ++i) {
        address.high |= u64{bytes[i]} << 8 * i;
        address.low |= u64{bytes[8 + i]} << 8 * i;
    }
    return address;
}

constexpr Address ipv4(u8 a, u8 b, u8 c, u8 d) { return address_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}); }
constexpr bool is_ipv4(const Address& address) { return address.high == 0 && static_cast<u32>(address.low) == 0xffff'0000; }
constexpr bool same(const Address& one, const Address& other) { return one.high == other.high && one.low == other.low; }
// Any address, of either kind: nobody's own.
constexpr bool is_any(const Address& address) { return same(address, {}) || same(address, ipv4(0, 0, 0, 0)); }

// The whole text is one address. InvalidArgument: it is none.
Result<Address> parse_address(std::string_view text);
// With a port, which must be there.
Result<Endpoint> parse_endpoint(std::string_view text);
// 1 to 65535, in decimal. InvalidArgument: it is none.
Result<u16> parse_port(std::string_view text);

using AddressText = FixedText<39>;
using EndpointText = FixedText<39 + 8>;
AddressText to_text(const Address& address);
EndpointText to_text(const Endpoint& endpoint);

// What an error of a socket means, in words: those of the interface (Failure), and all others.
std::string_view error_text(Error error);

}  // namespace eft::socket
