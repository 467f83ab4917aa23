// Which of a device's claims about its registers are taken.
#include <drivers/virtio/common.h>
#include <drivers/virtio/layout.h>

namespace eft::virtio {

namespace {

namespace structure {  // struct virtio_pci_cap, 4.1.4

enum class Kind : u8 { Common = 1, Notify = 2, InterruptStatus = 3, Device = 4 };

struct Length : hw::Register<2, u8> {};
struct Type : hw::Register<3, u8> {};
struct Bar : hw::Register<4, u8> {};
struct Offset : hw::Register<8, u32> {};
struct RegionLength : hw::Register<12, u32> {};
struct NotifyMultiplier : hw::Register<16, u32> {};
constexpr u32 kSize = 16;
constexpr u32 kNotifySize = 20;

}  // namespace structure

// One capability, as far as it was read; `place` decides whether it counts.
struct Candidate {
    structure::Kind kind;
    u8 capability_length;
    Region region;
    u32 notify_multiplier;
};

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

// Puts the candidate into the layout, or passes it over.
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

}  // namespace

Result<Layout> find_layout(const pci::Configuration& config, const BarLengths& bars) {
    Layout layout;
    EFT_CHECK(pci::walk_capabilities(config, [&](pci::CapabilityId id, u8 offset) {
        if (id != pci::CapabilityId::Vendor || offset + structure::kSize > pci::kConfigurationSize)
            return true;
        const pci::Configuration capability = config.part(offset);
        Candidate candidate;
        candidate.kind = static_cast<structure::Kind>(hw::read<structure::Type>(capability).raw());
        candidate.capability_length = hw::read<structure::Length>(capability).raw();
        candidate.region.bar = hw::read<structure::Bar>(capability).raw();
        candidate.region.offset = hw::read<structure::Offset>(capability).raw();
        candidate.region.length = hw::read<structure::RegionLength>(capability).raw();
        candidate.notify_multiplier =
            offset + structure::kNotifySize <= pci::kConfigurationSize
                ? hw::read<structure::NotifyMultiplier>(capability).raw()
                : 0;
        place(layout, candidate, bars);
        return true;
    }));
    if (!layout.common.present() || !layout.notify.present() || !layout.interrupt_status.present())
        return Error::NotSupported;
    return layout;
}

}  // namespace eft::virtio
