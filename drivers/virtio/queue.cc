// The split virtqueue: see queue.h for what is trusted.
#include <drivers/virtio/queue.h>

#include <utility>

namespace eft::virtio {

namespace {

// Descriptor table entries: 2.7.5.
constexpr u64 kDescriptorSize = 16;
constexpr u64 kDescriptorLength = 8;
constexpr u64 kDescriptorFlags = 12;
constexpr u64 kDescriptorNext = 14;
constexpr u16 kFlagNext = 1;
constexpr u16 kFlagWrite = 2;

// Available ring (2.7.6) and used ring (2.7.8): flags, index, then the entries, and behind these the index at which the
// other side wants to be told.
constexpr u64 kRingFlags = 0;
constexpr u64 kRingIndex = 2;
constexpr u64 kRingEntries = 4;
constexpr u64 kAvailableEntrySize = 2;
constexpr u64 kUsedEntrySize = 8;
constexpr u64 kUsedEntryLength = 4;
constexpr u16 kAvailableNoInterrupt = 1;
constexpr u16 kUsedNoNotify = 1;

constexpr u64 kQueueAlignment = 16;
constexpr u64 kLongestChain = 1ull << 32;  // bytes: 2.7.5.1

// The rules for a chain that the caller makes. Nothing has changed yet when one is broken.
Status check(std::span<const Segment> segments) {
    if (segments.empty()) return Error::InvalidArgument;
    u64 total = 0;
    bool writable_seen = false;
    for (const Segment& segment : segments) {
        if (segment.range.length == 0) return Error::InvalidArgument;
        if (writable_seen && !segment.device_writes) return Error::InvalidArgument;
        writable_seen = segment.device_writes;
        total += segment.range.length;
    }
    return total < kLongestChain ? Status() : Status(Error::OutOfRange);
}

}  // namespace

Status Queue::prepare(hw::DmaMemory memory, u16 size, Wishes wishes) {
    const bool power_of_two = size != 0 && (size & (size - 1)) == 0;
    if (!power_of_two || size > kMaximumQueueSize) return Error::InvalidArgument;
    const QueueShape shape{size};
    if (memory.size < shape.total()) return Error::OutOfRange;
    if (memory.device_address % kQueueAlignment != 0) return Error::InvalidArgument;

    memory_ = memory.part(0, shape.total());
    // Entries are read only as far as these say, and written before.
    for (const u64 ring : {shape.available(), shape.used()}) memory_.store<u32>(ring + kRingFlags, 0);
    memory_.store<u16>(shape.available() + kRingEntries + kAvailableEntrySize * size, 0);
    memory_.store<u16>(shape.used() + kRingEntries + kUsedEntrySize * size, 0);
    shape_ = shape;
    descriptors_ = {};
    for (u16 i = 0; i < size; ++i) descriptors_[i].next = static_cast<u16>(i + 1);
    free_head_ = 0;
    free_count_ = size;
    in_flight_ = 0;
    available_index_ = 0;
    notified_index_ = 0;
    used_seen_ = 0;
    wishes_ = wishes;
    broken_ = false;
    return {};
}

Result<u16> Queue::submit(std::span<const Segment> segments) {
    if (broken_) return Error::ProtocolViolation;
    EFT_CHECK(check(segments));
    if (segments.size() > shape_.size) return Error::OutOfRange;
    if (segments.size() > free_count_) return Error::Busy;

    // 2.7.13.1: the chain in the table. The free list already links its descriptors in our memory.
    const u16 head = free_head_;
    u16 index = head;
    u32 writable = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const Segment& segment = segments[i];
        const bool last = i + 1 == segments.size();
        const u16 next = descriptors_[index].next;
        const u64 entry = shape_.descriptors() + kDescriptorSize * index;
        memory_.store<u64>(entry, segment.range.address);
        memory_.store<u32>(entry + kDescriptorLength, segment.range.length);
        memory_.store<u16>(entry + kDescriptorFlags, static_cast<u16>((last ? 0 : kFlagNext) |
                                                     (segment.device_writes ? kFlagWrite : 0)));
        memory_.store<u16>(entry + kDescriptorNext, last ? u16{0} : next);
        if (segment.device_writes) writable += segment.range.length;
        index = next;
    }
    free_head_ = index;
    free_count_ = static_cast<u16>(free_count_ - segments.size());
    descriptors_[head].chain_length = static_cast<u16>(segments.size());
    descriptors_[head].writable = writable;
    ++in_flight_;

    // 2.7.13.2 and .3: the head in the ring, and only then the index that covers it.
    const u64 slot = available_index_ & (shape_.size - 1);
    memory_.store<u16>(shape_.available() + kRingEntries + kAvailableEntrySize * slot, head);
    hw::dma_write_barrier();
    memory_.store<u16>(shape_.available() + kRingIndex, ++available_index_);
    return head;
}

bool Queue::needs_notification() {
    // 2.7.13.4: the index must be visible before the device's wish is read, or both sides sleep.
    hw::dma_full_barrier();
    const u16 before = std::exchange(notified_index_, available_index_);
    if (wishes_ == Wishes::Index) {
        const u16 wanted = memory_.load<u16>(shape_.used() + kRingEntries + kUsedEntrySize * shape_.size);
        return static_cast<u16>(available_index_ - wanted - 1) < static_cast<u16>(available_index_ - before);  // 2.7.10: it has been passed
    }
    return (memory_.load<u16>(shape_.used() + kRingFlags) & kUsedNoNotify) == 0;
}

Result<std::optional<UsedChain>> Queue::take_used() {
    if (broken_) return Error::ProtocolViolation;
    const u16 distance = static_cast<u16>(used_index() - used_seen_);
    if (distance == 0) return std::optional<UsedChain>{};
    if (distance > in_flight_) return break_down();  // more than was ever given, or backwards

    hw::dma_read_barrier();  // the index before the entry that it covers
    const u64 slot = used_seen_ & (shape_.size - 1);
    const u64 entry = shape_.used() + kRingEntries + kUsedEntrySize * slot;
    const u32 id = memory_.load<u32>(entry);
    const u32 written = memory_.load<u32>(entry + kUsedEntryLength);
    if (id >= shape_.size || descriptors_[id].chain_length == 0) return break_down();
    if (written > descriptors_[id].writable) return break_down();

    ++used_seen_;
    const u16 head = static_cast<u16>(id);
    release(head);
    return std::optional(UsedChain{head, written});
}

// The index that was passed last comes again after 65 536 chains, so that nobody need look after it.
void Queue::turn_interrupts_off() {
    if (wishes_ == Wishes::Index) wish_interrupt_at(static_cast<u16>(used_seen_ - 1));
    else memory_.store<u16>(shape_.available() + kRingFlags, kAvailableNoInterrupt);
}

bool Queue::interrupt_after(u16 chains) {
    if (wishes_ == Wishes::Index) {
        wish_interrupt_at(static_cast<u16>(used_seen_ + chains - 1));
    } else {
        memory_.store<u16>(shape_.available() + kRingFlags, 0);
        chains = 1;
    }
    // The wish must be visible before the used index is read, or both sides sleep.
    hw::dma_full_barrier();
    return static_cast<u16>(used_index() - used_seen_) < chains;
}

void Queue::wish_interrupt_at(u16 index) {
    memory_.store<u16>(shape_.available() + kRingEntries + kAvailableEntrySize * shape_.size, index);
}

u16 Queue::used_index() const { return memory_.load<u16>(shape_.used() + kRingIndex); }

Error Queue::break_down() {
    broken_ = true;
    return Error::ProtocolViolation;
}

// Puts the whole chain in front of the free list, following our own links only.
void Queue::release(u16 head) {
    const u16 length = descriptors_[head].chain_length;
    u16 last = head;
    for (u16 i = 1; i < length; ++i) last = descriptors_[last].next;
    descriptors_[last].next = free_head_;
    descriptors_[head].chain_length = 0;
    free_head_ = head;
    free_count_ = static_cast<u16>(free_count_ + length);
    --in_flight_;
}

}  // namespace eft::virtio
