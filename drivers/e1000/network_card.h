// An 8254x controller as the card of an Ethernet service: buffers in pages that dev has pinned.
//
// Interrupts are off from the first one until prepare_to_sleep(): what ends while the program works is found by looking.
// The controller writes a frame to one piece of memory, so a buffer's first 1536 bytes must not lie in two pages that are
// apart; it sends a frame from several.
#pragma once

#include <drivers/e1000/device.h>
#include <drivers/ethernet/pinned_card.h>

namespace eft::e1000 {

// Of the program's notification.
constexpr u64 kInterruptBit = 1;

class NetworkCard final : public ethernet::PinnedCard {
public:
    // `own` pins the areas, and has the interrupt. `controller` has been started.
    NetworkCard(Controller& controller, driver::Device& own) : PinnedCard(own), controller_(controller) {}

    ethernet::Properties properties() const override;
    ethernet::Link link() const override { return controller_.link(); }
    void set_filter(const ethernet::Filter& filter) override;

    Status receive(u32 number, const ethernet::Place& buffer) override;
    Status send(u32 number, const ethernet::Place& frame, const ethernet::Treatment& treatment) override;
    void kick() override { controller_.kick(); }
    Result<std::optional<ethernet::Ended>> next_ended() override;
    bool has_ended() const override { return controller_.receive().has_ended() || controller_.send().has_ended(); }
    void reset() override;

    void woken(u64 bits) override;
    void look() override;
    bool prepare_to_sleep() override { return controller_.interrupt_after() && !broken_; }
    u64 take_lost() override { return std::exchange(lost_, 0); }

private:
    Controller& controller_;
    u64 lost_ = 0;
};

}  // namespace eft::e1000
