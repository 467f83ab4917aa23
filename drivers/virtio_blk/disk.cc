// Operations in areas as requests in pages: see disk.h.
#include <drivers/virtio_blk/disk.h>

#include <eft/panic.h>

#include <algorithm>

namespace eft::virtio_blk {

namespace {

constexpr u32 kSectorsOfPage = kPageSize / kSectorSize;

Result<block::Progress> progress(Status submitted) {
    if (!submitted.ok()) return submitted.error();
    return block::Progress::Begun;
}

}  // namespace

block::Geometry Disk::geometry() const {
    const Properties& properties = device_.properties();
    // A request of n pages' bytes lies in n + 1 pages where it does not start at one.
    const u32 segments = std::min<u32>(properties.most_segments, Requests::kMostSegments);
    const u32 count = segments > 1 ? (segments - 1) * kSectorsOfPage : 1;
    return {properties.sectors, !properties.read_only, count, properties.block_size / u32{block::kSectorBytes}};
}

Result<block::Progress> Disk::begin(u32 number, const block::Operation& operation) {
    const Properties& properties = device_.properties();
    const Token token{number};
    Requests& requests = device_.requests();
    if (operation.kind == block::OperationKind::Flush) {
        if (!properties.can_flush) return block::Progress::Done;  // 5.2.6.2: every write is stable already
        return progress(requests.flush(properties, token));
    }
    std::array<hw::DmaRange, Requests::kMostSegments> ranges;
    EFT_TRY(const std::size_t count, areas_[operation.area].find(operation.offset, operation.data.size(), properties.longest_segment, ranges));
    const auto data = std::span<const hw::DmaRange>(ranges).first(count);
    return progress(operation.kind == block::OperationKind::Read ? requests.read(properties, operation.sector, data, token)
                                                                 : requests.write(properties, operation.sector, data, token));
}

Result<std::optional<block::Ended>> Disk::next_ended() {
    if (broken_) return reset();
    const auto next = device_.requests().next_completion();
    if (!next.ok()) return reset();
    if (!next->has_value()) return std::optional<block::Ended>();
    return std::optional(block::Ended{static_cast<u32>((*next)->token), (*next)->error});
}

void Disk::woken(u64 bits) {
    if (own_.has_line()) {
        if (device_.take_interrupt_status().has<virtio::InterruptStatus::Configuration>()) bits |= virtio::kConfigurationBit;
        own_.acknowledge_line();
    }
    if ((bits & virtio::kConfigurationBit) == 0) return;
    if (device_.needs_reset()) broken_ = true;
    else static_cast<void>(device_.refresh());
}

Error Disk::reset() {
    broken_ = false;
    if (++resets_ > kMostResets || !device_.start().ok()) panic("virtio_blk: the device breaks the rules again and again");
    return Error::ProtocolViolation;
}

}  // namespace eft::virtio_blk
