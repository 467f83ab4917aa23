// Headers before frames: see frame_queue.h.
#include <drivers/virtio_net/frame_queue.h>

namespace eft::virtio_net {

namespace {

constexpr u64 kSlotSize = 16;
static_assert(header::kSize <= kSlotSize);
constexpr u64 kSlotsAlignment = 64;
constexpr u16 kLeastQueue = 4;

u64 slots_offset(u16 queue_size) { return (virtio::QueueShape{queue_size}.total() + kSlotsAlignment - 1) & ~(kSlotsAlignment - 1); }

}  // namespace

u64 FrameQueue::memory_size(u16 queue_size) { return (slots_offset(queue_size) + kSlotSize * (queue_size / 2u) + kSlotsAlignment - 1) & ~(kSlotsAlignment - 1); }

Status FrameQueue::prepare(hw::DmaMemory memory, u16 queue_size, virtio::Wishes wishes) {
    if (queue_size < kLeastQueue || queue_size > virtio::kMaximumQueueSize) return Error::NotSupported;
    if (memory.size < memory_size(queue_size)) return Error::OutOfRange;
    EFT_CHECK(queue_.prepare(memory, queue_size, wishes));
    slots_ = memory.part(slots_offset(queue_size), kSlotSize * (queue_size / 2u));
    free_count_ = 0;
    for (u16 left = static_cast<u16>(queue_size / 2); left != 0; --left) free_slots_[free_count_++] = static_cast<u16>(left - 1);
    return {};
}

hw::DmaMemory FrameQueue::slot(u16 index) const { return slots_.part(kSlotSize * index, kSlotSize); }

Status FrameQueue::submit(u32 number, const Header& header, std::span<const hw::DmaRange> ranges, bool device_writes) {
    if (ranges.empty() || ranges.size() > kMostRanges || ranges.size() + 1 > queue_.size()) return Error::OutOfRange;
    if (free_count_ == 0) return Error::Busy;
    const u16 index = free_slots_[free_count_ - 1];
    const hw::DmaMemory memory = slot(index);
    memory.store<u8>(header::kFlags, header.flags);
    memory.store<u8>(header::kSegmentType, header.segment_type);
    memory.store<u16>(header::kHeaderBytes, header.header_bytes);
    memory.store<u16>(header::kSegmentBytes, header.segment_bytes);
    memory.store<u16>(header::kChecksumStart, header.checksum_start);
    memory.store<u16>(header::kChecksumOffset, header.checksum_offset);
    memory.store<u16>(header::kBuffers, 0);

    std::array<virtio::Segment, kMostRanges + 1> segments;  // filled as far as `count`
    std::size_t count = 0;
    segments[count++] = {{memory.device_address, header::kSize}, device_writes};
    for (const hw::DmaRange& range : ranges) segments[count++] = {range, device_writes};

    // The slot is taken only when the queue has taken the chain, so an error changes nothing.
    EFT_TRY(const u16 head, queue_.submit(std::span(segments).first(count)));
    --free_count_;
    records_[index] = {number, device_writes};
    slot_of_head_[head] = index;
    news_ = true;
    return {};
}

Result<std::optional<FrameQueue::Ended>> FrameQueue::next_ended() {
    EFT_TRY(const std::optional<virtio::UsedChain> chain, queue_.take_used());
    if (!chain) return std::optional<Ended>{};
    const u16 index = slot_of_head_[chain->head];
    const Record& record = records_[index];
    free_slots_[free_count_++] = index;
    if (!record.device_writes) return std::optional(Ended{record.number, 0, 0});
    if (chain->written < header::kSize) return Error::ProtocolViolation;
    return std::optional(Ended{record.number, chain->written - header::kSize, slot(index).load<u8>(header::kFlags)});
}

}  // namespace eft::virtio_net
