// Register access: widths, fields, windows, barriers' memory, waiting.
#include <eft/arch/device_model.h>
#include <eft/hw/dma.h>
#include <eft/hw/mmio.h>
#include <eft/hw/ports.h>
#include <eft/hw/wait.h>

#include <doctest/doctest.h>

#include <array>
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

struct Access {
    u64 offset;
    unsigned width;
    u64 value;
    bool operator==(const Access&) const = default;
};

// Notes every access, in order.
struct Recorder final : host::DeviceModel {
    u64 read(u64 offset, unsigned width) override {
        reads.push_back({offset, width, 0});
        return 0x1122'3344'5566'7788;
    }
    void write(u64 offset, unsigned width, u64 value) override { writes.push_back({offset, width, value}); }

    std::vector<Access> reads, writes;
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
    CHECK(mmio.part(4).read<u16>(0) == 0xa55a);
    CHECK(mmio.part(4).length() == 60);
}

TEST_CASE("an access goes to the device that lies there, whole and once") {
    constexpr u64 kFirst = 0xfe00'0000, kSecond = kFirst + 64;
    Recorder first, second, ports;
    const host::DeviceWindow window(first, host::DeviceSpace::Memory, kFirst, 64), next(second, host::DeviceSpace::Memory, kSecond, 64);
    const hw::Mmio mmio(reinterpret_cast<volatile void*>(kSecond), 64);
    hw::modify<Entry>(mmio, [](auto entry) { return entry.template with<Entry::Mask>(); }, 1u);
    CHECK(second.reads == std::vector<Access>{{24, 4, 0}});
    CHECK(second.writes == std::vector<Access>{{24, 4, 0xd566'7788}});
    CHECK(hw::read<Wide>(mmio).raw() == 0x1122'3344'5566'7788);
    CHECK((first.reads.empty() && first.writes.empty()));

    const hw::Ports line(Slot{1}, 0x300, 16);
    CHECK(hw::read<Control>(line).raw() == 0xffff);  // an empty bus
    const host::DeviceWindow at(ports, host::DeviceSpace::Ports, 0x300, 16);
    CHECK(hw::read<Control>(line).raw() == 0x7788);
    hw::write<Control>(line, hw::Value<Control>(7));
    CHECK(ports.writes == std::vector<Access>{{4, 2, 7}});
}

TEST_CASE("waiting ends when the condition comes true, or patience ends; the last look counts") {
    int looks = 0;
    const auto true_at = [&looks](int which) { return [&looks, which] { return ++looks == which; }; };
    CHECK(hw::wait_until(true_at(3), hw::Looks{5}).ok());
    CHECK(looks == 3);
    looks = 0;
    CHECK(hw::wait_until(true_at(0), hw::Looks{2}).error() == Error::TimedOut);
    CHECK(looks == 4);
    looks = 0;
    CHECK(hw::wait_until(true_at(4), hw::Looks{2}).ok());
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
