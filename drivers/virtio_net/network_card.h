// A virtio network device as the card of an Ethernet service: buffers in pages that dev has pinned.
//
// Interrupts are off from the first one until prepare_to_sleep(): what ends while the program works is found by looking. A
// frame that arrives interrupts then, and frames that were sent when most of them have gone: nobody is in a hurry for their
// memory, and each interrupt would wake two programs.
#pragma once

#include <drivers/ethernet/pinned_card.h>
#include <drivers/virtio_net/device.h>

namespace eft::virtio_net {

class NetworkCard final : public ethernet::PinnedCard {
public:
    // A command of the control queue may take so many heartbeats.
    static constexpr u32 kMostBeats = 10;

    // `own` pins the areas. `device` has been started.
    NetworkCard(NetworkDevice& device, driver::Device& own) : PinnedCard(own), device_(device) {}

    ethernet::Properties properties() const override;
    ethernet::Link link() const override { return device_.link(); }
    void set_filter(const ethernet::Filter& filter) override;

    Status receive(u32 number, const ethernet::Place& buffer) override;
    Status send(u32 number, const ethernet::Place& frame, const ethernet::Treatment& treatment) override;
    void kick() override;
    Result<std::optional<ethernet::Ended>> next_ended() override;
    bool has_ended() const override { return device_.receive().queue().has_used() || device_.send().queue().has_used(); }
    void reset() override;

    void woken(u64 bits) override;
    void look() override;
    bool prepare_to_sleep() override;

private:
    Result<std::size_t> find(const ethernet::Place& place, std::span<hw::DmaRange> ranges) const {
        return area_of(place).find(place.offset, place.bytes, ~u32{0}, ranges);
    }
    void look_at_configuration();

    NetworkDevice& device_;
    u32 beats_ = 0;  // since the control queue answered
};

}  // namespace eft::virtio_net
