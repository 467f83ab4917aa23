// The service Console over a UART: what is typed and what is to be printed lies in the state region.
//
// Write and Read change one index each, within the transaction that commits with the reply: a call that died with the
// driver has neither put nor taken a byte. What the line itself does (bytes sent, bytes received) is outside of
// transactions, and sends what is committed; so one byte may be sent twice after a death, and none is lost that uart.h does not name.
#pragma once

#include <drivers/uart/uart.h>

#include <eft/idl/console.h>
#include <eft/state/stateful_server.h>
#include <eft/work_watch.h>

#include <array>
#include <optional>

namespace eft::uart {

constexpr u32 kSessions = 8;
constexpr u32 kLayoutVersion = 4;

struct ConsoleState {
    Buffers buffers;
    u32 lost_reported = 0;  // of the overruns so far
    u32 reserved = 0;
};

class ConsoleServer : public StatefulServer<console::Console, ConsoleState, kSessions> {
public:
    ConsoleServer(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, const hw::Ports& ports)
        : StatefulServer(memory, layout_version, slots), ports_(ports) {}

    // Starts the line. Panics if nothing answers.
    void resume();

    Result<console::Taken> write(ipc::Context&, Session&, const console::Output& request);
    Result<console::Input> read(ipc::Context&, Session&, const console::Wanted& request);

    void woken(u64 bits) { static_cast<void>(bits); }
    // What waits on the line, or to be sent, does so only once.
    bool works();
    // The line's interrupt, or our own reminder. False: call again soon.
    bool progress();

private:
    hw::Ports ports_;
    std::optional<Uart> uart_;
    WorkWatch sent_, taken_;
    bool waits_for_room_ = true;  // after a restart nobody knows
    std::array<u8, console::Input::kBytesMax> input_{};  // of the answer under way
};

}  // namespace eft::uart
