// Building requests and judging how they ended: see requests.h.
#include <drivers/virtio_blk/requests.h>

namespace eft::virtio_blk {

namespace {

// A slot in DMA memory. Status lies apart from the header, which the device only reads.
constexpr u64 kSlotSize = 64;
constexpr u64 kHeaderOffset = 0;
constexpr u64 kIdentityOffset = 16;
constexpr u64 kStatusOffset = 48;
static_assert(kHeaderOffset + header::kSize <= kIdentityOffset);
static_assert(kIdentityOffset + kIdentitySize <= kStatusOffset);

// Written before the request is submitted, so that a device that forgets its status is noticed.
constexpr u8 kStatusNotWritten = 0xff;

// Header, one piece of data, status; a power of two.
constexpr u16 kLeastQueue = 4;

u64 slots_offset(u16 queue_size) {
    return (virtio::QueueShape{queue_size}.total() + kSlotSize - 1) & ~(kSlotSize - 1);
}

u64 slots_length(u16 queue_size) { return kSlotSize * (queue_size / 2u); }

}  // namespace

u64 Requests::memory_size(u16 queue_size) { return slots_offset(queue_size) + slots_length(queue_size); }

Status Requests::prepare(hw::DmaMemory memory, u16 queue_size) {
    if (queue_size < kLeastQueue || queue_size > virtio::kMaximumQueueSize) return Error::NotSupported;
    if (memory.size < memory_size(queue_size)) return Error::OutOfRange;
    EFT_CHECK(queue_.prepare(memory, queue_size));
    slots_ = memory.part(slots_offset(queue_size), slots_length(queue_size));
    free_count_ = 0;
    for (u16 left = static_cast<u16>(queue_size / 2); left != 0; --left)
        free_slots_[free_count_++] = static_cast<u16>(left - 1);
    return {};
}

Status Requests::read(const Properties& device, u64 sector, std::span<const hw::DmaRange> data, Token token) {
    return transfer(device, RequestType::Read, sector, data, token);
}

Status Requests::write(const Properties& device, u64 sector, std::span<const hw::DmaRange> data, Token token) {
    if (device.read_only) return Error::ReadOnly;  // 5.2.5.1
    return transfer(device, RequestType::Write, sector, data, token);
}

Status Requests::flush(const Properties& device, Token token) {
    if (!device.can_flush) return Error::NotSupported;
    return submit(RequestType::Flush, 0, {}, 0, token);
}

Status Requests::identify(Token token) { return submit(RequestType::Identify, 0, {}, kIdentitySize, token); }

Status Requests::transfer(const Properties& device, RequestType type, u64 sector,
                          std::span<const hw::DmaRange> data, Token token) {
    if (data.empty()) return Error::InvalidArgument;
    if (data.size() > device.most_segments || data.size() > kMostSegments) return Error::OutOfRange;
    u64 bytes = 0;
    for (const hw::DmaRange& range : data) {
        if (range.length == 0 || range.address + range.length < range.address) return Error::InvalidArgument;
        if (range.length > device.longest_segment) return Error::OutOfRange;
        bytes += range.length;
    }
    // 5.2.6.1: whole sectors, inside the device.
    if (bytes % kSectorSize != 0) return Error::InvalidArgument;
    if (bytes >= 1ull << 31) return Error::OutOfRange;
    if (sector > device.sectors || bytes / kSectorSize > device.sectors - sector) return Error::OutOfRange;
    return submit(type, sector, data, static_cast<u32>(bytes), token);
}

Status Requests::submit(RequestType type, u64 sector, std::span<const hw::DmaRange> data, u32 bytes,
                        Token token) {
    std::array<virtio::Segment, kMostSegments + 2> segments;  // filled as far as `count`
    if (data.size() + 2 > queue_.size()) return Error::OutOfRange;
    if (free_count_ == 0) return Error::Busy;
    const u16 slot = free_slots_[free_count_ - 1];
    const hw::DmaMemory memory = slots_.part(kSlotSize * slot, kSlotSize);

    std::size_t count = 0;
    const auto add = [&](u64 address, u32 length, bool device_writes) {
        segments[count++] = {{address, length}, device_writes};
    };
    add(memory.device_address + kHeaderOffset, header::kSize, false);
    for (const hw::DmaRange& range : data) add(range.address, range.length, type == RequestType::Read);
    if (type == RequestType::Identify) add(memory.device_address + kIdentityOffset, kIdentitySize, true);
    add(memory.device_address + kStatusOffset, kStatusSize, true);

    memory.store<u32>(kHeaderOffset + header::kType, static_cast<u32>(type));
    memory.store<u32>(kHeaderOffset + header::kReserved, 0);
    memory.store<u64>(kHeaderOffset + header::kSector, sector);
    memory.store<u8>(kStatusOffset, kStatusNotWritten);

    // The slot is taken only when the queue has taken the request, so an error changes nothing.
    EFT_TRY(const u16 head, queue_.submit(std::span(segments).first(count)));
    --free_count_;
    records_[slot] = {token, type, bytes};
    slot_of_head_[head] = slot;
    return {};
}

Result<std::optional<Completion>> Requests::next_completion() {
    EFT_TRY(const std::optional<virtio::UsedChain> chain, queue_.take_used());
    if (!chain) return std::optional<Completion>{};
    return std::optional(complete(slot_of_head_[chain->head], chain->written));
}

Completion Requests::complete(u16 slot, u32 written) {
    const Record& record = records_[slot];
    const hw::DmaMemory memory = slots_.part(kSlotSize * slot, kSlotSize);
    const bool brings_data = record.type == RequestType::Read || record.type == RequestType::Identify;
    // 2.7.8.2: bytes beyond `written` may never have been touched; they are not handed out as data.
    const u32 expected = (brings_data ? record.bytes : 0) + kStatusSize;
    const bool good = memory.load<u8>(kStatusOffset) == kStatusOk && written >= expected;

    if (good && record.type == RequestType::Identify) {
        for (u32 i = 0; i < kIdentitySize; ++i)
            identity_[i] = static_cast<char>(memory.load<u8>(kIdentityOffset + i));
    }
    const Completion completion{record.token, record.type, good ? Error::None : Error::DeviceError,
                                good ? record.bytes : 0};
    free_slots_[free_count_++] = slot;
    return completion;
}

}  // namespace eft::virtio_blk
