// Register access: widths, fields, windows, barriers' memory, waiting; and root's PIT on top of it.
#include <eft/hw/dma.h>
#include <eft/hw/mmio.h>
#include <eft/hw/wait.h>
#include <servers/root/pit.h>

#include <doctest/doctest.h>

#include <array>
#include <utility>
#include <vector>

using namespace eft;

namespace {

struct Control : hw::Register<4, u16> {
    struct Enable : Bitfield<0> {};
    struct Mode : Bitfield<3, 4> {};
    struct Top : Bitfield<15> {};
};
struct Other : hw::Register<6, u16> {
    struct Enable : Bitfield<0> {};
};
struct Wide : hw::Register<8, u64> {
    struct All : Bitfield<0, 64> {};
    struct High : Bitfield<32, 32> {};
};
struct Entry : hw::RegisterArray<16, u32, 8> {
    struct Mask : Bitfield<31> {};
};

template <class V, class F>
concept HasField = requires(V value) { value.template get<F>(); };
static_assert(HasField<hw::Value<Control>, Control::Enable>);
static_assert(!HasField<hw::Value<Control>, Other::Enable>, "a field of another register must not compile");

// Notes every access, in order.
struct Recorder {
    std::vector<std::pair<u32, u64>>* writes;
    template <hw::RegisterWord W>
    W read(u32) {
        return 0;
    }
    template <hw::RegisterWord W>
    void write(u32 offset, W value) {
        writes->push_back({offset << 8 | sizeof(W), value});
    }
};

}  // namespace

TEST_CASE("fields are taken out and put in without touching their neighbours") {
    const auto value = hw::Value<Control>(0xffff).with<Control::Mode>(0x5);
    CHECK(value.raw() == 0xffaf);
    CHECK(value.get<Control::Mode>() == 5);
    CHECK(value.with<Control::Mode>(0xf5).raw() == 0xffaf);  // what does not fit is cut off
    CHECK(value.without<Control::Top>().raw() == 0x7faf);
    CHECK(hw::Value<Wide>(0x1234'5678'0000'0000).get<Wide::High>() == 0x1234'5678);
    CHECK(hw::Value<Wide>(0).with<Wide::All>(~0ull).raw() == ~0ull);
}

TEST_CASE("Mmio reads and writes with the register's own width, at its own place") {
    alignas(8) std::array<u8, 64> memory{};
    hw::Mmio mmio(memory.data(), memory.size());
    hw::write<Control>(mmio, hw::Value<Control>(0xa55a));
    CHECK((memory[3] == 0 && memory[4] == 0x5a && memory[5] == 0xa5 && memory[6] == 0));
    hw::modify<Entry>(mmio, [](auto entry) { return entry.template with<Entry::Mask>(); }, 2u);
    CHECK((memory[35] == 0x80 && memory[27] == 0 && memory[43] == 0));
    hw::Shifted<hw::Mmio> part(mmio, 4);
    CHECK(part.read<u16>(0) == 0xa55a);
}

TEST_CASE("waiting ends when the condition comes true, or patience ends; the last look counts") {
    int looks = 0;
    hw::Looks five{5};
    CHECK(hw::wait_until([&] { return ++looks == 3; }, five).ok());
    CHECK(five.left == 3);
    hw::Looks two{2};
    CHECK(hw::wait_until([] { return false; }, two).error() == Error::TimedOut);
}

TEST_CASE("DMA memory keeps the two addresses of its parts together") {
    alignas(16) std::array<u8, 64> memory{};
    const hw::DmaMemory dma{memory.data(), 0x9000, memory.size()};
    const hw::DmaMemory part = dma.part(16, 8);
    CHECK(part.device_address == 0x9010);
    part.store<u32>(4, 0x01020304);
    CHECK(memory[20] == 4);
    CHECK(dma.load<u32>(20) == 0x01020304);
    dma.clear();
    CHECK(dma.load<u32>(20) == 0);
}

TEST_CASE("the PIT's divisor is the nearest one, and is written low byte first in mode 2") {
    CHECK(root::pit_divisor(100).value_or(0) == 11932);
    CHECK(root::pit_divisor(19).value_or(0) == 62799);
    CHECK(root::pit_divisor(18).error() == Error::OutOfRange);
    CHECK(root::pit_divisor(0).error() == Error::OutOfRange);
    CHECK(root::pit_divisor(1'000'000).error() == Error::OutOfRange);
    std::vector<std::pair<u32, u64>> writes;
    const auto period = root::start_pit(Recorder{&writes}, 100);
    REQUIRE(period.ok());
    CHECK(*period == 10'000'150);
    CHECK(writes == std::vector<std::pair<u32, u64>>{{0x301, 0x34}, {0x001, 11932 & 0xff}, {0x001, 11932 >> 8}});
}
