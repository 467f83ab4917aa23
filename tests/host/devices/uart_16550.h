// A 16550 UART in software: FIFOs, a line status that clears when it is read, an edge-triggered interrupt line.
#pragma once

#include <eft/arch/device_model.h>
#include <eft/hw/ports.h>

#include <deque>
#include <string>
#include <string_view>

namespace eft::test {

class Uart16550 final : public host::DeviceModel {
public:
    static constexpr u16 kFirstPort = 0x3f8, kPortCount = 8;
    static constexpr std::size_t kFifoDepth = 16;

    // What the driver is given. On a machine (tests/host/machine) the slot must hold them.
    hw::Ports ports(Slot slot = Slot{1}) const { return {slot, kFirstPort, kPortCount}; }

    // Characters arrive at the line; what the FIFO has no room for is an overrun.
    void type(std::string_view text);
    // The transmitter's FIFO runs empty.
    void send_all();
    // The line's level, after something changed from outside.
    void update();

    // What a test may set.
    bool absent = false;         // an empty bus
    bool endless = false;        // there is always one more byte to receive
    bool sends_at_once = false;  // the transmitter's FIFO is never full

    std::deque<u8> incoming, sending;
    std::string wire;  // everything that was sent
    u8 interrupt_enable = 0, line_control = 0, modem_control = 0, fifo_control = 0, scratch = 0, errors = 0;
    u8 divisor[2] = {12, 0};
    bool line = false;  // as the IOAPIC sees it
    unsigned edges = 0, divisor_writes = 0;
    unsigned lost_bytes = 0;  // written to a full FIFO

private:
    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;
    bool divisor_selected() const { return (line_control & 0x80) != 0; }

    bool holding_empty_pending_ = false;
    host::DeviceWindow window_{*this, host::DeviceSpace::Ports, kFirstPort, kPortCount};
};

}  // namespace eft::test
