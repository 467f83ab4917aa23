// The device's side of virtio: see virtio_block.h.
#include <devices/virtio_block.h>

#include <cstring>
#include <utility>

namespace eft::test {

VirtioBlock::VirtioBlock(DmaSpace& memory, u64 sectors) : disk(sectors * 512), memory_(memory), sectors_(sectors) {
    for (std::size_t i = 0; i < disk.size(); ++i) disk[i] = static_cast<u8>(i * 7 + i / 512);
}

const std::vector<u16>& VirtioBlock::pending() {
    const u16 index = memory_.load<u16>(driver_ring_ + 2);
    while (enabled_ && taken_ != index) {
        pending_.push_back(memory_.load<u16>(driver_ring_ + 4 + 2 * (taken_ % size_)));
        ++taken_;
    }
    return pending_;
}

void VirtioBlock::finish(std::size_t which) {
    pending();
    const u16 head = pending_.at(which);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
    const u32 written = execute(head);
    push_used(head, written + lie_about_written - missing_bytes);
    if (queue_vector == virtio::kNoVector) interrupt_status |= 1;
}

void VirtioBlock::push_used(u32 id, u32 length) {
    const u16 index = memory_.load<u16>(device_ring_ + 2);
    memory_.store<u32>(device_ring_ + 4 + 8ull * (index % size_), id);
    memory_.store<u32>(device_ring_ + 8 + 8ull * (index % size_), length);
    memory_.store<u16>(device_ring_ + 2, static_cast<u16>(index + 1));
}

namespace {

struct Piece {
    u64 address;
    u32 length;
};

}  // namespace

u32 VirtioBlock::execute(u16 head) {
    std::vector<Piece> readable, writable;
    u16 index = head;
    for (unsigned count = 0;; ++count) {
        if (index >= size_ || count >= size_) return bad_chain = true, 0;
        const u64 entry = table_ + 16ull * index;
        const u16 flags = memory_.load<u16>(entry + 12);
        const Piece piece{memory_.load<u64>(entry), memory_.load<u32>(entry + 8)};
        if (!memory_.at(piece.address, piece.length)) return bad_chain = true, 0;
        if (flags & 2) writable.push_back(piece);
        else if (!writable.empty()) return bad_chain = true, 0;
        else readable.push_back(piece);
        if (!(flags & 1)) break;
        index = memory_.load<u16>(entry + 14);
    }
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
            std::memcpy(disk.data() + place, memory_.at(readable[i].address, readable[i].length),
                        readable[i].length);
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

u64 VirtioBlock::read(u64 offset, unsigned width) {
    if (offset < kInterruptStatus) return read_common(offset, width);
    if (offset < kDevice) return expect(width, 1, std::exchange(interrupt_status, u8{0}));
    if (offset < kNotify) return read_device(offset - kDevice, width);
    wrong_access = true;
    return 0;
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

u64 VirtioBlock::read_common(u64 offset, unsigned width) {
    switch (offset) {
        case 0x04: return expect(width, 4, static_cast<u32>(select_ == 0 ? offered : select_ == 1 ? offered >> 32 : 0));
        case 0x10: return expect(width, 2, config_vector);
        case 0x12: return expect(width, 2, 1);
        case 0x14:
            if (status == 0 && stale_ != 0 && looks_until_reset > 0) {
                --looks_until_reset;
                return stale_;
            }
            return expect(width, 1, status);
        case 0x15: return expect(width, 1, busy_configuration ? ++generation_ : generation_);
        case 0x18: return expect(width, 2, queue_ == 0 ? queue_size : 0);
        case 0x1a: return expect(width, 2, queue_vector);
        case 0x1e: return expect(width, 2, notify_offset);
        default: return wrong_access = true, 0;
    }
}

void VirtioBlock::write(u64 offset, unsigned width, u64 value) {
    if (offset < kInterruptStatus) return write_common(offset, width, value);
    if (offset < kNotify) return void(wrong_access = true);
    expect(width, 2, 0);
    if (offset - kNotify != notify_offset * 4u || value != 0) wrong_access = true;
    ++notifications;
}

void VirtioBlock::write_common(u64 offset, unsigned width, u64 value) {
    const auto half = [&](u64& place, bool high) {
        expect(width, 4, 0);
        place = high ? (place & 0xffff'ffff) | value << 32 : (place & ~0xffff'ffffull) | value;
    };
    switch (offset) {
        case 0x00: expect(width, 4, 0); select_ = static_cast<u32>(value); break;
        case 0x08: expect(width, 4, 0); driver_select_ = static_cast<u32>(value); break;
        case 0x0c:
            expect(width, 4, 0);
            half(accepted, driver_select_ == 1);
            break;
        case 0x10: config_vector = value < vectors ? static_cast<u16>(value) : 0xffff; break;
        case 0x14: set_status(static_cast<u8>(expect(width, 1, value))); break;
        case 0x16: queue_ = static_cast<u16>(value); break;
        case 0x18: size_ = static_cast<u16>(expect(width, 2, value)); break;
        case 0x1a:
            queue_vector = value < vectors && !refuse_enable_vector ? static_cast<u16>(value) : 0xffff;
            break;
        case 0x1c: enabled_ = expect(width, 2, value) == 1; break;
        case 0x20: half(table_, false); break;
        case 0x24: half(table_, true); break;
        case 0x28: half(driver_ring_, false); break;
        case 0x2c: half(driver_ring_, true); break;
        case 0x30: half(device_ring_, false); break;
        case 0x34: half(device_ring_, true); break;
        default: wrong_access = true;
    }
}

void VirtioBlock::set_status(u8 value) {
    statuses.push_back(value);
    if (value == 0) {
        ++resets;
        stale_ = status;
        status = 0;
        pending_.clear();
        taken_ = 0;
        enabled_ = false;
        table_ = driver_ring_ = device_ring_ = accepted = 0;
        queue_vector = config_vector = 0xffff;
        return;
    }
    if (refuse_features) value = static_cast<u8>(value & ~8);
    status = value;
}

}  // namespace eft::test
