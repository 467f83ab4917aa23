// Keeps the network server busy while it is killed: a byte goes there and back over a connection of the loopback interface, again
// and again, and requests for connections are in its ring at every moment, to a machine that is not there.
//
// Beside the recovery of the server, which the program `recovery` measures, it measures what a program sees of it: how long the
// byte that was on its way at a death takes.
#include "figures.h"

#include <eft/socket/sockets.h>
#include <eft/wake_loop.h>

#include <algorithm>
#include <array>

using namespace eft;
using namespace eft::bench;
using socket::Stream;

namespace {

constexpr u16 kPort = 7000;
constexpr u32 kPauses = 200;         // that are measured; there are more deaths
constexpr u64 kLeastPause = 400'000;  // ns: longer than a turn that nothing has happened to

constexpr socket::Sizes kSizes{.sockets = 8};
constexpr std::string_view kLoopback = "127.0.0.1", kNobody = "10.0.2.99";  // of QEMU's user network
constexpr u32 kCallers = 4;

void require_byte(const Result<u64>& read) {
    if (!read.ok() || *read != 1) give_up("a connection was lost", read.error());
}

Task<void> give_back(Stream stream) {
    std::array<std::byte, 1> byte;
    for (;;) {
        require_byte(co_await stream.read(byte));
        require(co_await stream.write(byte), "a byte was not given back");
    }
}

Task<void> serve(socket::Sockets& sockets) {
    auto listener = require(co_await sockets.listen({.address = {}, .port = kPort}), "nobody listens");
    for (;;) start_detached(give_back(require(co_await listener.accept(), "nobody comes")));
}

void print(std::array<u64, kPauses>& pauses) {
    std::sort(pauses.begin(), pauses.end());
    report("recovery.net.byte.p50", pauses[kPauses / 2]);
    report("recovery.net.byte.p99", pauses[kPauses * 99 / 100]);
    report("recovery.net.byte.max", pauses[kPauses - 1]);
}

Task<void> talk(socket::Sockets& sockets) {
    static std::array<u64, kPauses> pauses;
    const socket::Endpoint peer{.address = require(co_await sockets.resolve(kLoopback), "no address"), .port = kPort};
    Stream stream = require(co_await sockets.connect(peer), "no connection");
    std::array<std::byte, 1> byte{};
    for (u32 count = 0;;) {
        const u64 start = sys::time_stamp();
        require(co_await stream.write(byte), "a byte was not sent");
        require_byte(co_await stream.read(byte));
        const u64 duration = sys::time_stamp() - start;
        if (duration < kLeastPause || count == kPauses) continue;
        pauses[count++] = duration;
        if (count == kPauses) print(pauses);
    }
}

Task<void> call_nobody(socket::Sockets& sockets) {
    const socket::Endpoint nobody{.address = require(co_await sockets.resolve(kNobody), "no address"), .port = kPort};
    for (;;) static_cast<void>(co_await sockets.connect(nobody));
}

}  // namespace

int eft_main() {
    report_ready();
    static WakeLoop loop;
    static socket::Sockets sockets(loop, kSizes);
    start_detached(serve(sockets));
    start_detached(talk(sockets));
    for (u32 i = 0; i < kCallers; ++i) start_detached(call_nobody(sockets));
    for (;;) loop.run_once();
}
