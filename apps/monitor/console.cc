#include "monitor/console.h"

#include <eft/session.h>

#include <algorithm>

namespace eft::monitor {
Status Console::connect(std::string_view service) {
    EFT_TRY(CapHandle session, eft::connect(service));
    client_.emplace(std::move(session));
    client_->on_reopen(*this);
    EFT_TRY(wake_, loop_.add(*this));
    EFT_CHECK(reopen(*client_));
    fetch();
    return {};
}

Status Console::reopen(ipc::Client<ipc::KernelTransport>&) {
    console::Attach request;
    request.wake = wake_;
    return client_->attach(request).error();
}

Task<void> Console::print(std::string_view text) {
    for (char character : text) {
        if (character == '\n') output_.push_back('\r');
        output_.push_back(character);
    }
    send();
    co_await fewer_than(kMuch);
}

Task<void> Console::drained() { co_await fewer_than(1); }

Task<void> Console::fewer_than(std::size_t bytes) {
    while (output_.size() >= bytes) {
        Waiter waiter(waiting_for_room_);
        [[maybe_unused]] Status any = co_await waiter.woken;
    }
}

Task<char> Console::read() {
    while (input_.empty()) {
        Waiter waiter(reader_);
        [[maybe_unused]] Status any = co_await waiter.woken;
    }
    const char first = input_.front();
    input_.erase(0, 1);
    co_return first;
}

void Console::on_interrupt(Interruptible* target) { interruptible_ = target; }

void Console::on_wake() {
    send();
    fetch();
    if (interrupt_waits()) {
        input_.erase(0, input_.rfind(kCtrlC) + 1);
        output_.clear();
        interruptible_->interrupted();
        waiting_for_room_.wake_all({});
    }
    if (!input_.empty()) reader_.wake_all({});
}

void Console::fetch() {
    for (;;) {
        auto input = client_->read({});
        if (!input.ok() || input->bytes.empty()) return;
        input_.append(reinterpret_cast<const char*>(input->bytes.data()), input->bytes.size());
    }
}

// An error here is the driver's (it is held, or died twice under us): what was not taken is tried again with the next
// signal.
void Console::send() {
    std::size_t sent = 0;
    while (sent < output_.size()) {
        console::Output request;
        const std::size_t size = std::min(output_.size() - sent, console::Output::kBytesMax);
        request.bytes = {reinterpret_cast<const u8*>(output_.data()) + sent, size};
        auto taken = client_->write(request);
        if (!taken.ok() || taken->count == 0) break;
        sent += std::min<std::size_t>(taken->count, size);
    }
    if (sent == 0) return;
    output_.erase(0, sent);
    waiting_for_room_.wake_all({});
}

}  // namespace eft::monitor
