// A virtio device in software, written from the specification's device side: it keeps the registers, finds the descriptor
// chains in memory, and can be told to misbehave. What it does with chains is for the kind of device.
#pragma once

#include <devices/dma_space.h>

#include <drivers/virtio/transport.h>
#include <eft/arch/device_model.h>

#include <optional>
#include <vector>

namespace eft::test {

class VirtioDevice : public host::DeviceModel {
public:
    // One BAR with all structures, as QEMU lays it out.
    static constexpr u64 kAddress = 0xfe00'0000, kLength = 0x4000;
    static constexpr u64 kCommon = 0, kInterruptStatus = 0x1000, kDevice = 0x2000, kNotify = 0x3000;
    static constexpr u64 kNotifyLength = 64;

    // What the driver is given.
    virtio::Windows windows() const {
        return {structure(kCommon, virtio::kCommonLength), structure(kNotify, kNotifyLength), 4, structure(kInterruptStatus, 1), structure(kDevice, device_length)};
    }

    // What a test may set before or between.
    u64 offered = virtio::kFeatureVersion1;
    u64 device_length = 0x40;
    u16 queue_size = 64, notify_offset = 3, vectors = 2;
    u8 interrupt_status = 0;  // what its line says, which is high while this is not 0; only without vectors
    u32 looks_until_reset = 0;  // reads of status that still show the old state
    bool refuse_features = false, refuse_enable_vector = false, busy_configuration = false;

    // What a test may look at.
    unsigned notifications = 0, resets = 0;
    u64 accepted = 0;
    std::vector<u8> statuses;  // every value written to the status register
    bool wrong_access = false;  // a register was accessed with another width than its own
    bool bad_chain = false;     // the driver made a chain that the specification forbids
    u8 status = 0;
    u16 config_vector = 0xffff;
    u16 queue_vector(u16 queue = 0) const { return queues_[queue].vector; }
    bool enabled(u16 queue = 0) const { return queues_[queue].enabled; }

    // Takes what the driver made available; the heads in its order.
    const std::vector<u16>& pending(u16 queue = 0);
    // When so many more chains have ended, the driver is interrupted; 65 536: not in the foreseeable future.
    u32 ends_until_interrupt(u16 queue = 0) const;
    // The driver wants to be interrupted for this queue.
    bool wants_interrupts(u16 queue = 0) const { return ends_until_interrupt(queue) == 1; }

    // Raw access to the used ring, for hostile devices.
    void push_used(u16 queue, u32 id, u32 length);
    void set_used_index(u16 queue, u16 index) { memory_.store<u16>(queues_[queue].device_ring + 2, index); }
    void suppress_notifications(bool yes, u16 queue = 0) { memory_.store<u16>(queues_[queue].device_ring, yes ? 1 : 0); }

protected:
    struct Piece {
        u64 address;
        u32 length;
    };
    struct Chain {
        std::vector<Piece> readable, writable;
    };

    VirtioDevice(DmaSpace& memory, u16 queues) : memory_(memory), queues_(queues) {}
    ~VirtioDevice() = default;

    // The pieces of a chain; nothing, and bad_chain, if there cannot be such a chain.
    std::optional<Chain> chain(u16 queue, u16 head);
    u16 take_pending(u16 queue, std::size_t which);
    void interrupt(u16 queue);
    u64 expect(unsigned width, unsigned wanted, u64 value) {
        if (width != wanted) wrong_access = true;
        return value;
    }

    // The kind's own configuration.
    virtual u64 read_device(u64 offset, unsigned width) = 0;

    DmaSpace& memory_;

private:
    struct Queue {
        u16 size = 0, taken = 0, vector = 0xffff;
        u64 table = 0, driver_ring = 0, device_ring = 0;
        bool enabled = false;
        std::vector<u16> pending;
    };
    static hw::Mmio structure(u64 offset, u64 length) { return {reinterpret_cast<volatile void*>(kAddress + offset), length}; }

    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;
    u64 read_common(u64 offset, unsigned width);
    void write_common(u64 offset, unsigned width, u64 value);
    void write_queue(Queue& queue, u64 offset, unsigned width, u64 value);
    void set_status(u8 value);

    std::vector<Queue> queues_;
    u32 select_ = 0, driver_select_ = 0;
    u16 queue_ = 0;
    u8 stale_ = 0, generation_ = 0;
    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kAddress, kLength};
};

}  // namespace eft::test
