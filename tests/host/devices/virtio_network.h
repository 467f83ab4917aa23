// A virtio network device in software: see virtio_device.h for what all virtio devices can do and break.
#pragma once

#include <devices/virtio_device.h>

#include <drivers/virtio_net/protocol.h>

#include <string>
#include <vector>

namespace eft::test {

class VirtioNetwork final : public VirtioDevice {
public:
    explicit VirtioNetwork(DmaSpace& memory);

    // What a test may set before or between.
    u64 address = 0x5634'1200'5452;  // 52:54:00:12:34:56
    bool link = true;
    u32 speed = 1000;
    u8 received_flags = 0;        // in the header of a received frame
    u32 lie_about_written = 0;    // added to the length in the used ring, of both directions
    u32 missing_bytes = 0;        // subtracted from it
    u8 answer = 0;                // to commands

    struct Frame {
        std::string bytes;
        u8 flags, segment_type;
        u16 header_bytes, segment_bytes, checksum_start, checksum_offset;
    };
    // What the driver sends: each frame is given back when it is taken.
    std::size_t sending() { return pending(virtio_net::kSendQueue).size(); }
    Frame take_frame(std::size_t which = 0);
    // Puts a frame into a buffer. False: there is none.
    bool put_frame(const std::string& bytes, std::size_t which = 0);
    std::size_t buffers() { return pending(virtio_net::kReceiveQueue).size(); }
    // Executes the commands of the control queue.
    void obey();

    // What it lets through.
    bool promiscuous = true, all_groups = false;
    std::vector<u64> groups;
    unsigned commands = 0;

private:
    u64 read_device(u64 offset, unsigned width) override;
    void obey(const std::string& command);
    std::string read_all(const std::vector<Piece>& pieces) const;
};

}  // namespace eft::test
