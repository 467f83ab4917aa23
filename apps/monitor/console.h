// The terminal, over the console service. Whoever drives it may die at any time: calls are repeated by the stub, and what
// was not taken stays here.
#pragma once

#include <eft/ipc/kernel_transport.h>
#include <eft/wake_loop.h>

#include <eft/idl/console.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eft::monitor {

class Console final : private WakeSource {
public:
    explicit Console(WakeLoop& loop) : loop_(loop) {}

    Status connect(std::string_view service);

    // Waits only while much is still to be printed. A line feed becomes carriage return and line feed.
    Task<void> print(std::string_view text);
    // Until everything was taken by the driver.
    Task<void> drained();
    // The next byte that was typed. One reader at a time.
    Task<char> read();

    // For the stub: the driver has forgotten this session.
    Status reopen(ipc::Client<ipc::KernelTransport>&);

private:
    static constexpr std::size_t kMuch = 4096;

    void on_wake() override;
    // Every signal stands for something new; there is nothing that could be overlooked.
    bool prepare_to_sleep() override { return true; }
    void fetch();
    void send();
    Task<void> fewer_than(std::size_t bytes);

    WakeLoop& loop_;
    CapHandle wake_;
    std::optional<console::ConsoleClient<>> client_;
    std::string input_, output_;
    std::optional<Completion<bool>> typed_;
    std::vector<Completion<bool>*> waiting_for_room_;
};

}  // namespace eft::monitor
