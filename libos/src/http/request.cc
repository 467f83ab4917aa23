#include <eft/http/request.h>

#include <algorithm>

namespace eft::http {
namespace {

constexpr int kGoOn = 0, kStop = -1;  // 1 has a meaning of its own behind a head
constexpr unsigned kBadRequest = 400, kBodyTooLarge = 413, kTargetTooLong = 414, kHeadTooLarge = 431, kNotThisVersion = 505;

unsigned status_of(http_errno error) {
    if (error == HPE_INVALID_VERSION) return kNotThisVersion;
    return error == HPE_HEADER_OVERFLOW ? kHeadTooLarge : kBadRequest;
}

}  // namespace

Request::Request() : Message(HTTP_REQUEST) {}

// The head is given to the parser at most as far as it may go, so that a long one is found where it becomes too long.
std::size_t Request::take(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !is_complete_ && refusal_ == 0) {
        std::string_view now = bytes.substr(taken);
        if (!has_head_) now = now.substr(0, kMostHead - head_bytes_);
        const std::size_t parsed = execute(kCallbacks, now);
        taken += parsed;
        if (!has_head_) head_bytes_ += parsed;
        if (is_complete_ || refusal_ != 0) break;
        if (error() != HPE_OK) refusal_ = status_of(error());
        else if (!has_head_ && head_bytes_ == kMostHead) refusal_ = kHeadTooLarge;
    }
    return taken;
}

std::optional<std::string_view> Request::field(std::string_view name) const {
    if (count(name) != 1) return std::nullopt;
    return std::find_if(fields_.begin(), fields_.end(), [&](const auto& each) { return each.first == name; })->second;
}

unsigned Request::count(std::string_view name) const {
    return static_cast<unsigned>(std::count_if(fields_.begin(), fields_.end(), [&](const auto& each) { return each.first == name; }));
}

int Request::refuse(unsigned status) {
    refusal_ = status;
    return kStop;
}

int Request::on_target(http_parser* parser, const char* at, size_t size) {
    Request& request = of<Request>(parser);
    if (request.target_.size() + size > kMostTarget) return request.refuse(kTargetTooLong);
    request.target_.append(at, size);
    return kGoOn;
}

// Behind a body in chunks there are fields, too: they say nothing, and are a part of the body.
int Request::on_field(http_parser* parser, const char* at, size_t size) {
    Request& request = of<Request>(parser);
    if (request.has_head_) return on_body(parser, at, size);
    if (request.at_ == At::Value) request.fields_.emplace_back();
    request.at_ = At::Field;
    std::transform(at, at + size, std::back_inserter(request.fields_.back().first), lower);
    return kGoOn;
}

int Request::on_value(http_parser* parser, const char* at, size_t size) {
    Request& request = of<Request>(parser);
    if (request.has_head_) return on_body(parser, at, size);
    request.at_ = At::Value;
    request.fields_.back().second.append(at, size);
    return kGoOn;
}

// RFC 9112, 3.2: a request of HTTP/1.1 has one Host.
int Request::on_head(http_parser* parser) {
    Request& request = of<Request>(parser);
    request.has_head_ = true;
    if (parser->http_major != 1) return request.refuse(kNotThisVersion);
    const unsigned hosts = request.count("host");
    if (hosts > 1 || (hosts == 0 && parser->http_minor > 0)) return request.refuse(kBadRequest);
    const bool has_length = (parser->flags & F_CONTENTLENGTH) != 0;
    if (has_length && parser->content_length > kMostBody) return request.refuse(kBodyTooLarge);
    request.keeps_connection_ = http_should_keep_alive(parser) != 0;
    return kGoOn;
}

int Request::on_body(http_parser* parser, const char*, size_t size) {
    Request& request = of<Request>(parser);
    request.body_bytes_ += size;
    return request.body_bytes_ > kMostBody ? request.refuse(kBodyTooLarge) : kGoOn;
}

int Request::on_complete(http_parser* parser) {
    of<Request>(parser).complete();
    return kGoOn;
}

std::string_view status_words(unsigned status) {
    switch (status) {
#define EFT_STATUS_WORDS(number, name, words) case number: return #words;
        HTTP_STATUS_MAP(EFT_STATUS_WORDS)
#undef EFT_STATUS_WORDS
        default: return {};
    }
}

}  // namespace eft::http
