// What the guest's programs talk to on this machine's loopback, by way of QEMU's user network: its 10.0.2.2 is our 127.0.0.1.
#pragma once

#include <child.h>
#include <port.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace eft::qemu {

// A TCP server: each connection has a thread of its own, and is closed when `talk` returns.
class TcpServer {
public:
    explicit TcpServer(std::function<void(File&)> talk);
    ~TcpServer();

    unsigned port() const { return port_; }

private:
    void accept_all(const std::function<void(File&)>& talk);

    File listener_;
    unsigned port_ = 0;
    std::thread accepting_;
    std::vector<std::thread> talking_;
};

// Answers one request of HTTP with what `answer` makes of its path, byte for byte.
void serve_http(File& stream, const std::function<std::string(std::string_view path)>& answer);

}  // namespace eft::qemu
