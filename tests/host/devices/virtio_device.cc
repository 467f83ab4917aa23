// The device's side of virtio: see virtio_device.h.
#include <devices/virtio_device.h>

#include <utility>

namespace eft::test {

const std::vector<u16>& VirtioDevice::pending(u16 number) {
    Queue& queue = queues_[number];
    const u16 index = memory_.load<u16>(queue.driver_ring + 2);
    while (queue.enabled && queue.taken != index) {
        queue.pending.push_back(memory_.load<u16>(queue.driver_ring + 4 + 2 * (queue.taken % queue.size)));
        ++queue.taken;
    }
    return queue.pending;
}

u16 VirtioDevice::take_pending(u16 number, std::size_t which) {
    pending(number);
    std::vector<u16>& heads = queues_[number].pending;
    const u16 head = heads.at(which);
    heads.erase(heads.begin() + static_cast<std::ptrdiff_t>(which));
    return head;
}

void VirtioDevice::interrupt(u16 number) {
    if (queues_[number].vector == virtio::kNoVector) interrupt_status |= 1;
}

u32 VirtioDevice::ends_until_interrupt(u16 number) const {
    constexpr u32 kNever = 65'536;
    const Queue& queue = queues_[number];
    if ((accepted & virtio::kFeatureEventIndex) == 0) return memory_.load<u16>(queue.driver_ring) == 0 ? 1 : kNever;
    const u16 wanted = memory_.load<u16>(queue.driver_ring + 4 + 2ull * queue.size), ended = memory_.load<u16>(queue.device_ring + 2);
    const u16 more = static_cast<u16>(wanted - ended + 1);
    return more == 0 || more > queue.size ? kNever : more;
}

void VirtioDevice::push_used(u16 number, u32 id, u32 length) {
    const Queue& queue = queues_[number];
    const u16 index = memory_.load<u16>(queue.device_ring + 2);
    memory_.store<u32>(queue.device_ring + 4 + 8ull * (index % queue.size), id);
    memory_.store<u32>(queue.device_ring + 8 + 8ull * (index % queue.size), length);
    memory_.store<u16>(queue.device_ring + 2, static_cast<u16>(index + 1));
}

std::optional<VirtioDevice::Chain> VirtioDevice::chain(u16 number, u16 head) {
    const Queue& queue = queues_[number];
    Chain found;
    u16 index = head;
    const auto bad = [this] { return bad_chain = true, std::nullopt; };
    for (unsigned count = 0;; ++count) {
        if (index >= queue.size || count >= queue.size) return bad();
        const u64 entry = queue.table + 16ull * index;
        const u16 flags = memory_.load<u16>(entry + 12);
        const Piece piece{memory_.load<u64>(entry), memory_.load<u32>(entry + 8)};
        if (!memory_.at(piece.address, piece.length)) return bad();
        if (flags & 2) found.writable.push_back(piece);
        else if (!found.writable.empty()) return bad();
        else found.readable.push_back(piece);
        if (!(flags & 1)) return found;
        index = memory_.load<u16>(entry + 14);
    }
}

u64 VirtioDevice::read(u64 offset, unsigned width) {
    if (offset < kInterruptStatus) return read_common(offset, width);
    if (offset < kDevice) return expect(width, 1, std::exchange(interrupt_status, u8{0}));
    if (offset < kNotify) return read_device(offset - kDevice, width);
    wrong_access = true;
    return 0;
}

u64 VirtioDevice::read_common(u64 offset, unsigned width) {
    const bool there = queue_ < queues_.size();
    switch (offset) {
        case 0x04: return expect(width, 4, static_cast<u32>(select_ == 0 ? offered : select_ == 1 ? offered >> 32 : 0));
        case 0x10: return expect(width, 2, config_vector);
        case 0x12: return expect(width, 2, queues_.size());
        case 0x14:
            if (status == 0 && stale_ != 0 && looks_until_reset > 0) {
                --looks_until_reset;
                return stale_;
            }
            return expect(width, 1, status);
        case 0x15: return expect(width, 1, busy_configuration ? ++generation_ : generation_);
        case 0x18: return expect(width, 2, there ? queue_size : 0);
        case 0x1a: return expect(width, 2, there ? queues_[queue_].vector : 0xffff);
        case 0x1e: return expect(width, 2, notify_offset + queue_);
        default: return wrong_access = true, 0;
    }
}

void VirtioDevice::write(u64 offset, unsigned width, u64 value) {
    if (offset < kInterruptStatus) return write_common(offset, width, value);
    if (offset < kNotify) return void(wrong_access = true);
    expect(width, 2, 0);
    if (value >= queues_.size() || offset - kNotify != (notify_offset + value) * 4u) wrong_access = true;
    ++notifications;
}

namespace {

void set_half(u64& place, bool high, u64 value) { place = high ? (place & 0xffff'ffff) | value << 32 : (place & ~0xffff'ffffull) | value; }

}  // namespace

void VirtioDevice::write_common(u64 offset, unsigned width, u64 value) {
    switch (offset) {
        case 0x00: expect(width, 4, 0); select_ = static_cast<u32>(value); break;
        case 0x08: expect(width, 4, 0); driver_select_ = static_cast<u32>(value); break;
        case 0x0c:
            expect(width, 4, 0);
            set_half(accepted, driver_select_ == 1, value);
            break;
        case 0x10: config_vector = value < vectors ? static_cast<u16>(value) : 0xffff; break;
        case 0x14: set_status(static_cast<u8>(expect(width, 1, value))); break;
        case 0x16: queue_ = static_cast<u16>(value); break;
        default:
            if (queue_ >= queues_.size()) wrong_access = true;
            else write_queue(queues_[queue_], offset, width, value);
    }
}

void VirtioDevice::write_queue(Queue& queue, u64 offset, unsigned width, u64 value) {
    const auto half = [&](u64& place, bool high) {
        expect(width, 4, 0);
        set_half(place, high, value);
    };
    switch (offset) {
        case 0x18: queue.size = static_cast<u16>(expect(width, 2, value)); break;
        case 0x1a: queue.vector = value < vectors && !refuse_enable_vector ? static_cast<u16>(value) : 0xffff; break;
        case 0x1c: queue.enabled = expect(width, 2, value) == 1; break;
        case 0x20: half(queue.table, false); break;
        case 0x24: half(queue.table, true); break;
        case 0x28: half(queue.driver_ring, false); break;
        case 0x2c: half(queue.driver_ring, true); break;
        case 0x30: half(queue.device_ring, false); break;
        case 0x34: half(queue.device_ring, true); break;
        default: wrong_access = true;
    }
}

void VirtioDevice::set_status(u8 value) {
    statuses.push_back(value);
    if (value == 0) {
        ++resets;
        stale_ = status;
        status = 0;
        for (Queue& queue : queues_) queue = {};
        accepted = 0;
        config_vector = 0xffff;
        return;
    }
    if (refuse_features) value = static_cast<u8>(value & ~8);
    status = value;
}

}  // namespace eft::test
