// One request, taken apart as its bytes come, in pieces of any size (RFC 9112). Whoever sends more than the limits allow, or
// what is no HTTP, is refused with the status that says so. A body is read and thrown away: nothing that is asked has one.
#pragma once

#include <eft/abi/types.h>
#include <eft/http/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eft::http {

class Request : public Message {
public:
    static constexpr std::size_t kMostHead = 8192, kMostTarget = 2048, kMostBody = 4096;

    Request();

    // Answers how many of the bytes belong to it: all, unless it is complete or refused then.
    std::size_t take(std::string_view bytes);

    // 0: it is good so far. Else 400, 413, 414, 431 or 505, and nothing can be read behind it.
    unsigned refusal() const { return refusal_; }

    // Once it is complete.
    std::string_view method() const { return http_method_str(static_cast<http_method>(parser_.method)); }
    const std::string& target() const { return target_; }
    // The value of the field, whose name is written in small letters. None: it is not there, or more than once.
    std::optional<std::string_view> field(std::string_view name) const;
    bool keeps_connection() const { return keeps_connection_; }

private:
    enum class At { Field, Value };

    static int on_target(http_parser* parser, const char* at, size_t size);
    static int on_field(http_parser* parser, const char* at, size_t size);
    static int on_value(http_parser* parser, const char* at, size_t size);
    static int on_head(http_parser* parser);
    static int on_body(http_parser* parser, const char* at, size_t size);
    static int on_complete(http_parser* parser);
    static constexpr Callbacks kCallbacks{on_target, on_field, on_value, on_head, on_body, on_complete};
    // Ends the parsing with this status.
    int refuse(unsigned status);
    unsigned count(std::string_view name) const;

    std::string target_;
    std::vector<std::pair<std::string, std::string>> fields_;
    At at_ = At::Value;
    std::size_t head_bytes_ = 0, body_bytes_ = 0;
    unsigned refusal_ = 0;
    bool keeps_connection_ = false;
};

// "Not Found"; empty: it is none of those that are answered here.
std::string_view status_words(unsigned status);

}  // namespace eft::http
