#include <eft/socket/address.h>

#include <algorithm>

namespace eft::socket {
namespace {

constexpr unsigned kGroups = 8;
using Groups = std::array<u16, kGroups>;

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }

// Decimal without signs and, but for 0 itself, without a zero in front: 010 is 8 elsewhere. -1: it is none, or above `most`.
int decimal(std::string_view text, int most) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return -1;
    int number = 0;
    for (char digit : text) {
        if (!is_digit(digit)) return -1;
        number = number * 10 + (digit - '0');
    }
    return number <= most ? number : -1;
}

int hexadecimal(std::string_view text) {
    if (text.empty() || text.size() > 4) return -1;
    int number = 0;
    for (char digit : text) {
        int value = 0;
        if (is_digit(digit)) value = digit - '0';
        else if (digit >= 'a' && digit <= 'f') value = digit - 'a' + 10;
        else if (digit >= 'A' && digit <= 'F') value = digit - 'A' + 10;
        else return -1;
        number = number * 16 + value;
    }
    return number;
}

Result<std::array<u8, 4>> parse_ipv4(std::string_view text) {
    std::array<u8, 4> bytes{};
    for (unsigned i = 0; i < 4; ++i) {
        const std::size_t dot = i < 3 ? text.find('.') : text.size();
        if (dot == std::string_view::npos) return Error::InvalidArgument;
        const int number = decimal(text.substr(0, dot), 255);
        if (number < 0) return Error::InvalidArgument;
        bytes[i] = static_cast<u8>(number);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return bytes;
}

// Groups between colons, the last of which may be an IPv4 address in place of two: what stands on one side of "::", or
// everything. Answers how many groups there are.
Result<unsigned> parse_groups(std::string_view text, bool may_end_in_ipv4, Groups& groups) {
    unsigned count = 0;
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        const std::string_view word = text.substr(0, colon);
        const bool is_last = colon == std::string_view::npos;
        if (is_last && may_end_in_ipv4 && word.find('.') != std::string_view::npos) {
            EFT_TRY(const auto bytes, parse_ipv4(word));
            if (count + 2 > kGroups) return Error::InvalidArgument;
            groups[count++] = static_cast<u16>(bytes[0] << 8 | bytes[1]);
            groups[count++] = static_cast<u16>(bytes[2] << 8 | bytes[3]);
            return count;
        }
        const int number = hexadecimal(word);
        if (number < 0 || count == kGroups) return Error::InvalidArgument;
        groups[count++] = static_cast<u16>(number);
        if (is_last) return count;
        text.remove_prefix(colon + 1);
        if (text.empty()) return Error::InvalidArgument;  // a colon at the end
    }
    return count;
}

Address address_of_groups(const Groups& groups) {
    AddressBytes bytes{};
    for (unsigned i = 0; i < kGroups; ++i) {
        bytes[2 * i] = static_cast<u8>(groups[i] >> 8);
        bytes[2 * i + 1] = static_cast<u8>(groups[i]);
    }
    return address_of(bytes);
}

Result<Address> parse_ipv6(std::string_view text) {
    Groups groups{};
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        EFT_TRY(const unsigned count, parse_groups(text, true, groups));
        if (count != kGroups) return Error::InvalidArgument;
        return address_of_groups(groups);
    }
    Groups behind{};
    const std::string_view rest = text.substr(gap + 2);
    EFT_TRY(const unsigned before_count, parse_groups(text.substr(0, gap), false, groups));
    EFT_TRY(const unsigned behind_count, parse_groups(rest, true, behind));  // a second "::" is an empty group there
    if (before_count + behind_count >= kGroups) return Error::InvalidArgument;
    std::copy_n(behind.begin(), behind_count, groups.end() - behind_count);
    return address_of_groups(groups);
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    if (text.find(':') != std::string_view::npos) return parse_ipv6(text);
    EFT_TRY(const auto bytes, parse_ipv4(text));
    return ipv4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

Result<u16> parse_port(std::string_view text) {
    const int number = decimal(text, 65535);
    if (number < 1) return Error::InvalidArgument;
    return static_cast<u16>(number);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return Error::InvalidArgument;
    std::string_view host = text.substr(0, colon);
    const bool in_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (in_brackets) host = host.substr(1, host.size() - 2);
    if (in_brackets != (host.find(':') != std::string_view::npos)) return Error::InvalidArgument;
    Endpoint endpoint;
    EFT_TRY(endpoint.address, parse_address(host));
    EFT_TRY(endpoint.port, parse_port(text.substr(colon + 1)));
    return endpoint;
}

AddressText to_text(const Address& address) {
    const AddressBytes bytes = bytes_of(address);
    AddressText text;
    if (is_ipv4(address)) {
        for (unsigned i = 12; i < 16; ++i) text.append(i == 12 ? "" : ".").decimal(bytes[i]);
        return text;
    }
    const auto group = [&](unsigned i) { return static_cast<u16>(bytes[2 * i] << 8 | bytes[2 * i + 1]); };
    unsigned gap = kGroups, gap_groups = 1;  // RFC 5952: the longest run of zeros, the first of several, and never a single one
    for (unsigned begin = 0; begin < kGroups; ++begin) {
        unsigned end = begin;
        while (end < kGroups && group(end) == 0) ++end;
        if (end - begin > gap_groups) {
            gap = begin;
            gap_groups = end - begin;
        }
    }
    for (unsigned i = 0; i < kGroups; ++i) {
        if (i == gap) {
            text.append("::");
            i += gap_groups - 1;
            continue;
        }
        if (i != 0 && i != gap + gap_groups) text.append(":");
        text.hex(group(i));
    }
    return text;
}

EndpointText to_text(const Endpoint& endpoint) {
    EndpointText text;
    const bool brackets = !is_ipv4(endpoint.address);
    return text.append(brackets ? "[" : "").append(to_text(endpoint.address)).append(brackets ? "]:" : ":").decimal(endpoint.port);
}

std::string_view error_text(Error error) {
    const auto failure = static_cast<Failure>(error);
    if (!valid(failure)) return eft::to_string(error);
    switch (failure) {
        case Failure::ConnectionRefused: return "connection refused";
        case Failure::ConnectionReset: return "connection reset";
        case Failure::ConnectionTimedOut: return "connection timed out";
        case Failure::AddressInUse: return "address in use";
        case Failure::AddressNotAvailable: return "address not available";
        case Failure::Unreachable: return "unreachable";
        case Failure::NoSuchName: return "no such name";
        case Failure::NotConnected: return "not connected";
        case Failure::AlreadyConnected: return "already connected";
        case Failure::WrongKind: return "a socket of this kind cannot do that";
    }
    return eft::to_string(error);
}

}  // namespace eft::socket
