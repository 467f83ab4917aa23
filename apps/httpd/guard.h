// Who may order something: the page itself, and nothing else that runs in the same browser.
//
// A page of somebody else could send a POST here, and could have its own name lead here (DNS rebinding). So an order must name
// the token that only our page has been told, the request must be for an address or for localhost, which nobody can redefine,
// and where the browser says from which page it comes, that must be ours.
#pragma once

#include <eft/http/request.h>

#include <string>
#include <string_view>

namespace eft::httpd {

constexpr std::string_view kTokenField = "x-eft-token";

// A name in a field Host that leads here and nowhere else: an address, or localhost, with a port or without.
bool is_own_host(std::string_view host);
// Empty: it may. Else why not.
std::string_view objection(const http::Request& request, std::string_view token);

// One that nobody can guess from outside: it is made of when the machine has done what, to the time stamp. A new one for each
// incarnation.
std::string make_token();

}  // namespace eft::httpd
