// `ip`: the machine's network interfaces, and how the network server is doing. `ip sockets`: what everybody has open.
#include "monitor/network.h"
#include "monitor/network_text.h"

namespace eft::monitor {
namespace {

Status append_interfaces(socket::Sockets& sockets, std::string& text) {
    for (u32 index = 0;;) {
        EFT_TRY(const socket::Interface interface, sockets.next_interface(index));
        if (interface.index <= index) return {};
        index = interface.index;
        text.append(interface_text(interface));
    }
}

Status append_sockets(socket::Sockets& sockets, std::string& text) {
    text.append(sockets_head());
    for (u32 index = 0;;) {
        EFT_TRY(const socket::SocketLine line, sockets.next_socket(index));
        if (line.index <= index) return {};
        index = line.index;
        text.append(socket_text(line));
    }
}

Status append_interfaces_and_totals(socket::Sockets& sockets, std::string& text) {
    EFT_CHECK(append_interfaces(sockets, text));
    EFT_TRY(const socket::Totals totals, sockets.totals());
    text.append(totals_text(totals));
    return {};
}

}  // namespace

Task<int> command_ip(Shell& shell, const Arguments& given) {
    std::string text;
    const bool of_sockets = given.word(0) == "sockets";
    const Status status = of_sockets ? append_sockets(shell.sockets(), text) : append_interfaces_and_totals(shell.sockets(), text);
    int failed = 0;
    if (!status.ok()) {
        failed = co_await shell.fail(given, kNetworkService, status.error());
        co_return failed;
    }
    co_await shell.print(text);
    co_return failed;
}

}  // namespace eft::monitor
