// One connection: requests one after another, and their answers.
//
// Whatever it waits for has an end (is_late): a request must have come whole, and a piece of an answer must have been taken,
// within a bounded time. It never ends itself from within: who has it, sweeps it away.
#pragma once

#include "httpd/site.h"
#include "httpd/target.h"

#include <eft/http/request.h>
#include <eft/socket/sockets.h>

#include <string>
#include <string_view>
#include <vector>

namespace eft::httpd {

class Connection {
public:
    Connection(Site& site, socket::Stream&& stream) : site_(site), stream_(std::move(stream)), buffer_(kPiece) {}
    Connection(const Connection&) = delete;

    void start();
    bool has_ended() const { return work_.done(); }
    bool is_late() const { return site_.now > deadline_; }
    // No request of its is being answered: it may be ended for others. `since`: the tick.
    bool is_idle() const { return is_idle_; }
    u64 since() const { return since_; }

private:
    static constexpr std::size_t kPiece = 32 * 1024;

    struct Answer {
        unsigned status = 200;
        std::string_view type = "text/plain; charset=utf-8";
        std::string fields = {};  // further ones, each with its line's end
        std::string body = {};
    };

    // From now on; in seconds.
    void allow(u64 seconds);

    Task<void> serve();
    // False: the connection has ended.
    Task<bool> receive(http::Request& request);
    // These answer whether the connection goes on.
    Task<bool> answer(const http::Request& request);
    Task<bool> answer_get(const http::Request& request, const std::string& path);
    Task<bool> answer_page(const http::Request& request, std::string_view file);
    Task<bool> answer_events(const http::Request& request);
    Task<bool> answer_kill(const http::Request& request, std::string_view name);
    Task<bool> answer_path(const http::Request& request, const std::string& path);
    Task<bool> answer_file(const http::Request& request, File& file, const std::string& path);
    Task<bool> answer_directory(const http::Request& request, File& file, const std::string& path);
    Task<bool> send(const http::Request& request, const Answer& answer);
    Task<bool> refuse(const http::Request& request, unsigned status, std::string_view why = {});
    Task<Status> send_bytes(File& file, ByteRange range);
    Task<Status> write(std::string_view text);
    // The peer may still be sending; it gets what was written, as long as it reads to the end.
    Task<void> part();

    Site& site_;
    socket::Stream stream_;
    std::vector<std::byte> buffer_;
    std::string received_;  // and not taken by a request yet
    u64 deadline_ = 0, since_ = 0;
    bool is_idle_ = true;
    Task<void> work_;
};

}  // namespace eft::httpd
