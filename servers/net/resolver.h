// Names of machines: entries that wait for an answer of the name server.
#pragma once

#include <eft/idl/socket.h>
#include <eft/ring/server.h>

#include "lwip/ip_addr.h"

#include <array>
#include <span>

namespace eft::net {

class Resolver {
public:
    // Completes the entry now or later.
    void resolve(u32 place, std::span<const std::byte> name, bool want_ipv6, ring::Pending<socket::Answer> pending);
    // A session ends: its entries are completed with Cancelled.
    void end_all(u32 place);

private:
    struct Question {
        Resolver* resolver = nullptr;
        bool is_asked = false;  // lwIP will answer it
        bool is_wanted = false;
        u32 place = 0;
        ring::Pending<socket::Answer> pending;
    };
    static void answered(const char*, const ip_addr_t* address, void* question);

    std::array<Question, 16> questions_;
};

}  // namespace eft::net
