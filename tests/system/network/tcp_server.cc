#include "tcp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

namespace eft::qemu {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);

sockaddr_in loopback(unsigned port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

File stream_socket() {
    File socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.open()) throw std::runtime_error("no socket");
    return socket;
}

}  // namespace

TcpServer::TcpServer(std::function<void(File&)> talk) {
    listener_ = stream_socket();
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.descriptor(), name, size) != 0 || listen(listener_.descriptor(), 64) != 0 || getsockname(listener_.descriptor(), name, &size) != 0)
        throw std::runtime_error("cannot listen on the loopback");
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this, talk = std::move(talk)] { accept_all(talk); });
}

TcpServer::~TcpServer() {
    ::shutdown(listener_.descriptor(), SHUT_RDWR);
    accepting_.join();
    for (std::thread& each : talking_) each.join();
}

void TcpServer::accept_all(const std::function<void(File&)>& talk) {
    for (;;) {
        const int descriptor = accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) return;
        talking_.emplace_back([talk, descriptor] {
            File stream(descriptor);
            try {
                talk(stream);
            } catch (const std::runtime_error&) {  // the guest has closed it
            }
        });
    }
}

File connect_to(unsigned port) {
    File stream = stream_socket();
    const sockaddr_in address = loopback(port);
    if (connect(stream.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
    return stream;
}

void end_writing(File& stream) { ::shutdown(stream.descriptor(), SHUT_WR); }

std::string read_to_end(File& stream, Duration timeout) {
    std::string bytes;
    const Deadline deadline = after(timeout);
    for (bool at_end = false; !at_end;)
        if (!stream.read_some(bytes, deadline, at_end)) throw std::runtime_error("the other side does not end");
    return bytes;
}

void serve_http(File& stream, const std::function<std::string(std::string_view path)>& answer) {
    std::string request;
    for (bool at_end = false; request.find("\r\n\r\n") == std::string::npos;)
        if (!stream.read_some(request, after(kPatience), at_end) || at_end) return;
    const std::string_view rest = std::string_view(request).substr(request.find(' ') + 1);
    stream.write_all(answer(rest.substr(0, rest.find(' '))), after(kPatience));
    end_writing(stream);
    read_to_end(stream, kPatience);  // bytes that are not read would make it a reset
}

}  // namespace eft::qemu
