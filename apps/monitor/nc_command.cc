// `nc`: one connection, whose bytes are the terminal's. What is typed goes out line by line; Ctrl-D at the beginning of a line is
// the end of it. It ends when the other side has ended.
#include "monitor/network.h"

#include <eft/json.h>

#include <array>

namespace eft::monitor {
namespace {

constexpr char kEndOfInput = 4;  // Ctrl-D

Task<Result<socket::Stream>> wait_for_one(Shell& shell, u16 port) {
    const socket::Endpoint local{.address = {}, .port = port};
    EFT_CO_TRY(socket::Listener listener, co_await shell.sockets().listen(local, 1));
    EFT_CO_TRY(socket::Stream stream, co_await listener.accept());
    const std::string line = "connected: " + std::string(socket::to_text(stream.peer()).view()) + "\n";
    co_await shell.print(line);
    co_return std::move(stream);
}

Task<Result<socket::Stream>> connect_to(Shell& shell, std::string_view host, u16 port) {
    EFT_CO_TRY(const socket::Address address, co_await shell.sockets().resolve(host));
    const socket::Endpoint peer{.address = address, .port = port};
    EFT_CO_TRY(socket::Stream stream, co_await shell.sockets().connect(peer));
    co_return std::move(stream);
}

// Errors are the receiver's to tell: both sides of a connection have them.
Task<void> send_typed_lines(Shell& shell, socket::Stream& stream) {
    LineEditor editor;
    for (;;) {
        const char byte = co_await shell.console().read();
        if (byte == kEndOfInput && editor.text().empty()) break;
        std::string echo;
        const Typed typed = editor.type(byte, echo);
        co_await shell.console().print(echo);
        if (typed != Typed::Line) continue;
        const std::string line = editor.take_line() + "\n";
        const Status sent = co_await stream.write(std::as_bytes(std::span(line)));
        if (!sent.ok()) co_return;
    }
    [[maybe_unused]] const Status ended = stream.shutdown(socket::Directions::Send);
}

Task<Status> print_received(Shell& shell, socket::Stream& stream) {
    std::array<char, 4096> buffer;
    for (;;) {
        EFT_CO_TRY(const u64 count, co_await stream.read(std::as_writable_bytes(std::span(buffer))));
        if (count == 0) co_return Status{};
        co_await shell.print({buffer.data(), count});
    }
}

Task<Status> talk(Shell& shell, socket::Stream stream, bool from_terminal) {
    Task<void> sending = send_typed_lines(shell, stream);
    if (from_terminal) sending.start();
    const Status ended = co_await print_received(shell, stream);
    co_await shell.loop().yield();  // it may be the sender that runs us: it is not destroyed from within
    co_return ended;
}

}  // namespace

Task<int> command_nc(Shell& shell, const Arguments& given) {
    const std::string* const listening = given.value("-l");
    const bool is_form = listening ? given.words.empty() : given.words.size() == 2;
    int status = 0;
    if (!is_form) {
        status = co_await shell.fail(given, "a host and a port, or -l and a port, are wanted");
        co_return status;
    }
    const std::string& port_text = listening ? *listening : given.words[1];
    const std::string object = listening ? "port " + port_text : given.words[0];
    const Result<u16> port = socket::parse_port(port_text);
    if (!port.ok()) {
        const std::string wrong = terminal_text(port_text) + ": a port is wanted, 1 to 65535";
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    Task<Result<socket::Stream>> connecting = listening ? wait_for_one(shell, *port) : connect_to(shell, given.words[0], *port);
    Result<socket::Stream> stream = co_await connecting;
    if (!stream.ok()) {
        status = co_await fail_network(shell, given, object, stream.error());
        co_return status;
    }
    Task<Status> talking = talk(shell, std::move(*stream), !given.in_background);
    const Status ended = co_await talking;
    if (!ended.ok()) status = co_await fail_network(shell, given, object, ended.error());
    co_return status;
}

}  // namespace eft::monitor
