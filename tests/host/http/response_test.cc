// Answers in each form that has an end, in pieces of any size, and what is no answer.
#include <eft/http/response.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using namespace eft;
using namespace eft::http;

namespace {

struct Read {
    bool good = false, complete = false;
    unsigned status = 0;
    std::string body, location, words;
};

// In pieces of at most `piece` bytes, and then the end of the connection.
Read read(std::string_view text, std::size_t piece) {
    Response response;
    Read read;
    Status status;
    while (status.ok() && !text.empty()) {
        const std::string_view now = text.substr(0, piece);
        text.remove_prefix(now.size());
        status = response.take(std::as_bytes(std::span(now)), read.body);
    }
    if (status.ok()) status = response.end();
    read.good = status.ok();
    read.complete = response.is_complete();
    read.words = response.words();
    if (response.has_head()) read.status = response.status();
    if (response.has_head() && response.is_redirect()) read.location = response.location();
    return read;
}

void is_read(std::string_view text, unsigned status, std::string_view body) {
    for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) {
        const Read got = read(text, piece);
        REQUIRE(got.good);
        REQUIRE(got.complete);
        REQUIRE(got.status == status);
        REQUIRE(got.body == body);
    }
}

void is_bad(std::string_view text, std::string_view words) {
    for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) {
        const Read got = read(text, piece);
        REQUIRE(!got.good);
        REQUIRE(got.words == words);
    }
}

}  // namespace

TEST_CASE("the end is where the length, the last chunk, or the connection says") {
    is_read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello");
    is_read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello, and what does not belong to it", 200, "hello");
    is_read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "");
    is_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, network!\r\n0\r\n\r\n", 200, "hello, network!");
    is_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nLocation: nowhere\r\n\r\n", 200, "x");
    is_read("HTTP/1.1 200 OK\r\n\r\nall that comes", 200, "all that comes");
    is_read("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", 200, "");
    is_read("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
    is_read("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n", 404, "no\n");
    is_read("HTTP/1.1 100 Continue\r\nLocation: nowhere\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok");
}

TEST_CASE("a redirect says where to") {
    for (const char* status : {"301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"}) {
        const std::string text = std::string("HTTP/1.1 ") + status + "\r\nlOCATION: /there?x\r\nLocation: /not/there\r\nContent-Length: 0\r\n\r\n";
        for (std::size_t piece = 1; piece < text.size(); ++piece) {
            const Read got = read(text, piece);
            REQUIRE(got.good);
            REQUIRE(got.location == "/there?x");
            REQUIRE(got.words == status);
        }
    }
    CHECK(read("HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n", 9).location.empty());
    CHECK(read("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 9).location.empty());
    const std::string long_one = "HTTP/1.1 302 Found\r\nLocation: /" + std::string(5000, 'x') + "\r\nContent-Length: 0\r\n\r\n";
    CHECK(!read(long_one, 1).good);
    CHECK(!read(long_one, long_one.size()).good);
}

TEST_CASE("what is no answer, or only the beginning of one") {
    is_bad("", "it ends before an answer");
    is_bad("HTTP/1.1 100 Continue\r\n\r\n", "it ends before an answer");
    is_bad("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "stream ended at an unexpected time");
    is_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "stream ended at an unexpected time");
    is_bad("HTTP/1.1 200 OK\r\nContent-Le", "stream ended at an unexpected time");
    is_bad("SSH-2.0-OpenSSH_9.2\r\n", "invalid constant string");
    is_bad("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", "invalid character in content-length header");
    is_bad("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello", "invalid character in content-length header");
    is_bad("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "unexpected content-length header");
    is_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "invalid character in chunk size header");
    CHECK(!read("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n", 4096).good);
}

TEST_CASE("any bytes are an answer or none") {
    const std::string_view texts[] = {
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    };
    std::mt19937 random(4);
    unsigned good = 0;
    for (unsigned i = 0; i < 50'000; ++i) {
        std::string text(texts[i % 2]);
        for (unsigned changes = random() % 3; changes > 0; --changes) text[random() % text.size()] = static_cast<char>(random());
        const Read got = read(text, 1 + random() % 20);
        REQUIRE(got.body.size() <= text.size());
        REQUIRE(got.good == got.complete);
        good += got.good;
    }
    CHECK(good > 10'000);
}
