#include <devices/virtio_block.h>

#include <cstring>

namespace eft::test {

VirtioBlock::VirtioBlock(DmaSpace& memory, u64 sectors) : VirtioDevice(memory, 1), disk(sectors * 512), sectors_(sectors) {
    offered |= virtio_blk::kFeatureFlush | virtio_blk::kFeatureBlockSize | virtio_blk::kFeatureSegmentCount;
    for (std::size_t i = 0; i < disk.size(); ++i) disk[i] = static_cast<u8>(i * 7 + i / 512);
}

void VirtioBlock::finish(std::size_t which) {
    const u16 head = take_pending(0, which);
    const u32 written = execute(head);
    push_used(0, head, written + lie_about_written - missing_bytes);
    interrupt(0);
}

u32 VirtioBlock::execute(u16 head) {
    auto pieces = chain(0, head);
    if (!pieces) return 0;
    auto& [readable, writable] = *pieces;
    if (readable.empty() || readable[0].length != 16 || writable.empty() || writable.back().length != 1)
        return bad_chain = true, 0;

    const u32 type = memory_.load<u32>(readable[0].address);
    u64 place = memory_.load<u64>(readable[0].address + 8) * 512;
    u32 written = 1;
    const Piece end = writable.back();
    writable.pop_back();
    if (type == 0) {
        for (const Piece& piece : writable) {
            std::memcpy(memory_.at(piece.address, piece.length), disk.data() + place, piece.length);
            place += piece.length;
            written += piece.length;
        }
    } else if (type == 1) {
        for (std::size_t i = 1; i < readable.size(); ++i) {
            std::memcpy(disk.data() + place, memory_.at(readable[i].address, readable[i].length), readable[i].length);
            place += readable[i].length;
        }
    } else if (type == 8) {
        std::string padded = identity;
        padded.resize(20);
        std::memcpy(memory_.at(writable.at(0).address, 20), padded.data(), 20);
        written += 20;
    }
    if (!forget_status) memory_.store<u8>(end.address, result_status);
    return written;
}

u64 VirtioBlock::read_device(u64 offset, unsigned width) {
    switch (offset) {
        case 0x00: return expect(width, 4, static_cast<u32>(sectors_));
        case 0x04: return expect(width, 4, sectors_ >> 32);
        case 0x08: return expect(width, 4, longest_segment);
        case 0x0c: return expect(width, 4, most_segments);
        case 0x14: return expect(width, 4, block_size);
        default: return wrong_access = true, 0;
    }
}

}  // namespace eft::test
