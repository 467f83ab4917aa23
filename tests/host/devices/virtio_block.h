// A virtio block device in software, written from the specification's device side: it keeps the
// registers, walks the descriptor chains in memory, and can be told to misbehave.
#pragma once

#include <devices/dma_space.h>

#include <drivers/virtio/transport.h>
#include <drivers/virtio_blk/protocol.h>
#include <eft/arch/device_model.h>

#include <string>
#include <vector>

namespace eft::test {

class VirtioBlock final : public host::DeviceModel {
public:
    // One BAR with all structures, as QEMU lays it out.
    static constexpr u64 kAddress = 0xfe00'0000, kLength = 0x4000;
    static constexpr u64 kCommon = 0, kInterruptStatus = 0x1000, kDevice = 0x2000, kNotify = 0x3000;
    static constexpr u64 kNotifyLength = 64;

    VirtioBlock(DmaSpace& memory, u64 sectors);

    // What the driver is given.
    virtio::Windows windows() const {
        return {structure(kCommon, virtio::kCommonLength), structure(kNotify, kNotifyLength), 4, structure(kInterruptStatus, 1), structure(kDevice, 0x40)};
    }

    // What a test may set before or between.
    std::vector<u8> disk;
    std::string identity = "fake-disk-0001";
    u64 offered = virtio::kFeatureVersion1 | virtio_blk::kFeatureFlush | virtio_blk::kFeatureBlockSize |
                  virtio_blk::kFeatureSegmentCount;
    u32 block_size = 4096, most_segments = 30, longest_segment = 1 << 16;
    u16 queue_size = 64, notify_offset = 3, vectors = 2;
    u8 interrupt_status = 0;  // what its line says, which is high while this is not 0; only without vectors
    u32 looks_until_reset = 0;  // reads of status that still show the old state
    bool refuse_features = false, refuse_enable_vector = false, busy_configuration = false;
    u8 result_status = 0;          // what ends up in the status byte
    bool forget_status = false;    // no status byte is written
    u32 lie_about_written = 0;     // added to the length in the used ring
    u32 missing_bytes = 0;         // subtracted from it

    // What a test may look at.
    unsigned notifications = 0, resets = 0;
    u64 accepted = 0;
    std::vector<u8> statuses;  // every value written to the status register
    bool wrong_access = false;  // a register was accessed with another width than its own
    bool bad_chain = false;     // the driver made a chain that the specification forbids
    u8 status = 0;
    u16 queue_vector = 0xffff, config_vector = 0xffff;

    // Takes what the driver made available; returns the heads in its order.
    const std::vector<u16>& pending();
    // Executes one of the pending chains and gives it back.
    void finish(std::size_t which = 0);
    void finish_all() {
        while (!pending().empty()) finish();
    }

    // Raw access to the used ring, for hostile devices.
    void push_used(u32 id, u32 length);
    void set_used_index(u16 index) { memory_.store<u16>(device_ring_ + 2, index); }
    void suppress_notifications(bool yes) { memory_.store<u16>(device_ring_, yes ? 1 : 0); }
    bool enabled() const { return enabled_; }

private:
    static hw::Mmio structure(u64 offset, u64 length) { return {reinterpret_cast<volatile void*>(kAddress + offset), length}; }

    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;
    u64 read_common(u64 offset, unsigned width);
    u64 read_device(u64 offset, unsigned width);
    void write_common(u64 offset, unsigned width, u64 value);
    void set_status(u8 value);
    u64 expect(unsigned width, unsigned wanted, u64 value) {
        if (width != wanted) wrong_access = true;
        return value;
    }
    u32 execute(u16 head);

    DmaSpace& memory_;
    u64 sectors_;
    std::vector<u16> pending_;
    u32 select_ = 0, driver_select_ = 0;
    u16 queue_ = 0, size_ = 0, taken_ = 0;
    u64 table_ = 0, driver_ring_ = 0, device_ring_ = 0;
    bool enabled_ = false;
    u8 stale_ = 0, generation_ = 0;
    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kAddress, kLength};
};

}  // namespace eft::test
