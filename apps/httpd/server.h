// The server: accepts connections, a bounded number at once, and ends those that take too long.
//
// Where all places are taken, one who comes gets that of the one who has waited longest for a request; so nobody who says
// nothing keeps others out. If all of them are being answered, the new one is told to come again.
#pragma once

#include "httpd/connection.h"
#include "httpd/ticker.h"

#include <memory>
#include <vector>

namespace eft::httpd {

class Server final : private Ticking {
public:
    static constexpr u16 kPort = 80;
    static constexpr std::size_t kConnections = 32;
    // A listener, and two that come: one is accepted while another one is ended.
    static constexpr socket::Sizes kSizes{.sockets = kConnections + 3, .send_bytes = 32 * 1024};

    Server(WakeLoop& loop, rs::RsClient<>& supervisor, const Feed::Rights& rights)
        : ticker_(loop, *this), sockets_(loop, kSizes), files_(loop), feed_(loop, supervisor, sockets_, rights),
          site_{loop, supervisor, rights, feed_, files_} {}

    // Until the listener fails.
    Task<Status> run();

private:
    bool on_tick() override;
    Task<Result<socket::Listener>> listen();
    Task<void> admit(socket::Stream stream);
    // True: there is a place.
    bool make_place();
    void sweep();

    Ticker ticker_;
    socket::Sockets sockets_;
    FileSystem files_;
    Feed feed_;
    Site site_;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace eft::httpd
