// Requests in each form that has an end, in pieces of any size; what is no request; what is more than anybody may send.
#include <eft/http/request.h>

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace eft;
using namespace eft::http;

namespace {

// In pieces of at most `piece` bytes; answers what is left behind it.
std::string_view give(Request& request, std::string_view text, std::size_t piece) {
    while (!text.empty() && !request.is_complete() && request.refusal() == 0) text.remove_prefix(request.take(text.substr(0, piece)));
    return text;
}

void is_request(std::string_view text, std::string_view method, std::string_view target, bool keeps, std::string_view rest = {}) {
    for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) {
        Request request;
        const std::string_view left = give(request, text, piece);
        REQUIRE(request.is_complete());
        REQUIRE(request.refusal() == 0);
        REQUIRE(request.method() == method);
        REQUIRE(request.target() == target);
        REQUIRE(request.keeps_connection() == keeps);
        REQUIRE(left == rest);
    }
}

void is_refused(std::string_view text, unsigned status) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
        Request request;
        give(request, text, piece);
        REQUIRE(!request.is_complete());
        REQUIRE(request.refusal() == status);
        REQUIRE(!status_words(status).empty());
    }
}

}  // namespace

TEST_CASE("a request ends behind its head or its body, and the next one begins there") {
    is_request("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/", true);
    is_request("HEAD /a%20b?c HTTP/1.1\r\nhOST: x\r\nConnection: close\r\n\r\n", "HEAD", "/a%20b?c", false);
    is_request("GET / HTTP/1.0\r\n\r\n", "GET", "/", false);
    is_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", true);
    is_request("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /next", "GET", "/", true, "GET /next");
    is_request("POST /k HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET", "POST", "/k", true, "GET");
    is_request("POST /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\nGET", "POST", "/k", true, "GET");
    is_request("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET", "/", true);
    is_request("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT", "x:80", true);
}

TEST_CASE("fields are found by their names in small letters, if they are there once") {
    const std::string_view text = "GET / HTTP/1.1\r\nHost: a:80\r\nX-Eft-Token:  one \r\nOrigin:\r\nRange: 1\r\nrange: 2\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        Request request;
        give(request, text, piece);
        REQUIRE(request.is_complete());
        REQUIRE(request.field("host") == "a:80");
        REQUIRE(request.field("x-eft-token")->substr(0, 3) == "one");
        REQUIRE(request.field("origin") == "");
        REQUIRE(!request.field("range"));
        REQUIRE(!request.field("accept"));
    }
}

TEST_CASE("what is no request") {
    is_refused("hello\r\n\r\n", 400);
    is_refused("GET /\r\n\r\n", 505);  // HTTP/0.9
    is_refused("GET / HTTP/1.1\r\n\r\n", 400);
    is_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    is_refused("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n", 400);
    is_refused("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    is_refused("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    is_refused("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400);
    is_refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    is_refused(std::string("\x16\x03\x01\x02\x00\x01\x00", 7), 400);  // TLS
}

TEST_CASE("what is more than anybody may send") {
    const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\n";
    is_refused("GET /" + std::string(Request::kMostTarget, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
    is_refused(begin + "X: " + std::string(Request::kMostHead, 'x') + "\r\n\r\n", 431);
    std::string many = begin;
    while (many.size() <= Request::kMostHead) many.append("a: b\r\n");
    is_refused(many + "\r\n", 431);
    is_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n", 413);
    is_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" + std::string(0x2000, 'x') + "\r\n", 413);
    // Just as much as is allowed.
    std::string whole = begin + "X: ";
    whole.append(std::string(Request::kMostHead - whole.size() - 4, 'x')).append("\r\n\r\n");
    Request request;
    CHECK(give(request, whole, 100).empty());
    CHECK(request.is_complete());
}

TEST_CASE("any bytes are a request, a refusal, or the beginning of one") {
    const std::string_view text = "POST /kill/net HTTP/1.1\r\nHost: 127.0.0.1:80\r\nX-Eft-Token: 12\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    std::mt19937 random(5);
    unsigned complete = 0, refused = 0;
    for (unsigned i = 0; i < 50'000; ++i) {
        std::string changed(text);
        for (unsigned changes = random() % 4; changes > 0; --changes) changed[random() % changed.size()] = static_cast<char>(random());
        Request request;
        give(request, changed, 1 + random() % 20);
        REQUIRE(!(request.is_complete() && request.refusal() != 0));
        complete += request.is_complete();
        refused += request.refusal() != 0;
    }
    CHECK(complete > 10'000);
    CHECK(refused > 5'000);
}
