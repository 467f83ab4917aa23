// A booted Eft with a disk and a network card, whose port 80 can be reached from here.
#pragma once

#include "http_connection.h"

#include <system.h>
#include <temporary.h>

#include <string>

namespace eft::qemu {

class WebSystem {
public:
    static constexpr std::size_t kBigBytes = 3 << 20;

    // Throws unless the server answers soon.
    WebSystem();

    System& system() { return system_; }
    std::uint16_t port() const { return port_; }
    // The bytes of /big.bin.
    const std::string& big() const { return big_; }
    // Also while the server is being started, when connections end without an answer.
    bool answers_within(Duration timeout);
    // GET by a connection of its own.
    HttpAnswer get(const std::string& target, const std::string& fields = {}) { return HttpConnection(port_).get(target, fields + "Connection: close\r\n"); }

private:
    std::string make_disk();

    TemporaryFolder folder_;
    std::string big_;
    std::uint16_t port_;
    System system_;
};

}  // namespace eft::qemu
