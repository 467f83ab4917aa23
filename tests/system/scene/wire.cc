#include "wire.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace eft::qemu {
namespace {

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string("the wire: ") + what + ": " + std::strerror(errno)); }

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the wire: the path is too long: " + path);
    path.copy(address.sun_path, path.size());
    return address;
}

}  // namespace

Wire::Wire() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (!socket_.open()) fail("socket");
    const sockaddr_un own = address_of(own_path());
    if (bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) fail("bind");
}

Card Wire::card() const {
    return {.backend = "dgram,local.type=unix,local.path=" + guest_path() + ",remote.type=unix,remote.path=" + own_path()};
}

bool Wire::send(std::string_view frame) {
    if (!is_connected_) {
        const sockaddr_un guest = address_of(guest_path());
        if (connect(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&guest), sizeof guest) != 0) {
            if (errno == ENOENT || errno == ECONNREFUSED) return false;  // QEMU is being started
            fail("connect");
        }
        is_connected_ = true;
    }
    if (::send(socket_.descriptor(), frame.data(), frame.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno != EAGAIN && errno != EINTR) fail("send");
    return false;
}

std::optional<std::string> Wire::receive(Deadline deadline) {
    std::array<char, 65536> frame;
    for (;;) {
        const ssize_t count = recv(socket_.descriptor(), frame.data(), frame.size(), 0);
        if (count >= 0) return std::string(frame.data(), static_cast<std::size_t>(count));
        if (errno != EAGAIN && errno != EINTR) fail("recv");
        const auto left = until(deadline).count();
        if (left <= 0) return std::nullopt;
        pollfd entry{socket_.descriptor(), POLLIN, 0};
        if (poll(&entry, 1, static_cast<int>(left)) < 0 && errno != EINTR) fail("poll");
    }
}

}  // namespace eft::qemu
