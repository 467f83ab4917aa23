#include "net/fixed_address.h"

#include <eft/socket/address.h>
#include <eft/text.h>

#include <bit>

namespace eft::net {
namespace {

// Up to the separator, which is taken away with it.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return part;
}

Result<u32> parse_ipv4(std::string_view text) {
    EFT_TRY(const socket::Address address, socket::parse_address(text));
    if (!socket::is_ipv4(address) || socket::is_any(address)) return Error::InvalidArgument;
    return static_cast<u32>(address.low >> 32);
}

// Of 1 to 31 bits.
Result<u32> parse_mask(std::string_view text) {
    const auto bits = parse_u32(text);
    if (!bits.ok() || *bits == 0 || *bits > 31) return Error::InvalidArgument;
    return std::byteswap(~u32{0} << (32 - *bits));
}

Result<FixedAddress> parse(std::string_view text) {
    FixedAddress fixed;
    const bool has_gateway = text.find(',') != std::string_view::npos;
    std::string_view own = next_part(text, ',');
    const bool has_name_server = text.find(',') != std::string_view::npos;
    const std::string_view gateway = next_part(text, ',');
    EFT_TRY(fixed.address, parse_ipv4(next_part(own, '/')));
    EFT_TRY(fixed.mask, parse_mask(own));
    if (has_gateway) {
        EFT_TRY(fixed.gateway, parse_ipv4(gateway));
        if ((fixed.gateway ^ fixed.address) & fixed.mask) return Error::InvalidArgument;  // nobody there could be reached
    }
    if (has_name_server) {
        EFT_TRY(fixed.name_server, parse_ipv4(text));
    }
    return fixed;
}

}  // namespace

Result<std::optional<FixedAddress>> fixed_address(std::string_view arguments, std::string_view card) {
    for (std::string_view word = next_word(arguments); !word.empty(); word = next_word(arguments)) {
        if (next_part(word, '=') != card) continue;
        EFT_TRY(const FixedAddress fixed, parse(word));
        return std::optional(fixed);
    }
    return std::optional<FixedAddress>();
}

}  // namespace eft::net
