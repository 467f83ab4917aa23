// Which of a device's claims about its registers are taken.
#include <drivers/virtio/common.h>
#include <drivers/virtio/layout.h>

namespace eft::virtio {

namespace {

bool lies_in_bar(const Region& region, const BarLengths& bars) {
    if (region.bar >= pci::kBaseAddresses) return false;
    const u64 length = bars[region.bar];
    return region.length != 0 && region.offset <= length && region.length <= length - region.offset;
}

// 4.1.4.3.1, 4.1.4.4.1, 4.1.4.5.1, 4.1.4.6.1: alignment and least length of each structure.
bool is_usable(const Region& region, u32 alignment, u32 least_length) {
    return region.offset % alignment == 0 && region.length >= least_length;
}

void take_first(Region& place, const Region& region) {
    if (!place.present()) place = region;
}

}  // namespace

void place(Layout& layout, const Candidate& candidate, const BarLengths& bars) {
    const Region& region = candidate.region;
    if (candidate.capability_length < structure::kSize || !lies_in_bar(region, bars)) return;

    switch (candidate.kind) {
        case structure::Kind::Common:
            if (is_usable(region, 4, kCommonLength)) take_first(layout.common, region);
            break;
        case structure::Kind::Notify:
            if (candidate.capability_length < structure::kNotifySize) break;
            // The multiplier is a power of two, or 0 where all queues share an address (4.1.4.4.1).
            if (candidate.notify_multiplier & (candidate.notify_multiplier - 1)) break;
            if (candidate.notify_multiplier == 1 || !is_usable(region, 2, 2)) break;
            if (!layout.notify.present()) {
                layout.notify = region;
                layout.notify_multiplier = candidate.notify_multiplier;
            }
            break;
        case structure::Kind::InterruptStatus:
            if (is_usable(region, 1, 1)) take_first(layout.interrupt_status, region);
            break;
        case structure::Kind::Device:
            if (is_usable(region, 4, 1)) take_first(layout.device, region);
            break;
    }
}

}  // namespace eft::virtio
