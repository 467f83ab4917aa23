// A virtio block device (Virtual I/O Device 1.2, 5.2): everything but the program around it.
//
//     BlockDevice device(windows, memory, vectors);
//     device.start();
//     device.requests().read(device.properties(), sector, pages, token);
//     device.kick();                        // once for any number of requests
//     ... interrupt ...
//     for (auto next = device.requests().next_completion(); next.ok() && *next; ...)
//
// `start` resets the device first and waits for it, so it works in whatever state the last
// incarnation left it, and no request of the last incarnation can touch memory afterwards. After an
// error from next_completion, or when needs_reset() says so, `start` is simply called again.
#pragma once

#include <drivers/virtio/transport.h>
#include <drivers/virtio_blk/requests.h>

namespace eft::virtio_blk {

constexpr u16 kRequestQueue = 0;  // 5.2.2

class BlockDevice {
public:
    // More than any device that answers takes: QEMU's reset ends within the write.
    static constexpr hw::Looks kResetLooks{100'000};

    // `memory` is the device's from start() on, until it is reset. Requests::memory_size of
    // virtio::kMaximumQueueSize is enough for every device. The caller's data pages are separate.
    BlockDevice(const virtio::Windows& windows, hw::DmaMemory memory, virtio::Vectors vectors)
        : transport_(windows), memory_(memory), vectors_(vectors) {}

    // TimedOut: the reset did not end. NotSupported, DeviceError: the device cannot be used (transport.h).
    Status start();

    // Tells the device that there are new requests, if it wants to be told.
    void kick() {
        if (requests_.queue().needs_notification()) transport_.ring(doorbell_);
    }

    // 5.2.5.2: the capacity may change while the device runs; the configuration interrupt says so.
    Status refresh();

    hw::Value<virtio::InterruptStatus> take_interrupt_status() const { return transport_.take_interrupt_status(); }
    bool needs_reset() const { return transport_.needs_reset(); }
    const Properties& properties() const { return properties_; }
    Requests& requests() { return requests_; }

private:
    Result<u64> read_capacity();
    Status read_properties(u64 features);
    void limit_segments(u16 queue_size);

    virtio::Transport transport_;
    hw::DmaMemory memory_;
    virtio::Vectors vectors_;
    Requests requests_;
    Properties properties_;
    virtio::Doorbell doorbell_;
};

}  // namespace eft::virtio_blk
