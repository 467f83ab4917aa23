// What requests and responses have in common: http-parser, which calls the message whose bytes it takes apart.
#pragma once

#include <http_parser.h>

#include <cstddef>
#include <string_view>

namespace eft::http {

constexpr char lower(char character) { return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character; }

class Message {
public:
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    bool is_complete() const { return is_complete_; }

protected:
    // `first`: a request's target, or the reason behind a response's status.
    struct Callbacks {
        http_data_cb first, field, value;
        http_cb head;
        http_data_cb body;
        http_cb complete;
    };

    explicit Message(http_parser_type type);
    ~Message() = default;

    template <class Kind>
    static Kind& of(http_parser* parser) {
        return static_cast<Kind&>(*static_cast<Message*>(parser->data));
    }
    // Answers how many of the bytes it took.
    std::size_t execute(const Callbacks& callbacks, std::string_view bytes);
    http_errno error() const { return HTTP_PARSER_ERRNO(&parser_); }
    // What comes behind is not its own.
    void complete();

    http_parser parser_;
    bool has_head_ = false, is_complete_ = false;
};

}  // namespace eft::http
