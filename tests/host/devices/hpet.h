// An HPET in software: a 64-bit counter that moves when somebody looks at it, three timers, and the
// hard rule of the hardware: a comparator fires when the counter equals it, never afterwards.
#pragma once

#include <eft/arch/device_model.h>
#include <eft/hw/mmio.h>

#include <array>

namespace eft::test {

class HpetModel final : public host::DeviceModel {
public:
    static constexpr u64 kAddress = 0xfed0'0000, kLength = 1024;

    // What the driver is given.
    hw::Mmio registers() const { return {reinterpret_cast<volatile void*>(kAddress), kLength}; }

    struct Timer {
        u32 configuration = 1u << 5;
        u32 routes = 0x00ff'0104;  // QEMU's q35
        u64 comparator = ~0ull;
        unsigned fired = 0;

        bool interrupts() const { return (configuration & 4) != 0; }
    };

    u64 counter = 0;
    u32 period = 10'000'000;  // 100 MHz
    u32 capabilities = 0x8086'a201;  // three timers, 64 bits, legacy route
    u32 configuration = 0;
    u32 ticks_per_access = 1;  // time passes while the driver works
    u32 kept_routes = ~0u;     // route fields that stick
    std::array<Timer, 3> timers;
    bool wrong_access = false;
    unsigned counter_writes = 0;

    // Time passes.
    void advance(u64 ticks);

private:
    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;

    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kAddress, kLength};
};

}  // namespace eft::test
