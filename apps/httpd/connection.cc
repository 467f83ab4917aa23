#include "httpd/connection.h"

#include "httpd/guard.h"
#include "httpd/ticker.h"

#include <eft/boot_file.h>
#include <eft/process.h>

#include <algorithm>
#include <limits>

namespace eft::httpd {
namespace {

constexpr u64 kIdleSeconds = 30, kRequestSeconds = 10, kPieceSeconds = 10, kPartingSeconds = 2;
constexpr std::string_view kFilesPath = "/files", kKillPath = "/kill/";
// Of the page, in the boot archive and behind a '/' in targets.
constexpr std::string_view kPageFolder = "page/", kPageFile = "page/page.html";

// It needs nothing of others, and nobody may put it into a frame of theirs.
constexpr std::string_view kPagePolicy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
// What lies on the disk may be anybody's: a script in it is not the page's.
constexpr std::string_view kFilePolicy = "Content-Security-Policy: sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'\r\n";

std::string head_text(unsigned status, std::string_view type, std::string_view fields, bool keeps_connection) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
    text.append(http::status_words(status)).append("\r\nServer: eft\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
    if (!type.empty()) text.append("Content-Type: ").append(type).append("\r\n");
    return text.append(fields).append(keeps_connection ? "\r\n" : "Connection: close\r\n\r\n");
}

std::string length_field(u64 bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

bool is_read(const http::Request& request) { return request.method() == "GET" || request.method() == "HEAD"; }

unsigned status_of(Error error) {
    switch (error) {
        case Error::NotFound:
        case Error::NotDirectory:
        case Error::NameTooLong: return 404;
        case Error::ServiceHeld:
        case Error::NoDevice:
        case Error::LimitReached:
        case Error::Busy: return 503;
        default: return 500;
    }
}

// What rs says to an order.
unsigned status_of_order(Error error) {
    switch (error) {
        case Error::NotFound: return 404;
        case Error::PermissionDenied: return 403;
        case Error::WrongState: return 409;
        default: return 503;
    }
}

}  // namespace

void Connection::allow(u64 seconds) {
    since_ = site_.now;
    deadline_ = site_.now + seconds * kTicksPerSecond;
}

void Connection::start() {
    work_ = serve();
    work_.start();
}

Task<void> Connection::serve() {
    for (bool goes_on = true; goes_on;) {
        http::Request request;
        const bool has_come = co_await receive(request);
        if (!has_come) co_return;
        goes_on = co_await answer(request);
    }
    co_await part();
}

// From its first byte on, it has so long to come, however slowly that is sent.
Task<bool> Connection::receive(http::Request& request) {
    is_idle_ = true;
    allow(received_.empty() ? kIdleSeconds : kRequestSeconds);
    for (bool has_begun = !received_.empty(); !request.is_complete() && request.refusal() == 0;) {
        if (received_.empty()) {
            const Result<u64> count = co_await stream_.read(buffer_);
            if (!count.ok() || *count == 0) co_return false;
            received_.assign(reinterpret_cast<const char*>(buffer_.data()), *count);
            if (!std::exchange(has_begun, true)) allow(kRequestSeconds);
        }
        received_.erase(0, request.take(received_));
    }
    is_idle_ = false;
    co_return true;
}

Task<bool> Connection::answer(const http::Request& request) {
    const Result<std::string> path = path_of(request.target());
    bool goes_on = false;
    if (request.refusal() != 0) {
        co_await refuse(request, request.refusal());
    } else if (!path.ok()) {
        goes_on = co_await refuse(request, 400, "there is no such path");
    } else if (path->starts_with(kKillPath)) {
        goes_on = co_await answer_kill(request, std::string_view(*path).substr(kKillPath.size()));
    } else if (!is_read(request)) {
        Answer answer{.status = 405, .fields = "Allow: GET, HEAD\r\n", .body = "405 Method Not Allowed\n"};
        goes_on = co_await send(request, answer);
    } else {
        goes_on = co_await answer_get(request, *path);
    }
    co_return goes_on;
}

// What is no name of the page's is a file's. Under /files all of them can be reached.
Task<bool> Connection::answer_get(const http::Request& request, const std::string& path) {
    const std::string_view name = std::string_view(path).substr(1);
    bool goes_on = false;
    if (name.empty() || name.starts_with(kPageFolder)) {
        goes_on = co_await answer_page(request, name.empty() ? kPageFile : name);
    } else if (path == "/events") {
        goes_on = co_await answer_events(request);
    } else if (path == kFilesPath || path.starts_with(std::string(kFilesPath) + "/")) {
        const std::string file = path.substr(kFilesPath.size());
        goes_on = co_await answer_path(request, file);
    } else {
        goes_on = co_await answer_path(request, path);
    }
    co_return goes_on;
}

Task<bool> Connection::answer_page(const http::Request& request, std::string_view file) {
    bool goes_on = false;
    const auto bytes = boot_file(file);
    if (bytes.ok()) {
        Answer answer{.type = content_type(file), .fields = std::string(kPagePolicy) + "Cache-Control: no-cache\r\n"};
        answer.body.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
        goes_on = co_await send(request, answer);
    } else {
        goes_on = co_await refuse(request, status_of(bytes.error()));
    }
    co_return goes_on;
}

// Goes on until the peer has gone, or does not keep up.
Task<bool> Connection::answer_events(const http::Request& request) {
    bool goes_on = false;
    if (site_.feed.is_full()) {
        goes_on = co_await refuse(request, 503, "too many look at the page already");
        co_return goes_on;
    }
    const std::string head = head_text(200, "text/event-stream", "Cache-Control: no-store\r\n", false);
    Status sent = co_await write(head);
    if (request.method() == "HEAD") co_return false;
    Feed::Listener listener(site_.feed, request.field("last-event-id").value_or(""));
    while (sent.ok()) {
        deadline_ = std::numeric_limits<u64>::max();
        const std::string text = co_await listener.next();
        if (text.empty()) break;
        sent = co_await write(text);
    }
    co_return false;
}

// Its own end is ordered when the answer has had time to go out.
Task<bool> Connection::answer_kill(const http::Request& request, std::string_view name) {
    bool goes_on = false;
    const std::string_view wrong = objection(request, site_.rights.token);
    if (request.method() != "POST") {
        Answer answer{.status = 405, .fields = "Allow: POST\r\n", .body = "405 Method Not Allowed\n"};
        goes_on = co_await send(request, answer);
    } else if (!site_.rights.may_kill) {
        goes_on = co_await refuse(request, 403, "the manifest does not allow it");
    } else if (!wrong.empty()) {
        goes_on = co_await refuse(request, 403, wrong);
    } else if (name.empty() || name.size() > rs::KillOrder::kNameMax) {
        goes_on = co_await refuse(request, 404, "there is no such service");
    } else {
        rs::KillOrder order;
        order.name = name;
        order.signal = rs::KillSignal::Kill;
        if (name == field_text(config().name)) {
            Answer answer{.status = 202, .body = "its last answer\n"};
            goes_on = co_await send(request, answer);
            Waiter waiter(site_.ticked);
            [[maybe_unused]] const Status ticked = co_await waiter.woken;
            static_cast<void>(site_.supervisor.kill(order));
            co_return goes_on;
        }
        const Error error = site_.supervisor.kill(order).error();
        if (error != Error::None) {
            goes_on = co_await refuse(request, status_of_order(error), to_string(error));
        } else {
            const Answer answer{.status = 204, .type = {}};
            goes_on = co_await send(request, answer);
        }
    }
    co_return goes_on;
}

Task<bool> Connection::send(const http::Request& request, const Answer& answer) {
    const bool has_body = answer.status != 204;
    const bool goes_on = request.keeps_connection() && request.refusal() == 0;
    std::string text = head_text(answer.status, answer.type, answer.fields + (has_body ? length_field(answer.body.size()) : ""), goes_on);
    if (has_body && request.method() != "HEAD") text.append(answer.body);
    const Status sent = co_await write(text);
    co_return sent.ok() && goes_on;
}

Task<bool> Connection::refuse(const http::Request& request, unsigned status, std::string_view why) {
    Answer answer{.status = status};
    answer.body.append(std::to_string(status)).append(" ").append(http::status_words(status));
    answer.body.append(why.empty() ? "" : ": ").append(why).append("\n");
    const bool goes_on = co_await send(request, answer);
    co_return goes_on;
}

Task<Status> Connection::write(std::string_view text) {
    while (!text.empty()) {
        allow(kPieceSeconds);
        const std::string_view piece = text.substr(0, kPiece);
        EFT_CO_CHECK(co_await stream_.write(std::as_bytes(std::span(piece))));
        text.remove_prefix(piece.size());
    }
    co_return Status{};
}

Task<void> Connection::part() {
    is_idle_ = true;
    allow(kPartingSeconds);
    if (!stream_.shutdown(socket::Directions::Send).ok()) co_return;
    for (;;) {
        const Result<u64> count = co_await stream_.read(buffer_);
        if (!count.ok() || *count == 0) co_return;
    }
}

// Files

Task<bool> Connection::answer_path(const http::Request& request, const std::string& path) {
    bool goes_on = false;
    const Status connected = site_.files.connected() ? Status() : site_.files.connect("file/0");
    if (!connected.ok()) {
        goes_on = co_await refuse(request, status_of(connected.error()));
        co_return goes_on;
    }
    Result<File> file = site_.files.open(path.empty() ? "/" : path);
    if (!file.ok()) {
        goes_on = co_await refuse(request, status_of(file.error()), to_string(file.error()));
    } else if (file->attributes().type == file::FileType::Directory) {
        goes_on = co_await answer_directory(request, *file, path);
    } else if (file->attributes().type == file::FileType::Regular) {
        goes_on = co_await answer_file(request, *file, path);
    } else {
        goes_on = co_await refuse(request, 403, "that is no file with bytes");
    }
    co_return goes_on;
}

Task<bool> Connection::answer_file(const http::Request& request, File& file, const std::string& path) {
    const u64 size = file.attributes().size;
    const auto wanted = parse_range(request.field("range").value_or(""), size);
    std::string fields(kFilePolicy);
    fields.append("Accept-Ranges: bytes\r\n");
    if (!wanted.ok()) {
        Answer answer{.status = 416, .fields = "Content-Range: bytes */" + std::to_string(size) + "\r\n"};
        const bool goes_on = co_await send(request, answer);
        co_return goes_on;
    }
    const ByteRange range = wanted->value_or(ByteRange{0, size});
    if (*wanted) {
        fields.append("Content-Range: bytes ").append(std::to_string(range.begin)).append("-");
        fields.append(std::to_string(range.end - 1)).append("/").append(std::to_string(size)).append("\r\n");
    }
    fields.append(length_field(range.end - range.begin));
    const std::string head = head_text(*wanted ? 206 : 200, content_type(path), fields, request.keeps_connection());
    Status sent = co_await write(head);
    if (sent.ok() && request.method() != "HEAD") sent = co_await send_bytes(file, range);
    co_return sent.ok() && request.keeps_connection();
}

// A file that ends earlier than it said, or cannot be read: the end of the connection says so.
Task<Status> Connection::send_bytes(File& file, ByteRange range) {
    std::vector<std::byte> piece(kPiece);
    while (range.begin < range.end) {
        const u64 wanted = std::min<u64>(range.end - range.begin, piece.size());
        deadline_ = std::numeric_limits<u64>::max();  // the file server has its own
        EFT_CO_TRY(const u64 count, co_await file.read(range.begin, std::span(piece).first(wanted)));
        if (count == 0) co_return Error::OutOfRange;
        const std::string_view bytes(reinterpret_cast<const char*>(piece.data()), count);
        EFT_CO_CHECK(co_await write(bytes));
        range.begin += count;
        co_await site_.loop.yield();
    }
    co_return Status{};
}

// Links in it are relative, so that it is the same under /files and without.
Task<bool> Connection::answer_directory(const http::Request& request, File& file, const std::string& path) {
    constexpr std::size_t kMostNames = 5000;
    bool goes_on = false;
    if (!path.ends_with('/')) {
        const std::string target = request.target().substr(0, request.target().find('?'));
        const auto slash = target.rfind('/');
        Answer answer{.status = 301, .fields = "Location: " + target.substr(slash + 1) + "/\r\n"};
        goes_on = co_await send(request, answer);
        co_return goes_on;
    }
    std::vector<std::string> names;
    for (std::optional<u64> cursor = 0; cursor && names.size() < kMostNames;) {
        const auto next = file.list(*cursor, [&](const DirectoryEntry& entry) {
            if (entry.name.empty() || entry.name == ".") return;
            names.push_back(std::string(entry.name) + (entry.type == file::FileType::Directory ? "/" : ""));
        });
        if (!next.ok()) {
            goes_on = co_await refuse(request, status_of(next.error()), to_string(next.error()));
            co_return goes_on;
        }
        cursor = *next;
        co_await site_.loop.yield();
    }
    std::sort(names.begin(), names.end());
    const std::string title = html_text(path);
    Answer answer{.type = "text/html; charset=utf-8", .fields = std::string(kFilePolicy)};
    answer.body = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
                  "<meta name=\"color-scheme\" content=\"light dark\"><title>" + title + "</title>\n<h1>" + title + "</h1>\n<ul>\n";
    for (const std::string& name : names) answer.body.append("<li><a href=\"./" + target_of(name) + "\">" + html_text(name) + "</a>\n");
    answer.body.append(names.size() < kMostNames ? "</ul>\n" : "</ul>\n<p>and more\n");
    goes_on = co_await send(request, answer);
    co_return goes_on;
}

}  // namespace eft::httpd
