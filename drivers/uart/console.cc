#include <drivers/uart/console.h>

#include <eft/panic.h>

namespace eft::uart {

void ConsoleServer::resume() {
    // The device's own bytes are no part of transactions.
    auto line = Uart::start(ports_, const_cast<Buffers&>(shared().buffers));
    if (!line.ok()) panic("uart: nothing answers at the serial line's ports");
    uart_.emplace(std::move(*line));
}

Result<console::Taken> ConsoleServer::write(ipc::Context&, Session&, const console::Output& request) {
    EFT_TRY([[maybe_unused]] auto* put, edit(shared().buffers.transmit.written()));
    console::Taken taken;
    taken.count = static_cast<u32>(uart_->write(request.bytes));
    waits_for_room_ |= taken.count < request.bytes.size();
    if (!uart_->is_sending()) look_again();  // it is sent when this has been answered
    return taken;
}

Result<console::Input> ConsoleServer::read(ipc::Context&, Session&, const console::Wanted& request) {
    EFT_TRY([[maybe_unused]] auto* removed, edit(shared().buffers.receive.taken()));
    EFT_TRY(u32 * reported, edit(shared().lost_reported));
    const u32 lost = shared().buffers.errors.overruns;
    console::Input input;
    input.lost = lost - std::exchange(*reported, lost);
    std::size_t count = 0;
    while (count < std::min<std::size_t>(request.count, input_.size())) {
        const auto byte = uart_->read();
        if (!byte) break;
        input_[count++] = *byte;
    }
    input.bytes = std::span(input_).first(count);
    return input;
}

bool ConsoleServer::works() {
    const Waiting waiting = uart_->waiting();
    return sent_.works(waiting.to_send, waiting.sent) & taken_.works(waiting.received, waiting.taken);
}

bool ConsoleServer::progress() {
    const Serviced done = uart_->service();
    if (done.received || (done.sent && std::exchange(waits_for_room_, false))) for_each_session([](Session& session) { session.signal(); });
    return !done.more;
}

}  // namespace eft::uart
