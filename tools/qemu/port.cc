#include "port.h"

#include "child.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

namespace eft::qemu {

std::uint16_t free_loopback_port() {
    const File socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    if (bind(socket.descriptor(), reinterpret_cast<sockaddr*>(&name), size) != 0 || getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&name), &size) != 0)
        throw std::runtime_error("there is no free port");
    return ntohs(name.sin_port);
}

}  // namespace eft::qemu
