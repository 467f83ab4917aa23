// A virtio disk as the backend of a Block service: requests in pages that dev has pinned, the device reset and begun
// again when it breaks the rules.
#pragma once

#include <drivers/block/backend.h>
#include <drivers/virtio_blk/device.h>

#include <eft/idl/block.h>
#include <eft/panic.h>

#include <algorithm>
#include <array>

namespace eft::virtio_blk {

// The configuration interrupt, in the program's notification.
constexpr u64 kConfigurationBit = 2;

// Where the pages of a client's area are for the device. Answers the number that names the pin.
template <class P>
concept Pins = requires(P& pins, Slot object, u32 number, std::span<u64> addresses) {
    // Fills `addresses` wholly; OutOfRange if the object has fewer pages.
    { pins.pin(object, addresses) } -> std::same_as<Result<u32>>;
    pins.unpin(number);
};

template <Pins P>
class Disk final : public block::Backend {
public:
    Disk(BlockDevice& device, P& pins) : device_(device), pins_(pins) {}

    block::Geometry geometry() const override {
        const Properties& properties = device_.properties();
        // A request of n pages' bytes lies in n + 1 pages where it does not start at one.
        const u32 segments = std::min<u32>(properties.most_segments, Requests::kMostSegments);
        const u32 count = segments > 1 ? (segments - 1) * kSectorsOfPage : 1;
        return {properties.sectors, !properties.read_only, count};
    }

    Status open_area(u32 area, Slot object, u64 bytes) override {
        Area& opened = areas_[area];
        EFT_TRY(opened.pin, pins_.pin(object, std::span(opened.pages).first(bytes / kPageSize)));
        return {};
    }
    void close_area(u32 area) override { pins_.unpin(areas_[area].pin); }

    Result<block::Progress> begin(u32 number, const block::Operation& operation) override {
        const Properties& properties = device_.properties();
        const Token token{number};
        Requests& requests = device_.requests();
        if (operation.kind == block::OperationKind::Flush) {
            if (!properties.can_flush) return block::Progress::Done;  // 5.2.6.2: every write is stable already
            return progress(requests.flush(properties, token));
        }
        std::array<hw::DmaRange, Requests::kMostSegments> ranges;
        EFT_TRY(const std::size_t count, find_ranges(operation, properties.longest_segment, ranges));
        const auto data = std::span<const hw::DmaRange>(ranges).first(count);
        return progress(operation.kind == block::OperationKind::Read ? requests.read(properties, operation.sector, data, token)
                                                                     : requests.write(properties, operation.sector, data, token));
    }
    void kick() override { device_.kick(); }

    Result<std::optional<block::Ended>> next_ended() override {
        if (broken_) return reset();
        const auto next = device_.requests().next_completion();
        if (!next.ok()) return reset();
        if (!next->has_value()) return std::optional<block::Ended>();
        return std::optional(block::Ended{static_cast<u32>((*next)->token), (*next)->error});
    }

    // Where it has to be reset, next_ended() does that.
    void woken(u64 bits) override {
        if ((bits & kConfigurationBit) == 0) return;
        if (device_.needs_reset())
            broken_ = true;
        else
            static_cast<void>(device_.refresh());
    }

private:
    static constexpr u32 kMostResets = 8;
    static constexpr u32 kSectorsOfPage = kPageSize / kSectorSize;
    struct Area {
        u32 pin = 0;
        std::array<u64, block::Block::Attachment::kAreaMax / kPageSize> pages{};
    };

    static Result<block::Progress> progress(Status submitted) {
        if (!submitted.ok()) return submitted.error();
        return block::Progress::Begun;
    }

    // Neighbouring pages make one range, as long as the device takes.
    Result<std::size_t> find_ranges(const block::Operation& operation, u32 longest, std::span<hw::DmaRange> ranges) const {
        const auto& pages = areas_[operation.area].pages;
        std::size_t count = 0;
        u64 left = operation.data.size();
        for (u64 offset = operation.offset; left != 0;) {
            const u64 address = pages[offset / kPageSize] + offset % kPageSize;
            const u64 length = std::min({left, kPageSize - offset % kPageSize, u64{longest}});
            hw::DmaRange* last = count != 0 ? &ranges[count - 1] : nullptr;
            if (last && last->address + last->length == address && last->length + length <= longest) {
                last->length += static_cast<u32>(length);
            } else {
                if (count == ranges.size()) return Error::OutOfRange;
                ranges[count++] = {address, static_cast<u32>(length)};
            }
            offset += length;
            left -= length;
        }
        return count;
    }

    Error reset() {
        broken_ = false;
        if (++resets_ > kMostResets || !device_.start().ok()) panic("virtio_blk: the device breaks the rules again and again");
        return Error::ProtocolViolation;
    }

    BlockDevice& device_;
    P& pins_;
    std::array<Area, block::kSessions> areas_{};
    u32 resets_ = 0;
    bool broken_ = false;
};

}  // namespace eft::virtio_blk
