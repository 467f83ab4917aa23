// `host`: the addresses of a name.
#include "monitor/network.h"

#include <eft/json.h>

namespace eft::monitor {

// One kind of address is enough.
Task<int> command_host(Shell& shell, const Arguments& given) {
    const std::string& name = given.words[0];
    int status = 0;
    Error error = Error::None;
    bool any = false;
    for (const bool want_ipv6 : {false, true}) {
        const Result<socket::Address> address = co_await shell.sockets().resolve(name, want_ipv6);
        if (!address.ok()) {
            error = address.error();
            continue;
        }
        any = true;
        std::string line = terminal_text(name);
        line.append(socket::is_ipv4(*address) ? " has address " : " has IPv6 address ").append(socket::to_text(*address)).append("\n");
        co_await shell.print(line);
        if (socket::parse_address(name).ok()) break;  // it has no others
    }
    if (!any) status = co_await fail_network(shell, given, name, error);
    co_return status;
}

}  // namespace eft::monitor
