// A driver dies with the answer in its buffers: who waits for it asks again at once, and not when a timer of seconds ends.
#include <system.h>
#include <wire.h>

#include <doctest/doctest.h>

using namespace eft::qemu;
using namespace std::chrono_literals;

namespace {

const std::string kOwnCard("\x02\x00\x00\x00\x00\x09", 6), kOwnAddress("\xc0\x00\x02\x09", 4);  // 192.0.2.9
constexpr std::size_t kType = 12, kPayload = 14;

// The answer to a request for our address (RFC 826); nothing: it is none.
std::optional<std::string> arp_answer(const std::string& frame) {
    constexpr std::size_t kOperation = kPayload + 6, kSender = kPayload + 8, kSenderBytes = 10, kTarget = kPayload + 24;
    if (frame.size() < kTarget + 4 || frame.substr(kType, 2) != "\x08\x06" || frame.substr(kTarget, 4) != kOwnAddress) return std::nullopt;
    return frame.substr(6, 6) + kOwnCard + frame.substr(kType, kOperation - kType) + std::string("\x00\x02", 2) + kOwnCard + kOwnAddress +
           frame.substr(kSender, kSenderBytes);
}

// Of TCP over IPv4, without options.
bool is_syn(const std::string& frame) {
    constexpr std::size_t kProtocol = kPayload + 9, kFlags = kPayload + 20 + 13;
    return frame.size() > kFlags && frame.substr(kType, 2) == std::string("\x08\x00", 2) && frame[kProtocol] == 6 && (frame[kFlags] & 2) != 0;
}

// Says who we are meanwhile.
bool sends_syn(Wire& wire, Duration within) {
    for (const Deadline deadline = after(within); until(deadline) > Duration(0);) {
        const auto frame = wire.receive(deadline);
        if (!frame) continue;
        if (is_syn(*frame)) return true;
        if (const auto answer = arp_answer(*frame)) wire.send(*answer);
    }
    return false;
}

}  // namespace

TEST_CASE("a connection that begins is not held up by a death of the driver") {
    Wire wire;
    System system({.archive = EFT_TARGET_TREE "/addressed.archive", .cards = {wire.card()}});
    system.run("service wait net; service wait virtio_net");
    system.run("fetch http://192.0.2.9/ & sleep 10");
    REQUIRE(sends_syn(wire, 5s));
    system.run("service kill virtio_net");
    CHECK(sends_syn(wire, 1s));
}
