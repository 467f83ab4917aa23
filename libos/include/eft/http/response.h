// The answer to one GET, taken apart as its bytes come, in pieces of any size (RFC 9112). Its end is where Content-Length, the
// last chunk, or the end of the connection says. Answers of the kind 1xx, which come before it, are passed over.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/http/message.h>

#include <span>
#include <string>
#include <string_view>

namespace eft::http {

class Response : public Message {
public:
    Response();

    // Appends what belongs to the body. BadFormat: this is no HTTP; words() says why.
    Status take(std::span<const std::byte> bytes, std::string& body);
    // The connection has ended. BadFormat: the answer has not.
    Status end();

    bool has_head() const { return has_head_; }
    // Once the head is there.
    unsigned status() const { return parser_.status_code; }
    bool is_redirect() const;
    const std::string& location() const { return location_; }
    // "404 Not Found", or why it is no HTTP.
    std::string words() const;

private:
    static constexpr std::size_t kMostLocation = 4096;

    static int on_reason(http_parser* parser, const char* at, size_t size);
    static int on_field(http_parser* parser, const char* at, size_t size);
    static int on_value(http_parser* parser, const char* at, size_t size);
    static int on_head(http_parser* parser);
    static int on_body(http_parser* parser, const char* at, size_t size);
    static int on_complete(http_parser* parser);
    static constexpr Callbacks kCallbacks{on_reason, on_field, on_value, on_head, on_body, on_complete};
    bool is_interim() const { return status() / 100 == 1; }
    Status parse(std::string_view bytes);

    std::string reason_, field_, location_;
    std::string* body_ = nullptr;  // during take()
    bool in_value_ = false;
};

}  // namespace eft::http
