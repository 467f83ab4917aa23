// A booted Eft on QEMU's user network, with the program of test traffic, and a peer on the host.
#pragma once

#include "capture.h"
#include "peer.h"

#include <service.h>

#include <functional>
#include <string>
#include <vector>

namespace eft::qemu {

// As the guest reaches the host.
inline const std::string kHostIpv4 = "10.0.2.2", kHostIpv6 = "fec0::2";

// The port of the host's loopback that leads to the guest, of a machine that forwards one.
std::uint16_t forwarded_port(System& system);
std::vector<std::uint16_t> forwarded_ports(System& system);

class Network {
public:
    // `device`: QEMU's card.
    explicit Network(const std::string& device = Card().device);

    System& system() { return system_; }
    Peer& peer() { return peer_; }

    // For the guest: connections to our peer.
    test::Order dial(const std::string& host, unsigned connections, unsigned at_once, std::uint64_t up, std::uint64_t down) const;
    // Has the guest do it, while `meanwhile` is done again and again. Throws, with what the machine says, if it takes longer.
    test::Report report(const test::Order& order, Duration within, const std::function<void()>& meanwhile = {});
    // The peer's connections to the guest, in the same way.
    void call_guest(const test::Order& order, Duration within, const std::function<void()>& meanwhile = {});
    void begin_calls(const test::Order& order);
    // What the guest counts of the connections that have come to it, when there have been so many; they are counted once.
    test::Report came_to_guest(unsigned connections, Duration within);
    // Ends the machine. What tshark has to say of all frames: that one is malformed, or a connection was reset. Empty: nothing.
    std::string shut_down();
    // Kills a service and waits, at least so long, and until bytes go both ways again.
    void kill(const std::string& service, unsigned milliseconds);

    // What `ip` prints: how many connections were lost over restarts, and recovered.
    long lost() { return number_behind("lost "); }
    long recovered() { return number_behind("recovered "); }

private:
    // Of the host's loopback, which lead to the guest's port of test traffic.
    const std::vector<std::uint16_t>& ports();
    long number_behind(const std::string& word);
    void wait_until(const std::string& what, Duration within, const std::function<bool()>& done, const std::function<void()>& meanwhile);

    Capture capture_;
    Peer peer_;
    System system_;
    std::vector<std::uint16_t> ports_;
};

}  // namespace eft::qemu
