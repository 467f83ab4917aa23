#include "port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

namespace eft::qemu {
namespace {

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

File bound_socket() {
    File socket = stream_socket();
    const sockaddr_in name = loopback(0);
    if (bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) throw std::runtime_error("there is no free port");
    return socket;
}

}  // namespace

std::uint16_t free_loopback_port() { return port_of(bound_socket()); }

File listen_on_loopback() {
    File socket = bound_socket();
    if (listen(socket.descriptor(), 64) != 0) throw std::runtime_error("cannot listen on the loopback");
    return socket;
}

std::uint16_t port_of(const File& socket) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&name), &size);
    return ntohs(name.sin_port);
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

}  // namespace eft::qemu
