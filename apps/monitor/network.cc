#include "monitor/network.h"

#include <eft/json.h>

namespace eft::monitor {
namespace {

Task<void> tell_end(Task<void> task, Completion<bool>& ended) {
    co_await task;
    ended.set(true);
}

Task<void> tell_time(Clock& clock, u64 nanoseconds, Completion<bool>& ended) {
    [[maybe_unused]] const Status slept = co_await clock.sleep(nanoseconds);
    ended.set(false);
}

}  // namespace

Task<int> fail_network(Shell& shell, const Arguments& given, std::string_view object, Error error) {
    const bool is_of_server = error == Error::ServiceHeld || error == Error::ServiceFailed || error == Error::NotFound;
    int status = 0;
    if (is_of_server) {
        status = co_await shell.fail(given, kNetworkService, error);
    } else {
        const std::string what = terminal_text(object) + ": " + std::string(socket::error_text(error));
        status = co_await shell.fail(given, what);
    }
    co_return status;
}

Task<bool> within(Shell& shell, u64 nanoseconds, Task<void> task) {
    Completion<bool> ended;
    Task<void> running = tell_end(std::move(task), ended);
    Task<void> sleeping = tell_time(shell.clock(), nanoseconds, ended);
    running.start();
    if (!ended.is_set()) sleeping.start();
    const bool by_itself = co_await ended;
    co_await shell.loop().yield();  // it may be one of them that runs us: it is not destroyed from within
    co_return by_itself;
}

}  // namespace eft::monitor
