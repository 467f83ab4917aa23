#include "httpd/facts.h"

#include <eft/json.h>
#include <eft/service_words.h>

namespace eft::httpd {

void JsonText::separate() {
    if (text_.empty()) return;
    const char last = text_.back();
    if (last != '{' && last != '[' && last != ':') text_.push_back(',');
}

JsonText& JsonText::open(char bracket) {
    separate();
    text_.push_back(bracket);
    return *this;
}
JsonText& JsonText::close(char bracket) {
    text_.push_back(bracket);
    return *this;
}
JsonText& JsonText::name(std::string_view name) {
    value(name);
    text_.push_back(':');
    return *this;
}
JsonText& JsonText::value(std::string_view text) {
    separate();
    append_json_string(text_, text);
    return *this;
}
JsonText& JsonText::value(u64 number) {
    separate();
    text_.append(std::to_string(number));
    return *this;
}
JsonText& JsonText::value(bool truth) {
    separate();
    text_.append(truth ? "true" : "false");
    return *this;
}

void append(JsonText& json, const rs::ServiceLine& service) {
    json.open('{').member("name", service.name).member("kind", rs::kind_text(service.kind));
    json.member("state", rs::state_text(service.state)).member("pid", u64{service.pid});
    json.member("incarnation", u64{service.incarnation}).member("restarts", u64{service.restarts});
    json.member("recovery_us", u64{service.last_recovery_us}).close('}');
}

void append(JsonText& json, const proc::ProcessLine& process) {
    constexpr u64 kKibInPage = 4;
    json.open('{').member("pid", u64{process.pid}).member("kib", process.pages * kKibInPage);
    json.member("processor_us", process.processor_us).member("answered", process.answered).close('}');
}

void append(JsonText& json, const socket::Interface& interface) {
    json.open('{').member("name", interface.name).member("link", interface.link);
    json.member("received_bytes", interface.received_bytes).member("received_frames", interface.received_frames);
    json.member("sent_bytes", interface.sent_bytes).member("sent_frames", interface.sent_frames).close('}');
}

std::string change_json(const rs::ChangedEvent& change) {
    JsonText json;
    json.open('{').member("at_us", change.at_us).member("name", change.name).member("state", rs::state_text(change.state));
    json.member("incarnation", u64{change.incarnation}).member("reason", change.reason).member("missed", change.missed).close('}');
    return json.text();
}

std::string links_json(const Links& links) {
    JsonText json;
    json.open('[');
    for (const auto& [from, to] : links) json.open('[').value(from).value(to).close(']');
    return json.close(']').text();
}

std::string event_text(std::string_view event, std::string_view data, std::string_view id) {
    std::string text("event: ");
    text.append(event).append("\ndata: ").append(data);
    if (!id.empty()) text.append("\nid: ").append(id);
    return text.append("\n\n");
}

}  // namespace eft::httpd
