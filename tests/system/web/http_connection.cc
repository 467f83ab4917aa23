#include "http_connection.h"

#include <port.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace eft::qemu {
namespace {

constexpr Duration kPatience = std::chrono::seconds(30);

HttpAnswer parse_head(const std::string& head) {
    HttpAnswer answer;
    std::istringstream lines(head);
    std::string line, version;
    std::getline(lines, line);
    if (!(std::istringstream(line) >> version >> answer.status) || !version.starts_with("HTTP/1.")) throw std::runtime_error("that is no HTTP: " + line);
    while (std::getline(lines, line) && line != "\r") {
        const auto colon = line.find(':');
        std::string name = line.substr(0, colon), value = line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char character) { return std::tolower(character); });
        if (value.ends_with('\r')) value.pop_back();
        answer.fields[name] = value;
    }
    return answer;
}

}  // namespace

HttpConnection::HttpConnection(std::uint16_t port) : port_(port), file_(connect_to(port)) {}

void HttpConnection::send(std::string_view bytes) { file_.write_all(bytes, after(kPatience)); }

bool HttpConnection::read_some(Deadline deadline) {
    bool at_end = false;
    if (!file_.read_some(unread_, deadline, at_end)) throw std::runtime_error("no answer in time; so far: " + unread_.substr(0, 200));
    return !at_end;
}

std::optional<HttpAnswer> HttpConnection::receive(Duration timeout, bool has_body) {
    constexpr std::string_view kHeadEnd = "\r\n\r\n";
    const Deadline deadline = after(timeout);
    std::size_t head = 0;
    while ((head = unread_.find(kHeadEnd)) == std::string::npos)
        if (!read_some(deadline)) return std::nullopt;
    head += kHeadEnd.size();
    HttpAnswer answer = parse_head(unread_.substr(0, head));
    unread_.erase(0, head);
    if (!has_body || !answer.fields.contains("content-length")) return answer;
    const std::size_t length = std::stoul(answer.fields["content-length"]);
    while (unread_.size() < length)
        if (!read_some(deadline)) throw std::runtime_error("the body ends after " + std::to_string(unread_.size()) + " bytes of " + std::to_string(length));
    answer.body = unread_.substr(0, length);
    unread_.erase(0, length);
    return answer;
}

HttpAnswer HttpConnection::ask(const std::string& method, const std::string& target, const std::string& fields, const std::string& body) {
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n" + fields;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(request + "\r\n" + body);
    const std::optional<HttpAnswer> answer = receive(kPatience, method != "HEAD");
    if (!answer) throw std::runtime_error("the server has ended the connection in place of an answer to " + target);
    return *answer;
}

std::string HttpConnection::read_until(std::string_view text, Duration timeout) {
    const Deadline deadline = after(timeout);
    std::size_t at = 0;
    while ((at = unread_.find(text)) == std::string::npos)
        if (!read_some(deadline)) throw std::runtime_error("the stream ends before " + std::string(text));
    const std::string read = unread_.substr(0, at + text.size());
    unread_.erase(0, read.size());
    return read;
}

bool HttpConnection::ends(Duration timeout) {
    const Deadline deadline = after(timeout);
    for (bool at_end = false; !at_end;)
        if (!file_.read_some(unread_, deadline, at_end)) return false;
    return true;
}

}  // namespace eft::qemu
