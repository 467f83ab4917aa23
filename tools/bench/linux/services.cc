// The first and only process of the Linux that Eft's network is measured beside: what apps/inet has of TCP, echo (port 7),
// discard (9) and chargen (19), with a thread for each connection.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kPiece = 64 * 1024;

void check(bool good, const std::string& what) {
    if (good) return;
    std::perror(what.c_str());
    std::exit(1);  // the kernel stops: its first process has ended
}

// In the order of their names: who needs another comes behind it.
void load_modules() {
    std::vector<std::string> paths;
    for (const auto& each : std::filesystem::directory_iterator("/modules")) paths.push_back(each.path());
    std::ranges::sort(paths);
    for (const std::string& path : paths) {
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        check(file >= 0 && syscall(SYS_finit_module, file, "", 0) == 0, path);
        close(file);
    }
}

sockaddr address_of(const char* text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, text, &address.sin_addr);
    sockaddr general;
    static_assert(sizeof general == sizeof address);
    __builtin_memcpy(&general, &address, sizeof general);
    return general;
}

// As QEMU's user network would tell by DHCP.
void set_up_card() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "eth0");
    request.ifr_addr = address_of("10.0.2.15");
    check(ioctl(socket, SIOCSIFADDR, &request) == 0, "eth0's address");
    request.ifr_netmask = address_of("255.255.255.0");
    check(ioctl(socket, SIOCSIFNETMASK, &request) == 0, "eth0's mask");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    check(ioctl(socket, SIOCSIFFLAGS, &request) == 0, "eth0");
    rtentry route{};
    route.rt_dst = route.rt_genmask = address_of("0.0.0.0");
    route.rt_gateway = address_of("10.0.2.2");
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    check(ioctl(socket, SIOCADDRT, &route) == 0, "the route");
    close(socket);
}

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
    set_up_card();
    std::thread(serve, 7).detach();
    std::thread(serve, 9).detach();
    std::puts("services are ready");
    std::fflush(stdout);
    serve(19);
}
