// The first and only process of the Linux that Eft's network is measured beside: what apps/inet has of TCP, echo (port 7),
// discard (9) and chargen (19), with a thread for each connection.
#include "first_process.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

using namespace eft::linux_machine;

namespace {

constexpr std::size_t kPiece = 64 * 1024;

bool write_all(int stream, const char* bytes, ssize_t count) {
    while (count > 0) {
        const ssize_t written = write(stream, bytes, static_cast<std::size_t>(count));
        if (written <= 0) return false;
        bytes += written, count -= written;
    }
    return true;
}

void serve_one(int stream, int port) {
    std::vector<char> buffer(kPiece, '.');
    if (port == 19)
        while (write_all(stream, buffer.data(), kPiece)) continue;
    for (ssize_t count; (count = read(stream, buffer.data(), kPiece)) > 0;)
        if (port == 7 && !write_all(stream, buffer.data(), count)) break;
    close(stream);
}

void serve(int port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(static_cast<uint16_t>(port));
    check(bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0 && listen(listener, 128) == 0, "port " + std::to_string(port));
    for (;;)
        if (const int stream = accept(listener, nullptr, nullptr); stream >= 0) std::thread(serve_one, stream, port).detach();
}

}  // namespace

int main() {
    load_modules();
    set_up_card({.address = "10.0.2.15", .gateway = "10.0.2.2"});  // as QEMU's user network would tell by DHCP
    std::thread(serve, 7).detach();
    std::thread(serve, 9).detach();
    std::puts("services are ready");
    std::fflush(stdout);
    serve(19);
}
