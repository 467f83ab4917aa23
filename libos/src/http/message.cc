#include <eft/http/message.h>

namespace eft::http {

Message::Message(http_parser_type type) {
    http_parser_init(&parser_, type);
    parser_.data = this;
}

std::size_t Message::execute(const Callbacks& callbacks, std::string_view bytes) {
    http_parser_settings settings{};
    settings.on_url = settings.on_status = callbacks.first;
    settings.on_header_field = callbacks.field;
    settings.on_header_value = callbacks.value;
    settings.on_headers_complete = callbacks.head;
    settings.on_body = callbacks.body;
    settings.on_message_complete = callbacks.complete;
    return http_parser_execute(&parser_, &settings, bytes.data(), bytes.size());
}

void Message::complete() {
    is_complete_ = true;
    http_parser_pause(&parser_, 1);
}

}  // namespace eft::http
