// What the commands of the network print, as text.
#pragma once

#include <eft/abi/types.h>
#include <eft/idl/socket.h>

#include <string>

namespace eft::monitor {

// The lines of one interface.
std::string interface_text(const socket::Interface& interface);
std::string totals_text(const socket::Totals& totals);
// A line each. The state is TCP's where the socket has a connection, or had one.
std::string sockets_head();
std::string socket_text(const socket::SocketLine& line);

// The answers to pings, and how long they took.
class PingTimes {
public:
    void add_sent() { ++sent_; }
    void add(u64 nanoseconds);
    unsigned answers() const { return answers_; }
    // "3 sent, 3 answered, 0 % lost; least 0.300, mean 0.400, most 0.512 ms"
    std::string text() const;

private:
    unsigned sent_ = 0, answers_ = 0;
    u64 least_ = 0, most_ = 0, sum_ = 0;
};
// "0.412 ms"
std::string milliseconds_text(u64 nanoseconds);

}  // namespace eft::monitor
