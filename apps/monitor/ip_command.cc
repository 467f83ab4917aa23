// `ip`: the machine's network interfaces, and how the network server is doing.
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

}  // namespace

Task<int> command_ip(Shell& shell, const Arguments& given) {
    std::string text;
    Status status = append_interfaces(shell.sockets(), text);
    if (status.ok()) {
        const Result<socket::Totals> totals = shell.sockets().totals();
        status = totals.error();
        if (totals.ok()) text.append(totals_text(*totals));
    }
    int failed = 0;
    if (!status.ok()) {
        failed = co_await shell.fail(given, kNetworkService, status.error());
        co_return failed;
    }
    co_await shell.print(text);
    co_return failed;
}

}  // namespace eft::monitor
