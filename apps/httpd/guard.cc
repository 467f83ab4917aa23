#include "httpd/guard.h"

#include <eft/process.h>
#include <eft/sha256.h>
#include <eft/socket/address.h>
#include <eft/syscall.h>

#include <array>

namespace eft::httpd {
namespace {

// Takes as long whatever is wrong.
bool is_same(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < one.size(); ++i) difference |= static_cast<u8>(one[i]) ^ static_cast<u8>(other[i]);
    return difference == 0;
}

}  // namespace

bool is_own_host(std::string_view host) {
    if (socket::parse_endpoint(host).ok() || socket::parse_address(host).ok()) return true;
    if (host.starts_with('[') && host.ends_with(']')) return socket::parse_address(host.substr(1, host.size() - 2)).ok();
    const auto colon = host.find(':');
    return host.substr(0, colon) == "localhost" && (colon == host.npos || socket::parse_port(host.substr(colon + 1)).ok());
}

std::string_view objection(const http::Request& request, std::string_view token) {
    const auto host = request.field("host"), origin = request.field("origin"), site = request.field("sec-fetch-site");
    if (!host || !is_own_host(*host)) return "the request is for another host";
    if (origin && *origin != "http://" + std::string(*host)) return "the request comes from another page";
    if (site && *site != "same-origin") return "the request comes from another page";
    if (!is_same(request.field(kTokenField).value_or(""), token)) return "the token is not the page's";
    return {};
}

std::string make_token() {
    constexpr std::size_t kBytes = 32;
    Sha256 sum;
    const auto add = [&](u64 number) { sum.update(std::as_bytes(std::span(&number, 1))); };
    add(config().boot_time);
    add(incarnation().number);
    // Each round ends at another time, as the caches and the other processes have it.
    for (unsigned round = 0; round < 64; ++round) {
        const u64 before = sys::time_stamp();
        sys::yield();
        add(before);
        add(sys::time_stamp());
    }
    const std::array<char, 2 * kBytes> digits = hex_digits(sum.finish());
    return {digits.data(), digits.size()};
}

}  // namespace eft::httpd
