// What the tests of the cards behind the Ethernet service have in common: an area in pages that the device reaches, what has
// ended, and a card that is kept busy.
#pragma once

#include <devices/pinned_pages.h>

#include <drivers/ethernet/card.h>

#include <doctest/doctest.h>

#include <set>

namespace eft::test {

// The base of a fixture, which has the card.
class TestedCard {
public:
    explicit TestedCard(ethernet::Card& card) : tested_(card) {}

    DmaSpace memory;
    PinnedPages pages{memory};
    driver::Device own{CapHandle()};

    void write(u32 offset, const std::string& bytes) { pages.write(offset, bytes); }
    std::string text(u32 offset, u32 length) const { return pages.text(offset, length); }
    ethernet::Ended next() {
        const auto found = tested_.next_ended();
        REQUIRE(found.ok());
        REQUIRE(found->has_value());
        return **found;
    }
    bool quiet() {
        const auto found = tested_.next_ended();
        return found.ok() && !found->has_value();
    }

    // It has eight buffers and eight frames, or as many as it takes.
    void keep_busy(u32 area) {
        while (buffers_.size() < 8 && tested_.receive(number_, {area, 0, 2048}).ok()) buffers_.insert(number_++);
        while (frames_.size() < 8 && tested_.send(number_, {area, 2048, 100}, {}).ok()) frames_.insert(number_++);
        tested_.kick();
    }
    // Each ended that it had, and once. False: it found its device wrong, and was reset.
    bool take_ended() {
        for (;;) {
            const auto next = tested_.next_ended();
            if (!next.ok()) {
                tested_.reset();
                buffers_.clear();
                frames_.clear();
                ++resets;
                return false;
            }
            if (!next->has_value()) return true;
            const bool arrived = (*next)->direction == ethernet::Direction::Receive;
            REQUIRE((arrived ? buffers_ : frames_).erase((*next)->number) == 1);
            REQUIRE((*next)->received.bytes <= 2048);
            ++ended;
        }
    }
    u32 ended = 0, resets = 0;

private:
    ethernet::Card& tested_;
    std::set<u32> buffers_, frames_;
    u32 number_ = 0;
};

}  // namespace eft::test
