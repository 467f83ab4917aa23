// A virtio block device in software: see virtio_device.h for what all virtio devices can do and break.
#pragma once

#include <devices/virtio_device.h>

#include <drivers/virtio_blk/protocol.h>

#include <string>
#include <vector>

namespace eft::test {

class VirtioBlock final : public VirtioDevice {
public:
    VirtioBlock(DmaSpace& memory, u64 sectors);

    // What a test may set before or between.
    std::vector<u8> disk;
    std::string identity = "fake-disk-0001";
    u32 block_size = 4096, most_segments = 30, longest_segment = 1 << 16;
    u8 result_status = 0;          // what ends up in the status byte
    bool forget_status = false;    // no status byte is written
    u32 lie_about_written = 0;     // added to the length in the used ring
    u32 missing_bytes = 0;         // subtracted from it

    // Executes one of the pending chains and gives it back.
    void finish(std::size_t which = 0);
    void finish_all() {
        while (!pending().empty()) finish();
    }

private:
    u64 read_device(u64 offset, unsigned width) override;
    u32 execute(u16 head);

    u64 sectors_;
};

}  // namespace eft::test
