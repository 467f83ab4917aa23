// What the page is told, letter by letter.
#include <httpd/facts.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::httpd;

TEST_CASE("commas stand between members and elements, and nowhere else") {
    JsonText json;
    json.open('{').name("none").open('[').close(']').name("empty").open('{').close('}');
    json.name("some").open('[').value(u64{1}).value("two").open('[').value(true).close(']').open('{').close('}').close(']').member("last", false).close('}');
    CHECK(json.text() == R"({"none":[],"empty":{},"some":[1,"two",[true],{}],"last":false})");
}

TEST_CASE("a comma at the end of a text is no separator, and quotes are escaped") {
    JsonText json;
    json.open('[').value("[").value(":").value("{").value("a\"\n,").value(u64{2}).close(']');
    CHECK(json.text() == R"(["[",":","{","a\"\n,",2])");
}

TEST_CASE("a service, a process, a change, links") {
    JsonText json;
    rs::ServiceLine service;
    service.name = "net";
    service.kind = rs::ServiceKind::Server;
    service.state = rs::ServiceState::BackingOff;
    service.pid = 14;
    service.incarnation = 3;
    service.restarts = 2;
    service.last_recovery_us = 1500;
    proc::ProcessLine process;
    process.pid = 14;
    process.pages = 5;
    process.processor_us = 1234;
    process.answered = 56;
    json.open('[');
    append(json, service);
    append(json, process);
    json.close(']');
    CHECK(json.text() == R"([{"name":"net","kind":"server","state":"backing-off","pid":14,"incarnation":3,"restarts":2,"recovery_us":1500},{"pid":14,"kib":20,"processor_us":1234,"answered":56}])");
    rs::ChangedEvent change;
    change.name = "net";
    change.state = rs::ServiceState::Up;
    change.incarnation = 4;
    change.at_us = 7;
    change.reason = "an order";
    CHECK(change_json(change) == R"({"at_us":7,"name":"net","state":"up","incarnation":4,"reason":"an order","missed":0})");
    CHECK(links_json({}) == "[]");
    CHECK(links_json({{"a", "b"}, {"a", "c"}}) == R"([["a","b"],["a","c"]])");
}

TEST_CASE("a message of a stream of events") {
    CHECK(event_text("log", "\"x\"", "12") == "event: log\ndata: \"x\"\nid: 12\n\n");
    CHECK(event_text("services", "[]") == "event: services\ndata: []\n\n");
}
