// A virtio network device (Virtual I/O Device 1.2, 5.1): everything but the program around it.
//
// `start` resets the device first and waits for it, so it works in whatever state the last incarnation left it, and no frame
// of the last incarnation can touch memory afterwards. After an error of a queue, or when needs_reset() says so, `start` is
// simply called again; filters have to be told again then.
#pragma once

#include <drivers/virtio/transport.h>
#include <drivers/virtio_net/control_queue.h>
#include <drivers/virtio_net/frame_queue.h>

namespace eft::virtio_net {

class NetworkDevice {
public:
    // More than any device that answers takes: QEMU's reset ends within the write.
    static constexpr hw::Looks kResetLooks{100'000};
    static u64 memory_size();

    // `memory`, of memory_size(), is the device's from start() on, until it is reset.
    NetworkDevice(const virtio::Windows& windows, hw::DmaMemory memory, virtio::Vectors vectors)
        : transport_(windows), memory_(memory), vectors_(vectors) {}

    // TimedOut: the reset did not end. NotSupported, DeviceError: the device cannot be used (transport.h).
    Status start();

    // As its configuration says; known when it was started. The address: six bytes, the first one in the lowest bits.
    u64 address() const { return address_; }
    ethernet::Link link() const { return link_; }
    // 5.1.4: the link may change while the device runs; the configuration interrupt says so.
    Status refresh();

    bool has(u64 feature) const { return (features_ & feature) != 0; }
    FrameQueue& receive() { return receive_; }
    FrameQueue& send() { return send_; }
    // Null: the device has none, and lets everything through.
    ControlQueue* control() { return has(kFeatureControlReceive) ? &control_ : nullptr; }
    // Zeros, as many as a short frame may need behind it.
    u64 padding() const { return padding_.device_address; }

    // Tells the device that there is something new in both queues of frames, where it wants to be told.
    void kick();
    void ring_control() { transport_.ring(control_bell_); }

    hw::Value<virtio::InterruptStatus> take_interrupt_status() const { return transport_.take_interrupt_status(); }
    bool needs_reset() const { return transport_.needs_reset(); }

private:
    Status negotiate();
    Status read_address();
    Status start_queues();

    virtio::Transport transport_;
    hw::DmaMemory memory_;
    virtio::Vectors vectors_;
    u64 features_ = 0;
    u64 address_ = 0;
    ethernet::Link link_;
    FrameQueue receive_, send_;
    ControlQueue control_;
    hw::DmaMemory padding_;
    virtio::Doorbell receive_bell_, send_bell_, control_bell_;
};

}  // namespace eft::virtio_net
