// URLs of HTTP (RFC 3986, 9110): http://HOST[:PORT][/PATH][?QUERY], where HOST is a name, an IPv4 address or [an IPv6 address].
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <string>
#include <string_view>

namespace eft::http {

struct Url {
    static constexpr u16 kPort = 80;
    static constexpr std::size_t kMost = 4096;  // characters

    std::string host;  // without brackets
    u16 port = kPort;
    std::string target;  // path and query, as a request names them: at least "/"

    // The host as it stands in a URL and in the field Host, with a port that is not the usual one.
    std::string authority() const;
    std::string text() const { return "http://" + authority() + target; }
};

// What stands behind # is left out: it is for who shows the page. InvalidArgument: it is no such URL; NotSupported: it is one
// of another protocol, or has a password.
Result<Url> parse_url(std::string_view text);
// What a page at `base` means with a reference (RFC 3986, 5.2): a whole URL, //HOST…, /PATH, ?QUERY or a path from there.
Result<Url> follow(const Url& base, std::string_view reference);

}  // namespace eft::http
