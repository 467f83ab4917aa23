// The terminal, over the console service. Whoever drives it may die at any time: calls are repeated by the stub, and what
// was not taken stays here.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/wait_list.h>
#include <eft/wake_loop.h>

#include <eft/idl/console.h>

#include <optional>
#include <string>
#include <string_view>

namespace eft::monitor {

// Who is told of Ctrl-C.
class Interruptible {
public:
    virtual void interrupted() = 0;

protected:
    ~Interruptible() = default;
};

class Console final : private WakeSource {
public:
    static constexpr char kCtrlC = 3;

    explicit Console(WakeLoop& loop) : loop_(loop) {}

    Status connect(std::string_view service);

    // Waits only while much is still to be printed. A line feed becomes carriage return and line feed.
    Task<void> print(std::string_view text);
    // Until everything was taken by the driver.
    Task<void> drained();
    // The next byte that was typed. One reader at a time.
    Task<char> read();

    // From now on Ctrl-C drops what was typed before it and what is still to be printed, and calls interrupted(), from the
    // loop and not from within a task; nullptr: it is a byte like others. One that was typed already counts.
    void on_interrupt(Interruptible* target);

    // For the stub: the driver has forgotten this session.
    Status reopen(ipc::Client<ipc::KernelTransport>&);

private:
    static constexpr std::size_t kMuch = 4096;

    void on_wake() override;
    // Every signal stands for something new; there is nothing that could be overlooked but a Ctrl-C that was typed ahead.
    bool prepare_to_sleep() override { return !interrupt_waits(); }
    bool interrupt_waits() const { return interruptible_ && input_.find(kCtrlC) != std::string::npos; }
    void fetch();
    void send();
    Task<void> fewer_than(std::size_t bytes);

    WakeLoop& loop_;
    CapHandle wake_;
    std::optional<console::ConsoleClient<>> client_;
    std::string input_, output_;
    WaitList reader_, waiting_for_room_;
    Interruptible* interruptible_ = nullptr;
};

}  // namespace eft::monitor
