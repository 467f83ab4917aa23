// What the page is told of the system, as JSON: facts that rs, proc, mem and net give to whoever may ask.
#pragma once

#include <eft/idl/mem.h>
#include <eft/idl/proc.h>
#include <eft/idl/rs.h>
#include <eft/idl/socket.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eft::httpd {

// Members of an object and elements of an array, one after another: the comma comes by itself.
class JsonText {
public:
    JsonText& open(char bracket);
    JsonText& close(char bracket);
    JsonText& name(std::string_view name);
    JsonText& value(std::string_view text);
    JsonText& value(const char* text) { return value(std::string_view(text)); }
    JsonText& value(u64 number);
    JsonText& value(bool truth);
    template <class T>
    JsonText& member(std::string_view of, const T& is) {
        return name(of).value(is);
    }
    const std::string& text() const { return text_; }

private:
    void separate();
    std::string text_;
};

void append(JsonText& json, const rs::ServiceLine& service);
void append(JsonText& json, const proc::ProcessLine& process);
void append(JsonText& json, const socket::Interface& interface);
std::string change_json(const rs::ChangedEvent& change);

// Who can call whom, by name; in order, each once.
using Links = std::vector<std::pair<std::string, std::string>>;
std::string links_json(const Links& links);

// One message of a stream of events, as HTML has them (9.2.6). The data has no line breaks; an id may be absent.
std::string event_text(std::string_view event, std::string_view data, std::string_view id = {});

}  // namespace eft::httpd
