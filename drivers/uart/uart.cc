// What is read from and written to a 16550, and in which order: see uart.h.
#include <drivers/uart/uart.h>

namespace eft::uart {

namespace {

constexpr unsigned kRounds = 64;  // a device that never runs dry must not hold us here
constexpr auto kLine = hw::Value<LineControl>().with<LineControl::WordLength>(kEightBits);

}  // namespace

Result<Uart> Uart::start(hw::Ports ports, Buffers& buffers) {
    Uart uart(ports, buffers);
    // DLAB first: with it set, offsets 0 and 1 are the divisor.
    hw::write<LineControl>(ports, kLine);
    hw::write<InterruptEnable>(ports, hw::Value<InterruptEnable>());
    if (!uart.answers()) return Error::NoDevice;
    uart.set_divisor();
    // 8.5: writing the enable bit over itself clears nothing; turning the FIFOs on clears both.
    hw::write<FifoControl>(ports, hw::Value<FifoControl>().with<FifoControl::Enable>());
    if (buffers.landed & kLanded) static_cast<void>(uart.put_landed());
    uart.service();
    return uart;
}

std::size_t Uart::write(std::span<const u8> bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && buffers_->transmit.put(bytes[taken])) ++taken;
    return taken;
}

Serviced Uart::service() {
    Serviced result;
    result.more = true;
    hw::write<InterruptEnable>(ports_, hw::Value<InterruptEnable>());  // each byte would interrupt us
    for (unsigned round = 0; round < kRounds && result.more; ++round) {
        const auto status = take_status();
        result.received |= receive(status);
        const bool sent = transmit(status);
        result.sent |= sent;
        result.more = (status.has<LineStatus::DataReady>() && !holds_peer_) || (sent && !buffers_->transmit.empty());
    }
    enable_interrupts();
    return result;
}

Waiting Uart::waiting() {
    const auto status = take_status();
    return {.to_send = status.has<LineStatus::HoldingEmpty>() && !buffers_->transmit.empty(),
            .received = status.has<LineStatus::DataReady>() && !buffers_->receive.full(),
            .sent = buffers_->transmit.taken(),
            .taken = buffers_->receive.written()};
}

bool Uart::idle() { return take_status().has<LineStatus::TransmitterEmpty>() && buffers_->transmit.empty(); }

// 8.10: the scratch register keeps what is written; an empty bus reads as all ones.
bool Uart::answers() {
    for (const u8 pattern : {u8{0x5a}, u8{0xa5}}) {
        hw::write<Scratch>(ports_, hw::Value<Scratch>(pattern));
        if (hw::read<Scratch>(ports_).raw() != pattern) return false;
    }
    return true;
}

// Only if it differs: a write restarts the generator in the middle of a character (8.3).
void Uart::set_divisor() {
    hw::write<LineControl>(ports_, kLine.with<LineControl::DivisorAccess>());
    const u16 divisor = static_cast<u16>(hw::read<DivisorLow>(ports_).raw() | hw::read<DivisorHigh>(ports_).raw() << 8);
    if (divisor != kDivisor115200) {
        hw::write<DivisorLow>(ports_, hw::Value<DivisorLow>(kDivisor115200 & 0xff));
        hw::write<DivisorHigh>(ports_, hw::Value<DivisorHigh>(kDivisor115200 >> 8));
    }
    hw::write<LineControl>(ports_, kLine);
}

// Reading the line status clears its errors, so every reading counts them, once.
hw::Value<LineStatus> Uart::take_status() {
    const auto status = hw::read<LineStatus>(ports_);
    LineErrors& errors = buffers_->errors;
    errors.overruns += status.has<LineStatus::Overrun>();
    errors.parity += status.has<LineStatus::ParityError>();
    errors.framing += status.has<LineStatus::FramingError>();
    errors.breaks += status.has<LineStatus::Break>();
    return status;
}

// `status` is fresh: one byte is taken for each reading that says that there is one. What there is no room for stays in the FIFO.
bool Uart::receive(hw::Value<LineStatus> status) {
    bool received = false;
    for (unsigned taken = 0; taken < kFifoDepth && status.has<LineStatus::DataReady>(); ++taken) {
        // 8.4: a break comes with one zero character, which nobody typed.
        const bool is_typed = !status.has<LineStatus::Break>();
        holds_peer_ = is_typed && buffers_->receive.full();
        if (holds_peer_) break;
        // It exists nowhere else: what takes it stores it at once.
        const u32 place = (buffers_->receive.written() << 16 | kLanded) * is_typed;
        buffers_->landed = hw::read<ReceiverBuffer>(ports_).raw() | place;
        __atomic_signal_fence(__ATOMIC_RELEASE);
        if (is_typed) received |= put_landed();
        status = take_status();
    }
    return received;
}

// Once, however often it is tried: it has another place then.
bool Uart::put_landed() {
    const u32 landed = buffers_->landed;
    return landed >> 16 == (buffers_->receive.written() & 0xffff) && buffers_->receive.put(static_cast<u8>(landed));
}

std::optional<u8> Uart::read() {
    const std::optional<u8> byte = buffers_->receive.take();
    if (holds_peer_ && buffers_->receive.size() <= kReceiveCapacity / 2) {
        holds_peer_ = false;
        enable_interrupts();
    }
    return byte;
}

// 8.4: an empty holding register in FIFO mode is room for a whole FIFO.
bool Uart::transmit(hw::Value<LineStatus> status) {
    if (!status.has<LineStatus::HoldingEmpty>()) return false;
    bool sent = false;
    for (unsigned count = 0; count < kFifoDepth; ++count) {
        const std::optional<u8> byte = buffers_->transmit.front();
        if (!byte) break;
        hw::write<TransmitterHolding>(ports_, hw::Value<TransmitterHolding>(*byte));
        buffers_->transmit.pop();
        sent = true;
    }
    return sent;
}

// Off and on again: what is pending makes a new edge (8.7: all sources off makes the line fall).
// The transmitter's interrupt is wanted as long as something waits; with an empty holding
// register it comes at once; the receiver's, as long as there is room. Without it the peer is told to wait (8.8): one that does not
// look at RTS overruns the FIFO.
void Uart::enable_interrupts() {
    sending_ = !buffers_->transmit.empty();
    hw::write<ModemControl>(ports_, hw::Value<ModemControl>()
                                        .with<ModemControl::DataTerminalReady>()
                                        .with<ModemControl::RequestToSend>(!holds_peer_)
                                        .with<ModemControl::Output2>());
    hw::write<InterruptEnable>(ports_, hw::Value<InterruptEnable>());
    hw::write<InterruptEnable>(ports_, hw::Value<InterruptEnable>()
                                           .with<InterruptEnable::ReceivedData>(!holds_peer_)
                                           .with<InterruptEnable::LineStatus>()
                                           .with<InterruptEnable::TransmitterEmpty>(sending_));
}

}  // namespace eft::uart
