// A card whose buffers lie in pages that dev has pinned.
#pragma once

#include <drivers/ethernet/card.h>
#include <drivers/service/pinned_area.h>

#include <array>

namespace eft::ethernet {

class PinnedCard : public Card {
public:
    Status open_area(u32 area, Slot object, u64 bytes) override { return areas_[area].open(own_, object, bytes); }
    void close_area(u32 area) override { areas_[area].close(own_); }

protected:
    // `own` pins the areas.
    explicit PinnedCard(driver::Device& own) : own_(own) {}
    ~PinnedCard() = default;

    const driver::PinnedArea& area_of(const Place& place) const { return areas_[place.area]; }

    driver::Device& own_;
    Filter filter_;        // as it was set last
    bool broken_ = false;  // until the next reset()

private:
    std::array<driver::PinnedArea, kSessions> areas_{};
};

}  // namespace eft::ethernet
