// What the service Ethernet says of the link, and what it tells the card to let through.
#include "driver.h"

#include <algorithm>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u64 kGroup = 0x0100'005e'0001 | 1;  // its first byte is odd

struct Fixture : CardScene {
    Fixture(Stage& where) : CardScene{where} {}
    CardClient anna{*this, 7}, bert{*this, 8};

    static ethernet::Filter groups(std::initializer_list<u64> wanted) {
        ethernet::Filter filter;
        for (const u64 group : wanted) filter.groups.each[filter.count++] = group;
        return filter;
    }
    bool lets_through(u64 group) const {
        const auto* end = card.filter.groups.each + card.filter.count;
        return std::find(card.filter.groups.each, end, group) != end;
    }
};

}  // namespace

STAGE_CASE(Fixture, "the link is as the card says, and a change is an event, once, also while no driver ran") {
    CHECK(anna.client.link()->up);
    CHECK(anna.client.link()->megabits == 1000);
    REQUIRE(anna.client.subscribe_link_changed({.wake = *make_wake()}).ok());
    card.now = {.up = false, .megabits = 0};
    interrupt();
    auto changed = anna.client.next_link_changed({0});
    REQUIRE(changed.ok());
    CHECK(changed->number == 1);
    CHECK(!changed->up);
    CHECK(!bert.client.link()->up);

    stage.kill(driver);
    card.now = {.up = true, .megabits = 100};
    stage.kill(driver);
    stage.kill(driver);
    changed = anna.client.next_link_changed({1});
    REQUIRE(changed.ok());
    CHECK(changed->up);
    CHECK(changed->megabits == 100);
    CHECK(anna.client.next_link_changed({2})->number == 0);
}

STAGE_CASE(Fixture, "a link that changed without an interrupt is found with the next heartbeat") {
    card.now.up = false;
    beat_after(1);
    CHECK(!anna.client.link()->up);
}

STAGE_CASE(Fixture, "the card lets through what anybody wants, in later incarnations, too, until he ends") {
    CHECK(card.filter.count == 0);
    REQUIRE(anna.client.set_filter(groups({kGroup, kGroup + 0x10000})).ok());
    REQUIRE(bert.client.set_filter(groups({kGroup + 0x10000, kGroup + 0x20000})).ok());
    CHECK(card.filter.count == 3);
    stage.kill(driver);
    stage.run();
    CHECK(card.filter.count == 3);
    CHECK(lets_through(kGroup));
    CHECK(lets_through(kGroup + 0x20000));
    names.close({8});
    CHECK(card.filter.count == 2);
    CHECK(!lets_through(kGroup + 0x20000));

    ethernet::Filter all;
    all.promiscuous = true;
    REQUIRE(anna.client.set_filter(all).ok());
    CHECK(card.filter.promiscuous);
    CHECK(card.filter.count == 0);
}

STAGE_CASE(Fixture, "more groups than the card has room for are all groups") {
    for (CardClient* each : {&anna, &bert}) {
        ethernet::Filter filter;
        for (u32 i = 0; i < 10; ++i) filter.groups.each[filter.count++] = kGroup + each->badge * 0x1000'0000 + i * 0x10000;
        REQUIRE(each->client.set_filter(filter).ok());
    }
    CHECK(card.filter.all_groups);
}

STAGE_CASE(Fixture, "a filter that cannot be is refused, and the one before stays") {
    REQUIRE(anna.client.set_filter(groups({kGroup})).ok());
    CHECK(anna.client.set_filter(groups({kGroup + 1})).error() == Error::InvalidArgument);  // somebody's own address
    CHECK(anna.client.set_filter(groups({u64{1} << 48 | 1})).error() == Error::InvalidArgument);
    ethernet::Filter filter;
    filter.count = 17;
    CHECK(anna.client.set_filter(filter).error() == Error::OutOfRange);
    CHECK(card.filter.count == 1);
}
