// A 16550 UART with FIFOs, at 115200 8N1 (PC16550D data sheet).
//
// Works after an incarnation that died anywhere, in the middle of the divisor included: `start` puts
// every register into a known state, but clears no FIFO, so that neither typed characters nor the
// last words of the dead are lost. What waits to be sent, and what was received and not yet taken,
// lies in `Buffers`, which the program may keep in its state region. A death between sending a byte
// and noting that it was sent sends it twice; none is lost.
//
// No interrupt can be lost for good. `service` looks at the line status itself and uses the
// interrupt identification only to know when to stop, so it may be called at any time, for any
// reason. The line is edge-triggered: it falls only when nothing is pending. `service` ends with
// interrupts turned off and on again, so that something that came in between makes a new edge.
#pragma once

#include <drivers/uart/byte_ring.h>
#include <drivers/uart/registers.h>
#include <eft/abi/result.h>

#include <span>

namespace eft::uart {

constexpr u32 kTransmitCapacity = 4096;
constexpr u32 kReceiveCapacity = 1024;

// What the line did to us, counted since the buffers were made.
struct LineErrors {
    u32 overruns = 0;  // the device had no room: we were too slow
    u32 dropped = 0;   // our buffer had no room: nobody reads
    u32 parity = 0;
    u32 framing = 0;
    u32 breaks = 0;
};

struct Buffers {
    ByteRing<kTransmitCapacity> transmit;
    ByteRing<kReceiveCapacity> receive;
    LineErrors errors;
};
static_assert(std::is_trivially_copyable_v<Buffers>);

// What `service` found.
struct Serviced {
    bool received = false;  // there are new bytes in the receive buffer
    bool sent = false;      // there is new room in the transmit buffer
    bool more = false;      // the device is not done: call again soon, without waiting for an interrupt
};

template <hw::RegisterAccess Access>
class Uart {
public:
    // NoDevice if nothing answers at these registers.
    static Result<Uart> start(Access access, Buffers& buffers) {
        Uart uart(access, buffers);
        // DLAB first: with it set, offsets 0 and 1 are the divisor.
        hw::write<LineControl>(access, kLine);
        hw::write<InterruptEnable>(access, hw::Value<InterruptEnable>());
        if (!uart.answers()) return Error::NoDevice;
        uart.set_divisor();
        // 8.5: writing the enable bit over itself clears nothing; turning the FIFOs on clears both.
        hw::write<FifoControl>(access, hw::Value<FifoControl>().template with<FifoControl::Enable>());
        hw::write<ModemControl>(access, hw::Value<ModemControl>()
                                            .template with<ModemControl::DataTerminalReady>()
                                            .template with<ModemControl::RequestToSend>()
                                            .template with<ModemControl::Output2>());
        uart.service();
        return uart;
    }

    // Takes as many bytes as there is room for, starts sending, and returns how many it took.
    std::size_t write(std::span<const u8> bytes) {
        std::size_t taken = 0;
        while (taken < bytes.size() && buffers_->transmit.put(bytes[taken])) ++taken;
        if (!sending_ && !buffers_->transmit.empty()) {
            const auto status = hw::read<LineStatus>(access_);
            note(status);
            transmit(status);
            enable_interrupts();
        }
        return taken;
    }

    std::optional<u8> read() { return buffers_->receive.take(); }

    // Does all that can be done now: after an interrupt, and from time to time in case of none.
    Serviced service() {
        Serviced result;
        result.more = true;
        for (unsigned round = 0; round < kRounds && result.more; ++round) {
            const auto identification = hw::read<InterruptIdentification>(access_);
            const auto status = hw::read<LineStatus>(access_);
            result.received |= receive(status);
            result.sent |= transmit(status);
            result.more = status.template has<LineStatus::DataReady>() ||
                          !identification.template has<InterruptIdentification::NonePending>();
        }
        enable_interrupts();
        return result;
    }

    // Is everything that was written on the wire?
    bool idle() {
        const auto status = hw::read<LineStatus>(access_);
        note(status);
        return buffers_->transmit.empty() && status.template has<LineStatus::TransmitterEmpty>();
    }

private:
    static constexpr unsigned kRounds = 64;  // a device that never runs dry must not hold us here
    static constexpr auto kLine = hw::Value<LineControl>().with<LineControl::WordLength>(kEightBits);

    Uart(Access access, Buffers& buffers) : access_(access), buffers_(&buffers) {}

    // 8.10: the scratch register keeps what is written; an empty bus reads as all ones.
    bool answers() {
        for (const u8 pattern : {u8{0x5a}, u8{0xa5}}) {
            hw::write<Scratch>(access_, hw::Value<Scratch>(pattern));
            if (hw::read<Scratch>(access_).raw() != pattern) return false;
        }
        return true;
    }

    // Only if it differs: a write restarts the generator in the middle of a character (8.3).
    void set_divisor() {
        hw::write<LineControl>(access_, kLine.template with<LineControl::DivisorAccess>());
        const u16 divisor = static_cast<u16>(hw::read<DivisorLow>(access_).raw() |
                                             hw::read<DivisorHigh>(access_).raw() << 8);
        if (divisor != kDivisor115200) {
            hw::write<DivisorLow>(access_, hw::Value<DivisorLow>(kDivisor115200 & 0xff));
            hw::write<DivisorHigh>(access_, hw::Value<DivisorHigh>(kDivisor115200 >> 8));
        }
        hw::write<LineControl>(access_, kLine);
    }

    // Reading the line status forgets its errors, so every reading is noted here, once.
    void note(hw::Value<LineStatus> status) {
        LineErrors& errors = buffers_->errors;
        errors.overruns += status.template has<LineStatus::Overrun>();
        errors.parity += status.template has<LineStatus::ParityError>();
        errors.framing += status.template has<LineStatus::FramingError>();
        errors.breaks += status.template has<LineStatus::Break>();
    }

    // `status` is fresh: one byte is taken for each reading that says that there is one.
    bool receive(hw::Value<LineStatus> status) {
        bool received = false;
        note(status);
        for (unsigned taken = 0; taken < kFifoDepth && status.template has<LineStatus::DataReady>(); ++taken) {
            const u8 byte = hw::read<ReceiverBuffer>(access_).raw();
            // 8.4: a break comes with one zero character, which nobody typed.
            if (!status.template has<LineStatus::Break>()) {
                if (buffers_->receive.put(byte)) received = true;
                else ++buffers_->errors.dropped;
            }
            status = hw::read<LineStatus>(access_);
            note(status);
        }
        return received;
    }

    // 8.4: an empty holding register in FIFO mode is room for a whole FIFO.
    bool transmit(hw::Value<LineStatus> status) {
        if (!status.template has<LineStatus::HoldingEmpty>()) return false;
        bool sent = false;
        for (unsigned count = 0; count < kFifoDepth; ++count) {
            const std::optional<u8> byte = buffers_->transmit.front();
            if (!byte) break;
            hw::write<TransmitterHolding>(access_, hw::Value<TransmitterHolding>(*byte));
            buffers_->transmit.pop();
            sent = true;
        }
        return sent;
    }

    // Off and on again: what is pending makes a new edge (8.7: all sources off makes the line fall).
    // The transmitter's interrupt is wanted as long as something waits; with an empty holding
    // register it comes at once.
    void enable_interrupts() {
        sending_ = !buffers_->transmit.empty();
        hw::write<InterruptEnable>(access_, hw::Value<InterruptEnable>());
        hw::write<InterruptEnable>(access_, hw::Value<InterruptEnable>()
                                                .template with<InterruptEnable::ReceivedData>()
                                                .template with<InterruptEnable::LineStatus>()
                                                .template with<InterruptEnable::TransmitterEmpty>(sending_));
    }

    Access access_;
    Buffers* buffers_;
    bool sending_ = false;  // the transmitter's interrupt is on
};

}  // namespace eft::uart
