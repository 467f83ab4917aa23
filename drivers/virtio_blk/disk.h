// A virtio disk as the backend of a Block service: requests in pages that dev has pinned, the device reset and its work
// begun again when it breaks the rules.
#pragma once

#include <drivers/block/backend.h>
#include <drivers/service/pinned_area.h>
#include <drivers/virtio_blk/device.h>

#include <eft/idl/block.h>

#include <array>

namespace eft::virtio_blk {

class Disk final : public block::Backend {
public:
    // The device that is reset more often than this, in one incarnation, is broken: the driver ends.
    static constexpr u32 kMostResets = 8;

    // `own` pins the areas. `device` has been started.
    Disk(BlockDevice& device, driver::Device& own) : device_(device), own_(own) {}

    block::Geometry geometry() const override;
    bool device_moves_data() const override { return true; }
    // OutOfRange: the object has fewer pages.
    Status open_area(u32 area, Slot object, u64 bytes) override { return areas_[area].open(own_, object, bytes); }
    void close_area(u32 area) override { areas_[area].close(own_); }
    Result<block::Progress> begin(u32 number, const block::Operation& operation) override;
    void kick() override { device_.kick(); }
    Result<std::optional<block::Ended>> next_ended() override;

    void give_up() override { broken_ = true; }
    // An interrupt: of the configuration, or of any kind by the device's line. If the device has to be reset, next_ended() does
    // that.
    void woken(u64 bits) override;

private:
    Error reset();

    BlockDevice& device_;
    driver::Device& own_;
    std::array<driver::PinnedArea, block::kSessions> areas_{};
    u32 resets_ = 0;
    bool broken_ = false;
};

}  // namespace eft::virtio_blk
