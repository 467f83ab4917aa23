// `fetch`: a GET of HTTP, to the terminal or into a checksum.
#include "monitor/network.h"

#include <eft/http/response.h>
#include <eft/http/url.h>
#include <eft/json.h>
#include <eft/sha256.h>

#include <array>

namespace eft::monitor {
namespace {

constexpr unsigned kMostRedirects = 5;
constexpr std::size_t kPiece = 32 * 1024;

// What is done with a body.
class Sink {
public:
    Sink(Shell& shell, bool sums) : shell_(shell), sums_(sums) {}

    Task<void> take(std::string_view bytes) {
        size_ += bytes.size();
        if (sums_) sum_.update(bytes);
        else co_await shell_.print(bytes);
    }
    // The line of sha256sum, and how many bytes there were.
    std::string sum_line(const http::Url& url) {
        const std::array<char, 64> digits = hex_digits(sum_.finish());
        std::string line(digits.data(), digits.size());
        return line.append("  ").append(terminal_text(url.text())).append("  ").append(std::to_string(size_)).append(" bytes\n");
    }

private:
    Shell& shell_;
    bool sums_;
    Sha256 sum_;
    u64 size_ = 0;
};

std::string request_text(const http::Url& url) {
    return "GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority() + "\r\nUser-Agent: eft\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

// Of answers that are not good there is no body to be shown.
Task<Status> read_answer(Shell& shell, socket::Stream& stream, http::Response& response, Sink& sink) {
    std::string received(kPiece, '\0'), body;
    while (!response.is_complete()) {
        EFT_CO_TRY(const u64 count, co_await stream.read(std::as_writable_bytes(std::span(received))));
        body.clear();
        if (count == 0) EFT_CO_CHECK(response.end());
        else EFT_CO_CHECK(response.take(std::as_bytes(std::span(received).first(count)), body));
        if (response.has_head() && response.status() / 100 != 2) co_return Status{};
        co_await sink.take(body);
        co_await shell.loop().yield();
    }
    co_return Status{};
}

Task<Status> get(Shell& shell, const http::Url& url, http::Response& response, Sink& sink) {
    EFT_CO_TRY(const socket::Address address, co_await shell.sockets().resolve(url.host));
    const socket::Endpoint server{.address = address, .port = url.port};
    EFT_CO_TRY(socket::Stream stream, co_await shell.sockets().connect(server));
    const std::string request = request_text(url);
    EFT_CO_CHECK(co_await stream.write(std::as_bytes(std::span(request))));
    const Status read = co_await read_answer(shell, stream, response, sink);
    co_return read;
}

std::string_view url_error(Error error) { return error == Error::NotSupported ? "only http:// is known, without names and passwords" : "it is no URL"; }

}  // namespace

Task<int> command_fetch(Shell& shell, const Arguments& given) {
    const bool sums = given.has("--sum");
    Sink sink(shell, sums);
    Result<http::Url> url = http::parse_url(given.words[0]);
    std::string named = given.words[0], wrong;
    int status = 0;
    for (unsigned redirects = 0; wrong.empty(); ++redirects) {
        if (!url.ok()) {
            wrong = url_error(url.error());
            break;
        }
        named = url->text();
        http::Response response;
        const Status got = co_await get(shell, *url, response, sink);
        if (!got.ok() && got.error() != Error::BadFormat) {
            status = co_await fail_network(shell, given, url->authority(), got.error());
            co_return status;
        }
        if (!got.ok() || (response.status() / 100 != 2 && !response.is_redirect())) {
            wrong = terminal_text(response.words());
        } else if (!response.is_redirect()) {
            break;
        } else if (redirects == kMostRedirects) {
            wrong = "it leads to somewhere else again and again";
        } else {
            named = response.location();
            url = http::follow(*url, named);
        }
    }
    if (!wrong.empty()) {
        wrong = terminal_text(named) + ": " + wrong;
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    if (sums) {
        const std::string line = sink.sum_line(*url);
        co_await shell.print(line);
    }
    co_return status;
}

}  // namespace eft::monitor
