// `ping`: one request a second, and how long its answer takes.
#include "monitor/network.h"
#include "monitor/network_text.h"

#include <eft/json.h>
#include <eft/text.h>

#include <array>

namespace eft::monitor {
namespace {

constexpr u64 kSecond = 1'000'000'000;
constexpr std::size_t kBytes = 56;  // as elsewhere
constexpr u32 kMostPings = 65535;   // each has a number of its own

struct Answer {
    bool has_come = false;
    Error error = Error::None;
    u64 at = 0;
    u32 bytes = 0;
};

// Until the answer to this one has come. Others are late.
Task<void> receive_answer(Shell& shell, socket::DatagramSocket& socket, u16 sequence, Answer& answer) {
    std::array<std::byte, kBytes> buffer;
    for (;;) {
        const Result<socket::Datagram> datagram = co_await socket.receive(buffer);
        answer.error = datagram.error();
        if (!datagram.ok()) co_return;
        if (datagram->sequence != sequence) continue;
        answer.has_come = true;
        answer.bytes = datagram->bytes;
        const Result<u64> now = co_await shell.clock().now();
        answer.at = now.value_or(0);
        co_return;
    }
}

// Asks once, and prints what comes of it, at the latest after a second. An error: it makes no sense to go on.
Task<Status> ask(Shell& shell, socket::DatagramSocket& socket, const socket::Endpoint& to, u16 sequence, PingTimes& times) {
    std::array<std::byte, kBytes> payload{};
    EFT_CO_TRY(const u64 start, co_await shell.clock().now());
    EFT_CO_CHECK(co_await socket.send(payload, to, sequence));
    times.add_sent();
    Answer answer;
    Task<void> receiving = receive_answer(shell, socket, sequence, answer);
    [[maybe_unused]] const bool in_time = co_await within(shell, kSecond, std::move(receiving));
    if (answer.error != Error::None) co_return answer.error;
    std::string line = "seq=" + std::to_string(sequence);
    if (answer.has_come) {
        const u64 took = answer.at > start ? answer.at - start : 0;
        times.add(took);
        line = std::to_string(answer.bytes) + " bytes from " + std::string(socket::to_text(to.address).view()) + ": " + line + " time=" + milliseconds_text(took) + "\n";
    } else {
        line.append(": no answer\n");
    }
    co_await shell.print(line);
    co_return Status{};
}

// How many answers there were.
Task<Result<u32>> ping(Shell& shell, std::string_view name, u32 count) {
    EFT_CO_TRY(const socket::Address address, co_await shell.sockets().resolve(name));
    EFT_CO_TRY(socket::DatagramSocket socket, co_await shell.sockets().open_ping());
    PingTimes times;
    const socket::Endpoint to{.address = address, .port = 0};
    for (u32 sequence = 1; sequence <= count; ++sequence) {
        EFT_CO_TRY(const u64 start, co_await shell.clock().now());
        EFT_CO_CHECK(co_await ask(shell, socket, to, static_cast<u16>(sequence), times));
        EFT_CO_TRY(const u64 end, co_await shell.clock().now());
        if (sequence != count && end - start < kSecond) EFT_CO_CHECK(co_await shell.clock().sleep(kSecond - (end - start)));
    }
    const std::string text = times.text();
    co_await shell.print(text);
    co_return times.answers();
}

}  // namespace

Task<int> command_ping(Shell& shell, const Arguments& given) {
    const std::string& name = given.words[0];
    int status = 0;
    u32 count = kMostPings;
    if (const std::string* const wanted = given.value("-c")) {
        count = parse_u32(*wanted).value_or(0);
        if (count == 0 || count > kMostPings) {
            const std::string wrong = terminal_text(*wanted) + ": a number of pings is wanted, 1 to " + std::to_string(kMostPings);
            status = co_await shell.fail(given, wrong);
            co_return status;
        }
    }
    const Result<u32> answers = co_await ping(shell, name, count);
    if (!answers.ok()) status = co_await fail_network(shell, given, name, answers.error());
    else if (*answers == 0) status = 1;
    co_return status;
}

}  // namespace eft::monitor
