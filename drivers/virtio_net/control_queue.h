// The control queue of a network device: what it lets through (5.1.6.5.1, 5.1.6.5.2).
//
// Nobody waits for the device here. While it has not answered, the newest filter waits, and is told when it has.
#pragma once

#include <drivers/virtio/queue.h>
#include <drivers/virtio_net/protocol.h>

#include <eft/idl/ethernet.h>

namespace eft::virtio_net {

class ControlQueue {
public:
    static constexpr u32 kCommands = 3;  // of one filter, in progress at once
    static u64 memory_size(u16 queue_size);

    // Empty, with no filter told. NotSupported: it has no room for the commands of one filter.
    Status prepare(hw::DmaMemory memory, u16 queue_size, virtio::Wishes wishes);

    void tell(const ethernet::Filter& filter);
    // Takes answers; whether the doorbell is to be rung. ProtocolViolation: the device is to be reset.
    Result<bool> progress();

    bool is_waiting() const { return queue_.in_flight() != 0; }
    // Commands that the device did not accept: more frames or fewer than wanted may come.
    u32 refused() const { return refused_; }
    virtio::Queue& queue() { return queue_; }

private:
    Status submit_filter();
    Status submit(u32 index, Command command, u32 carried);

    hw::DmaMemory commands_;
    virtio::Queue queue_;
    ethernet::Filter filter_;
    bool is_told_ = true;
    std::array<u8, virtio::kMaximumQueueSize> command_of_head_{};
    u32 refused_ = 0;
};

}  // namespace eft::virtio_net
