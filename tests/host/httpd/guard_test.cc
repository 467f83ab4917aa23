// Who may order something: the page, and nobody who only makes the browser send a request.
#include <httpd/guard.h>

#include <doctest/doctest.h>

#include <string>

using namespace eft;
using namespace eft::httpd;

namespace {

constexpr std::string_view kToken = "0123456789abcdef";

std::string_view objection_to(const std::string& fields) {
    const std::string text = "POST /kill/net HTTP/1.1\r\n" + fields + "\r\n";
    http::Request request;
    request.take(text);
    REQUIRE(request.is_complete());
    return objection(request, kToken);
}

const std::string kHost = "Host: 127.0.0.1:8080\r\n", kOrigin = "Origin: http://127.0.0.1:8080\r\n", kSite = "Sec-Fetch-Site: same-origin\r\n",
                  kGood = "X-Eft-Token: 0123456789abcdef\r\n";

}  // namespace

TEST_CASE("names that lead here and nowhere else") {
    for (const char* own : {"127.0.0.1", "127.0.0.1:8080", "10.0.2.15:80", "[::1]", "[::1]:8080", "[fec0::5054:ff:fe12:3456]:80", "localhost", "localhost:8080"})
        CHECK(is_own_host(own));
    for (const char* other : {"", "example.org", "example.org:80", "localhost.example.org", "localhost:", "localhost:x", "127.0.0.1.example.org", "[::1", "[]", "127.0.0.1:0"})
        CHECK(!is_own_host(other));
}

TEST_CASE("the page may, and so may a program that has the token") {
    CHECK(objection_to(kHost + kOrigin + kSite + kGood).empty());
    CHECK(objection_to(kHost + kGood).empty());
}

TEST_CASE("other pages may not") {
    CHECK(objection_to(kHost + kOrigin + kSite) == "the token is not the page's");
    CHECK(objection_to(kHost + kOrigin + kSite + "X-Eft-Token: 0123456789abcdee\r\n") == "the token is not the page's");
    CHECK(objection_to(kHost + kOrigin + kSite + "X-Eft-Token: 0123\r\n") == "the token is not the page's");
    CHECK(objection_to(kHost + kOrigin + kSite + kGood + kGood) == "the token is not the page's");
    CHECK(objection_to(kHost + "Origin: http://example.org\r\n" + kGood) == "the request comes from another page");
    CHECK(objection_to(kHost + "Origin: null\r\n" + kGood) == "the request comes from another page");
    CHECK(objection_to(kHost + "Origin: http://127.0.0.1:8081\r\n" + kGood) == "the request comes from another page");
    CHECK(objection_to(kHost + kOrigin + "Sec-Fetch-Site: cross-site\r\n" + kGood) == "the request comes from another page");
    CHECK(objection_to("Host: example.org\r\nOrigin: http://example.org\r\n" + kGood) == "the request is for another host");
}
