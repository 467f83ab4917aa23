// Which vendor capabilities are believed (4.1.4), and PCI capability lists that lead astray.
#include <drivers/virtio/layout.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;
using namespace eft::virtio;

namespace {

// A configuration space in memory, with capabilities put behind each other.
struct Config {
    std::array<u8, 256> bytes{};
    u8 next = 0x40;
    u8* link = &bytes[0x34];

    Config() { bytes[0x06] = 0x10; }
    void put32(u32 offset, u32 value) {
        for (u32 i = 0; i < 4; ++i) bytes[offset + i] = static_cast<u8>(value >> (8 * i));
    }
    u8 structure(u8 kind, u8 bar, u32 offset, u32 length, u8 size = 16, u32 multiplier = 0) {
        const u8 here = next;
        *link = here;
        link = &bytes[here + 1u];
        bytes[here] = 0x09;
        bytes[here + 2u] = size;
        bytes[here + 3u] = kind;
        bytes[here + 4u] = bar;
        put32(here + 8u, offset);
        put32(here + 12u, length);
        if (size >= 20) put32(here + 16u, multiplier);
        next = static_cast<u8>(here + ((size + 3u) & ~3u));
        return here;
    }
    pci::Configuration view() { return pci::Configuration(hw::Mmio(bytes.data(), bytes.size())); }
};

constexpr BarLengths kBars{0, 4096, 0, 0, 0x4000, 0};

Config good() {  // as QEMU lays it out
    Config config;
    config.structure(1, 4, 0, 0x1000);
    config.structure(3, 4, 0x1000, 0x1000);
    config.structure(4, 4, 0x2000, 0x1000);
    config.structure(2, 4, 0x3000, 0x1000, 20, 4);
    return config;
}

}  // namespace

TEST_CASE("the structures of a good device are found") {
    const auto layout = find_layout(good().view(), kBars);
    REQUIRE(layout.ok());
    CHECK(layout->common.bar == 4);
    CHECK(layout->interrupt_status.offset == 0x1000);
    CHECK(layout->device.offset == 0x2000);
    CHECK(layout->notify.offset == 0x3000);
    CHECK(layout->notify_multiplier == 4);
}

TEST_CASE("unusable capabilities are passed over and the first usable one counts") {
    Config config;
    config.structure(1, 6, 0, 0x1000);       // reserved BAR
    config.structure(1, 0, 0, 0x1000);       // a BAR that is not there
    config.structure(1, 4, 0x3fff'fffc, 64);  // outside its BAR
    config.structure(1, 4, 0xffff'fffc, 0xffff'ffff);
    config.structure(1, 4, 0x100, 0x100);
    config.structure(1, 4, 0x200, 0x100);
    config.structure(3, 4, 0x1000, 1);
    config.structure(2, 4, 0x3000, 0x1000, 20, 4);
    const auto layout = find_layout(config.view(), kBars);
    REQUIRE(layout.ok());
    CHECK(layout->common.offset == 0x100);
    CHECK_FALSE(layout->device.present());
}

TEST_CASE("a structure that is missing or too small or misaligned is a device that cannot be used") {
    Config config;
    SUBCASE("no common") {}
    SUBCASE("common too short") { config.structure(1, 4, 0, 0x37); }
    SUBCASE("common misaligned") { config.structure(1, 4, 2, 0x100); }
    config.structure(3, 4, 0x1000, 1);
    config.structure(2, 4, 0x3000, 0x1000, 20, 4);
    CHECK(find_layout(config.view(), kBars).error() == Error::NotSupported);
}

TEST_CASE("a multiplier that is no power of two is not a notify structure") {
    for (const u32 multiplier : {1u, 3u, 6u, 0xffff'ffffu}) {
        Config config;
        config.structure(1, 4, 0, 0x1000);
        config.structure(3, 4, 0x1000, 1);
        config.structure(2, 4, 0x3000, 0x1000, 20, multiplier);
        CHECK(find_layout(config.view(), kBars).error() == Error::NotSupported);
    }
}

TEST_CASE("a capability list that goes in a circle, or leaves its place, is damaged") {
    Config config = good();
    SUBCASE("to itself") { config.bytes[0x41] = 0x40; }
    SUBCASE("back to the first") { *config.link = 0x40; }
    SUBCASE("into the header") { *config.link = 0x10; }
    CHECK(find_layout(config.view(), kBars).error() == Error::BadFormat);
}

TEST_CASE("no capability list, no device") {
    Config config = good();
    config.bytes[0x06] = 0;
    CHECK(find_layout(config.view(), kBars).error() == Error::NotSupported);
}

TEST_CASE("random configuration bytes never lead outside, and what is found lies in its BAR") {
    std::mt19937 random(5);
    unsigned found = 0;
    for (int round = 0; round < 50'000; ++round) {
        Config config = good();
        for (unsigned flips = 1 + random() % 6; flips != 0; --flips)
            config.bytes[random() % 256] = static_cast<u8>(random());
        const auto layout = find_layout(config.view(), kBars);
        if (!layout.ok()) continue;
        ++found;
        for (const Region& region : {layout->common, layout->notify, layout->interrupt_status, layout->device}) {
            if (!region.present()) continue;
            REQUIRE(region.bar < 6);
            REQUIRE(u64{region.offset} + region.length <= kBars[region.bar]);
        }
    }
    CHECK(found > 1000);
}
