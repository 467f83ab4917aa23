// Paths that requests name, types of files, and ranges of their bytes.
#include <httpd/target.h>

#include <doctest/doctest.h>

#include <string>

using namespace eft;
using namespace eft::httpd;

namespace {

std::string path(std::string_view target) {
    const Result<std::string> path = path_of(target);
    return path.ok() ? *path : "-";
}

// "2-5 of 10", "all", "none".
std::string range(std::string_view field, u64 size) {
    const auto range = parse_range(field, size);
    if (!range.ok()) return "none";
    if (!*range) return "all";
    return std::to_string((*range)->begin) + "-" + std::to_string((*range)->end);
}

}  // namespace

TEST_CASE("a target names a path, and none leads up") {
    CHECK(path("/") == "/");
    CHECK(path("/a/b.txt?x=/../") == "/a/b.txt");
    CHECK(path("/two%20words/%C3%A9") == "/two words/\xc3\xa9");
    CHECK(path("http://10.0.2.15:80/a") == "/a");
    CHECK(path("http://10.0.2.15") == "/");
    CHECK(path("/...") == "/...");
    CHECK(path("/.hidden/..x") == "/.hidden/..x");
    for (const char* bad : {"", "a", "*", "x:80", "/..", "/../a", "/a/..", "/a/../b", "/%2e%2e/a", "/%2E./a", "/a/%2e", "/.", "/a/./b", "/%", "/%4", "/%4g", "/a%00b"})
        CHECK(path(bad) == "-");
}

TEST_CASE("a link leads to the name that it was made of") {
    std::string name = "/";
    for (int byte = 1; byte < 256; ++byte) name.push_back(static_cast<char>(byte));
    CHECK(path(target_of(name)) == name);
    CHECK(target_of("/two words?") == "/two%20words%3f");
    CHECK(html_text("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;");
}

TEST_CASE("the suffix says what a file is") {
    CHECK(content_type("/a/b.html") == "text/html; charset=utf-8");
    CHECK(content_type("page/page.js") == "text/javascript; charset=utf-8");
    CHECK(content_type("/big.bin.sha256") == "text/plain; charset=utf-8");
    CHECK(content_type("/big.bin") == "application/octet-stream");
    CHECK(content_type("/html") == "application/octet-stream");
}

TEST_CASE("ranges") {
    CHECK(range("bytes=0-3", 10) == "0-4");
    CHECK(range("bytes=4-", 10) == "4-10");
    CHECK(range("bytes=-3", 10) == "7-10");
    CHECK(range("bytes=-30", 10) == "0-10");
    CHECK(range("bytes=5-99999999999999999", 10) == "5-10");
    CHECK(range("bytes=9-9", 10) == "9-10");
    CHECK(range("bytes=10-", 10) == "none");
    CHECK(range("bytes=0-", 0) == "none");
    CHECK(range("bytes=-0", 10) == "none");
    for (const char* ignored : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=0x1-2", "bytes=+1-2", "bytes=99999999999999999999-"})
        CHECK(range(ignored, 10) == "all");
}
