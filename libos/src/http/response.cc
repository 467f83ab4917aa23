#include <eft/http/response.h>

#include <algorithm>
#include <utility>

namespace eft::http {
namespace {

constexpr int kGoOn = 0, kTooLong = 1;
constexpr std::size_t kMostReason = 256, kMostField = 64;

// At most so many characters are kept of what somebody else has written.
void append(std::string& to, const char* at, std::size_t size, std::size_t most) { to.append(at, std::min(size, most - std::min(most, to.size()))); }

}  // namespace

Response::Response() : Message(HTTP_RESPONSE) {}

Status Response::take(std::span<const std::byte> bytes, std::string& body) {
    if (is_complete_ || bytes.empty()) return {};
    body_ = &body;
    const Status status = parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    body_ = nullptr;
    return status;
}

Status Response::end() {
    if (is_complete_) return {};
    EFT_CHECK(parse({}));
    return is_complete_ ? Status() : Status(Error::BadFormat);
}

Status Response::parse(std::string_view bytes) {
    execute(kCallbacks, bytes);
    const bool is_good = is_complete_ ? error() == HPE_PAUSED : error() == HPE_OK && parser_.upgrade == 0;
    return is_good ? Status() : Status(Error::BadFormat);
}

bool Response::is_redirect() const {
    constexpr unsigned kRedirects[] = {301, 302, 303, 307, 308};
    return !location_.empty() && std::find(std::begin(kRedirects), std::end(kRedirects), status()) != std::end(kRedirects);
}

std::string Response::words() const {
    if (error() != HPE_OK && error() != HPE_PAUSED) return http_errno_description(error());
    if (!has_head_) return "it ends before an answer";
    return std::to_string(status()) + (reason_.empty() ? "" : " ") + reason_;
}

int Response::on_reason(http_parser* parser, const char* at, size_t size) {
    append(of<Response>(parser).reason_, at, size, kMostReason);
    return kGoOn;
}

int Response::on_field(http_parser* parser, const char* at, size_t size) {
    Response& response = of<Response>(parser);
    if (std::exchange(response.in_value_, false)) response.field_.clear();
    append(response.field_, at, size, kMostField);
    return kGoOn;
}

// Of several fields Location the first one counts, and its value comes in pieces, too.
int Response::on_value(http_parser* parser, const char* at, size_t size) {
    Response& response = of<Response>(parser);
    if (!std::exchange(response.in_value_, true)) {
        std::transform(response.field_.begin(), response.field_.end(), response.field_.begin(), lower);
        if (response.field_ == "location" && !response.location_.empty()) response.field_.clear();
    }
    if (response.field_ != "location" || response.has_head_) return kGoOn;  // behind the body there are fields, too
    if (response.location_.size() + size > kMostLocation) return kTooLong;
    response.location_.append(at, size);
    return kGoOn;
}

int Response::on_head(http_parser* parser) {
    Response& response = of<Response>(parser);
    response.has_head_ = !response.is_interim();
    return kGoOn;
}

int Response::on_body(http_parser* parser, const char* at, size_t size) {
    if (std::string* const body = of<Response>(parser).body_) body->append(at, size);
    return kGoOn;
}

int Response::on_complete(http_parser* parser) {
    Response& response = of<Response>(parser);
    if (response.has_head_) {
        response.complete();
    } else {
        response.reason_.clear();
        response.field_.clear();
        response.location_.clear();
        response.in_value_ = false;
    }
    return kGoOn;
}

}  // namespace eft::http
