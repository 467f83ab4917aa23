#include "first_process.h"

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
#include <vector>

namespace eft::linux_machine {

void check(bool good, const std::string& what) {
    if (good) return;
    std::perror(what.c_str());
    std::exit(1);  // the kernel stops: its first process has ended
}

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

namespace {

sockaddr address_of(const char* text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, text, &address.sin_addr);
    sockaddr general;
    static_assert(sizeof general == sizeof address);
    __builtin_memcpy(&general, &address, sizeof general);
    return general;
}

void add_route(int socket, const char* gateway) {
    rtentry route{};
    route.rt_dst = route.rt_genmask = address_of("0.0.0.0");
    route.rt_gateway = address_of(gateway);
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    check(ioctl(socket, SIOCADDRT, &route) == 0, "the route");
}

}  // namespace

void set_up_card(const Card& card) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "eth0");
    request.ifr_addr = address_of(card.address);
    check(ioctl(socket, SIOCSIFADDR, &request) == 0, "eth0's address");
    request.ifr_netmask = address_of("255.255.255.0");
    check(ioctl(socket, SIOCSIFNETMASK, &request) == 0, "eth0's mask");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    check(ioctl(socket, SIOCSIFFLAGS, &request) == 0, "eth0");
    if (card.gateway) add_route(socket, card.gateway);
    close(socket);
}

}  // namespace eft::linux_machine
