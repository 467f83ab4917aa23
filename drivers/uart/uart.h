// A 16550 UART with FIFOs, at 115200 8N1 (PC16550D data sheet).
//
// Works after an incarnation that crashed anywhere, in the middle of the divisor included: `start` puts
// every register into a known state, but clears no FIFO, so that neither typed characters nor the
// last words of the last incarnation are lost. What waits to be sent, and what was received and not yet taken,
// lies in `Buffers`, which the program may keep in its state region. A crash between sending a byte
// and noting that it was sent sends it twice. One that was received is lost only by a crash at one of the few instructions
// that bring it from the device to `Buffers::landed`.
//
// No interrupt can be lost for good. `service` works with interrupts turned off, goes by the line
// status alone, and may be called at any time, for any reason. The line is edge-triggered; turning
// interrupts on again makes an edge if anything is pending then.
#pragma once

#include <drivers/uart/byte_ring.h>
#include <drivers/uart/registers.h>
#include <eft/abi/result.h>
#include <eft/hw/ports.h>

#include <span>

namespace eft::uart {

constexpr u32 kTransmitCapacity = 4096;
constexpr u32 kReceiveCapacity = 1024;

// What the line did to us, counted since the buffers were made.
struct LineErrors {
    u32 overruns = 0;  // the device had no room: we were too slow, or nobody reads and the peer did not wait
    u32 parity = 0;
    u32 framing = 0;
    u32 breaks = 0;
};

struct Buffers {
    ByteRing<kTransmitCapacity> transmit;
    ByteRing<kReceiveCapacity> receive;
    LineErrors errors;
    // The byte that was taken from the device last, and behind how many others (of which 16 bits suffice) it belongs into
    // `receive`: kLanded, the byte, and 16 bits more. 0: there was none.
    u32 landed = 0;
};
constexpr u32 kLanded = 0x100;
static_assert(std::is_trivially_copyable_v<Buffers>);

// What `service` found.
struct Serviced {
    bool received = false;  // there are new bytes in the receive buffer
    bool sent = false;      // there is new room in the transmit buffer
    bool more = false;      // the device is not done: call again soon, without waiting for an interrupt
};

// What the device and the buffers wait for that this driver has to do.
struct Waiting {
    bool to_send = false;   // there are bytes to be sent, and the device would take them
    bool received = false;  // the device has bytes, and there is room for them
    u32 sent = 0, taken = 0;  // run freely
};

class Uart {
public:
    // NoDevice: nothing answers at these ports. `buffers` outlive the Uart.
    static Result<Uart> start(hw::Ports ports, Buffers& buffers);

    // Takes as many bytes as there is room for, and returns how many it took. service() sends them: not before the caller has
    // committed that they are there.
    std::size_t write(std::span<const u8> bytes);
    // Sending goes on by interrupts: service() need not be called for what was written.
    bool is_sending() const { return sending_; }

    // The next received byte; nothing if there is none. Who does not read stops the peer, when the buffer is full.
    std::optional<u8> read();

    // Does all that can be done now: after an interrupt, and from time to time in case of none.
    Serviced service();

    Waiting waiting();

    // Is everything that was written on the wire?
    bool idle();

private:
    Uart(hw::Ports ports, Buffers& buffers) : ports_(ports), buffers_(&buffers) {}

    bool answers();
    void set_divisor();
    hw::Value<LineStatus> take_status();
    bool receive(hw::Value<LineStatus> status);
    bool put_landed();
    bool transmit(hw::Value<LineStatus> status);
    void enable_interrupts();

    hw::Ports ports_;
    Buffers* buffers_;
    bool sending_ = false;     // the transmitter's interrupt is on
    bool holds_peer_ = false;  // there is no room: the receiver's is off
};

}  // namespace eft::uart
