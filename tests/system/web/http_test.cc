// The HTTP server as those see it who talk to it from outside: files, hostile and slow clients, the stream of events, orders.
#include "web_system.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <list>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

// Of a stream of events: the data of the next one of this kind.
json next_event(HttpConnection& events, const std::string& kind, Duration timeout = 10s) {
    events.read_until("event: " + kind + "\ndata: ", timeout);
    return json::parse(events.read_until("\n", timeout));
}

// Of those that come within the time, the first that is good.
template <class Good>
bool any_event(HttpConnection& events, const std::string& kind, Good good) {
    for (const Deadline deadline = after(10s); until(deadline).count() > 0;)
        if (good(next_event(events, kind, until(deadline)))) return true;
    return false;
}

void check_files(WebSystem& web) {
    HttpConnection connection(web.port());
    CHECK(connection.get("/").body.find("<title>Eft, live</title>") != std::string::npos);
    for (const char* path : {"/big.bin", "/files/big.bin"}) {
        const HttpAnswer big = connection.get(path);
        CHECK(big.status == 200);
        CHECK(big.fields.at("content-type") == "application/octet-stream");
        CHECK(big.body == web.big());
    }
    const HttpAnswer head = connection.ask("HEAD", "/big.bin");
    CHECK(head.fields.at("content-length") == std::to_string(WebSystem::kBigBytes));
    const HttpAnswer part = connection.get("/big.bin", "Range: bytes=5000-5009\r\n");
    CHECK(part.status == 206);
    CHECK(part.fields.at("content-range") == "bytes 5000-5009/" + std::to_string(WebSystem::kBigBytes));
    CHECK(part.body == web.big().substr(5000, 10));
    CHECK(connection.get("/big.bin", "Range: bytes=99999999-\r\n").status == 416);
    CHECK(connection.get("/empty.txt").body.empty());
    CHECK(connection.get("/notes/two%20words%20%26%20%3Cmore%3E.txt?x").body == "found\n");
    // The page's own names hide those of the disk, which are there all the same.
    CHECK(connection.get("/page/page.css").body.find("of the disk") == std::string::npos);
    CHECK(connection.get("/files/page/page.css").body == "of the disk\n");
    CHECK(connection.get("/script.html").fields.at("content-security-policy").starts_with("sandbox"));

    CHECK(connection.get("/notes").fields.at("location") == "notes/");
    const std::string list = connection.get("/notes/").body;
    CHECK(list.find("<a href=\"./two%20words%20%26%20%3cmore%3e.txt\">two words &amp; &lt;more&gt;.txt</a>") != std::string::npos);
    CHECK(connection.get("/files").fields.at("location") == "files/");
    CHECK(connection.get("/files/").body.find("big.bin") != std::string::npos);

    CHECK(connection.get("/nothing").status == 404);
    CHECK(connection.get("/page/nothing").status == 404);
    CHECK(connection.get("/notes/../big.bin").status == 400);
    CHECK(connection.get("/%2e%2e/big.bin").status == 400);
    CHECK(connection.ask("POST", "/big.bin", {}, "text").status == 405);
    CHECK(connection.ask("DELETE", "/big.bin").status == 405);
    CHECK(connection.ask("OPTIONS", "/kill/echo").status == 405);
}

void check_refusals(WebSystem& web) {
    const std::pair<std::string, unsigned> cases[] = {
        {"hello\r\n\r\n", 400},
        {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
        {"GET /" + std::string(3000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n", 431},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413},
    };
    for (const auto& [text, status] : cases) {
        HttpConnection connection(web.port());
        connection.send(text);
        const auto answer = connection.receive(10s);
        REQUIRE(answer);
        CHECK(answer->status == status);
        CHECK(connection.ends(5s));
    }
    // Several requests in one piece are answered one after another; HTTP/1.0 ends the connection.
    HttpConnection connection(web.port());
    connection.send("GET /empty.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.0\r\n\r\n");
    CHECK(connection.receive(10s)->status == 200);
    CHECK(connection.receive(10s)->status == 404);
    CHECK(connection.receive(10s, false)->status == 200);
    CHECK(connection.ends(5s));
}

// Clients that say nothing, half of a request, or take nothing of what they have asked for, more than there are places.
void check_slow_clients(WebSystem& web) {
    std::list<HttpConnection> slow;
    for (unsigned i = 0; i < 60; ++i) {
        slow.emplace_back(web.port());
        if (i % 2 == 0) slow.back().send("GET /big.bin HTTP/1.1\r\nHo");
    }
    for (unsigned i = 0; i < 5; ++i) CHECK(web.get("/empty.txt").status == 200);
    slow.clear();

    // All places are taken by answers: the next ones are told to come again, until those who take nothing have been ended.
    for (unsigned i = 0; i < 32; ++i) {
        slow.emplace_back(web.port());
        slow.back().send("GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    unsigned status = 503;
    for (const Deadline deadline = after(30s); status == 503 && until(deadline).count() > 0; std::this_thread::sleep_for(200ms)) status = web.get("/empty.txt").status;
    CHECK(status == 200);
}

void check_many(WebSystem& web) {
    for (unsigned i = 0; i < 200; ++i) REQUIRE(web.get("/empty.txt").status == 200);
    std::list<HttpConnection> many;
    for (unsigned i = 0; i < 24; ++i) {
        many.emplace_back(web.port());
        many.back().send("GET /page/page.js HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (HttpConnection& each : many) CHECK(each.receive(20s)->status == 200);
}

void check_events_and_orders(WebSystem& web) {
    HttpConnection events(web.port());
    events.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(events.receive(10s, false)->fields.at("content-type") == "text/event-stream");
    const json hello = next_event(events, "hello");
    CHECK(hello.at("may_kill") == true);
    CHECK(next_event(events, "services").size() > 10);
    const json links = next_event(events, "links");
    CHECK(std::find(links.begin(), links.end(), json{"httpd", "net"}) != links.end());
    CHECK(next_event(events, "log").get<std::string>().find("rs: httpd: up") != std::string::npos);

    const std::string token = "X-Eft-Token: " + hello.at("token").get<std::string>() + "\r\n";
    HttpConnection orders(web.port());
    CHECK(orders.ask("POST", "/kill/counter").status == 403);
    CHECK(orders.ask("POST", "/kill/counter", token + "Origin: http://example.org\r\n").status == 403);
    CHECK(orders.ask("GET", "/kill/counter", token).status == 405);
    CHECK(orders.ask("POST", "/kill/nobody", token).status == 404);
    CHECK(orders.ask("POST", "/kill/" + std::string(100, 'x'), token).status == 404);
    CHECK(orders.ask("POST", "/kill/mem", token).status == 204);  // it comes back, as all do
    CHECK(web.system().services().at("counter").restarts == 0);

    // The stream goes on over the deaths of what it goes through.
    for (const std::string name : {"counter", "virtio_net", "net", "log", "ext2"}) {
        CHECK(orders.ask("POST", "/kill/" + name, token).status == 204);
        CHECK(any_event(events, "change", [&](const json& change) { return change.at("name") == name && change.at("state") == "up" && change.at("incarnation") == 2; }));
        CHECK(any_event(events, "load", [](const json&) { return true; }));
    }
    CHECK(orders.ask("POST", "/kill/httpd", token).status == 202);
    CHECK(events.ends(5s));
    CHECK(web.answers_within(2s));
}

}  // namespace

TEST_CASE("the HTTP server serves files, bears with its clients, tells what happens, and takes orders from its page only") {
    WebSystem web;
    check_files(web);
    check_refusals(web);
    check_many(web);
    check_slow_clients(web);
    CHECK(web.system().services().at("httpd").incarnation == 1);
    check_events_and_orders(web);
    web.system().shut_down();
}
