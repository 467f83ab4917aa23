// URLs, and what references mean behind them.
#include <eft/http/url.h>

#include <doctest/doctest.h>

#include <random>
#include <utility>

using namespace eft;
using namespace eft::http;

namespace {

std::string canonical(std::string_view text) {
    const Result<Url> url = parse_url(text);
    return url.ok() ? url->text() : to_string(url.error());
}
std::string followed(std::string_view base, std::string_view reference) {
    const Result<Url> url = follow(*parse_url(base), reference);
    return url.ok() ? url->text() : to_string(url.error());
}

}  // namespace

TEST_CASE("what a URL says") {
    const Result<Url> url = parse_url("http://10.0.2.2:8080/a/b?c=d&e#f");
    REQUIRE(url.ok());
    CHECK(url->host == "10.0.2.2");
    CHECK(url->port == 8080);
    CHECK(url->target == "/a/b?c=d&e");
    CHECK(url->authority() == "10.0.2.2:8080");
    CHECK(parse_url("http://[2001:db8::1]:81/")->host == "2001:db8::1");
    const std::pair<const char*, const char*> forms[] = {
        {"http://example.org", "http://example.org/"},
        {"HTTP://example.org:80/", "http://example.org/"},
        {"http://example.org?q", "http://example.org/?q"},
        {"http://[::1]", "http://[::1]/"},
        {"http://[::1]:8000/x", "http://[::1]:8000/x"},
    };
    for (const auto& [text, printed] : forms) CHECK(canonical(text) == printed);
}

TEST_CASE("what is no URL of HTTP") {
    for (const char* text : {"", "/", "example.org", "example.org:80", "http:", "http:/", "http://", "http:///x", "http://:80/", "http://a:b/", "http://a:65536/", "http://a:0/",
                             "http://a b/", "http://a/b c", "http://a/\r\nHost: b", "http://a\x7f/", "http://\xc3\xa9/", "http://[::1", "http://::1/", "http://a/\t"})
        CHECK_MESSAGE(parse_url(text).error() == Error::InvalidArgument, text);
    for (const char* text : {"https://example.org/", "ftp://example.org/", "http://user:secret@example.org/", "http://user@example.org/"})
        CHECK_MESSAGE(parse_url(text).error() == Error::NotSupported, text);
    CHECK(parse_url("http://a/" + std::string(Url::kMost, 'x')).error() == Error::InvalidArgument);
}

TEST_CASE("references are followed as RFC 3986 says, 5.4") {
    const std::pair<const char*, const char*> references[] = {
        {"g", "http://a/b/c/g"},       {"./g", "http://a/b/c/g"},     {"g/", "http://a/b/c/g/"},      {"/g", "http://a/g"},
        {"//g", "http://g/"},          {"?y", "http://a/b/c/d;p?y"},  {"g?y", "http://a/b/c/g?y"},    {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},     {";x", "http://a/b/c/;x"},     {"g;x?y#s", "http://a/b/c/g;x?y"}, {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},        {"./", "http://a/b/c/"},       {"..", "http://a/b/"},          {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},      {"../..", "http://a/"},        {"../../g", "http://a/g"},      {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},        {"/../g", "http://a/g"},       {"g.", "http://a/b/c/g."},      {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},    {"./g/.", "http://a/b/c/g/"},  {"g/../h", "http://a/b/c/h"},   {"http://x:1/y", "http://x:1/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    for (const auto& [reference, meant] : references) CHECK_MESSAGE(followed("http://a/b/c/d;p?q", reference) == meant, reference);
    CHECK(followed("http://a:81/x", "/y") == "http://a:81/y");
    CHECK(followed("http://[::1]:81/x", "y") == "http://[::1]:81/y");
    CHECK(follow(*parse_url("http://a/"), "https://a/").error() == Error::NotSupported);
    CHECK(follow(*parse_url("http://a/"), "g\r\nx: y").error() == Error::InvalidArgument);
}

TEST_CASE("any text is a URL or none, and a URL is read as it is printed") {
    constexpr std::string_view kCharacters = "ab.:/?#[]@%1 -_\n";
    std::mt19937 random(3);
    unsigned urls = 0;
    for (unsigned i = 0; i < 100'000; ++i) {
        std::string text = random() % 4 == 0 ? "" : "http://";
        for (unsigned left = random() % 12; left > 0; --left) text.push_back(kCharacters[random() % kCharacters.size()]);
        const Result<Url> url = parse_url(text);
        if (!url.ok()) continue;
        ++urls;
        REQUIRE_MESSAGE(canonical(url->text()) == url->text(), text);
        static_cast<void>(follow(*url, text.substr(random() % text.size())));
    }
    CHECK(urls > 1000);
}
