// A virtio disk as the backend of a Block service: requests in pages that dev has pinned, the device reset and its work
// begun again when it breaks the rules.
#pragma once

#include <drivers/block/backend.h>
#include <drivers/service/device.h>
#include <drivers/virtio_blk/device.h>

#include <eft/idl/block.h>

#include <array>
#include <vector>

namespace eft::virtio_blk {

// The configuration interrupt, in the program's notification.
constexpr u64 kConfigurationBit = 2;

class Disk final : public block::Backend {
public:
    // The device that is reset more often than this, in one incarnation, is broken: the driver ends.
    static constexpr u32 kMostResets = 8;

    // `own` pins the areas. `device` has been started.
    Disk(BlockDevice& device, driver::Device& own) : device_(device), own_(own) {}

    block::Geometry geometry() const override;
    bool device_moves_data() const override { return true; }
    // OutOfRange: the object has fewer pages.
    Status open_area(u32 area, Slot object, u64 bytes) override;
    void close_area(u32 area) override { own_.unpin(areas_[area].pin); }
    Result<block::Progress> begin(u32 number, const block::Operation& operation) override;
    void kick() override { device_.kick(); }
    Result<std::optional<block::Ended>> next_ended() override;

    void give_up() override { broken_ = true; }
    // An interrupt: of the configuration, or of any kind by the device's line. If the device has to be reset, next_ended() does
    // that.
    void woken(u64 bits) override;

private:
    struct Area {
        u32 pin = 0;
        std::vector<u64> pages;  // where they are for the device
    };

    Result<std::size_t> find_ranges(const block::Operation& operation, u32 longest, std::span<hw::DmaRange> ranges) const;
    Error reset();

    BlockDevice& device_;
    driver::Device& own_;
    std::array<Area, block::kSessions> areas_{};
    u32 resets_ = 0;
    bool broken_ = false;
};

}  // namespace eft::virtio_blk
