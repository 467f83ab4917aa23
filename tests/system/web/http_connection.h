// One connection to an HTTP server on a port of the loopback: for tests of it, and for what is driven over HTTP.
#pragma once

#include <child.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace eft::qemu {

struct HttpAnswer {
    unsigned status = 0;
    std::map<std::string, std::string> fields;  // by their names in small letters
    std::string body;
};

class HttpConnection {
public:
    // Throws if nobody listens.
    explicit HttpConnection(std::uint16_t port);

    void send(std::string_view bytes);
    // The next answer. Nothing: the server has ended the connection before it. Throws if there is neither in time, or what comes
    // is no HTTP.
    std::optional<HttpAnswer> receive(Duration timeout, bool has_body = true);
    // Sends a request and receives its answer; throws if there is none.
    HttpAnswer ask(const std::string& method, const std::string& target, const std::string& fields = {}, const std::string& body = {});
    HttpAnswer get(const std::string& target, const std::string& fields = {}) { return ask("GET", target, fields); }
    // Up to and with this text, of a body that has no end.
    std::string read_until(std::string_view text, Duration timeout);
    // Within this time the server ends the connection.
    bool ends(Duration timeout);

    std::uint16_t port() const { return port_; }

private:
    // False: the stream has ended.
    bool read_some(Deadline deadline);

    std::uint16_t port_;
    File file_;
    std::string unread_;
};

}  // namespace eft::qemu
