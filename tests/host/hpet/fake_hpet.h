// An HPET in software: a 64-bit counter that moves when somebody looks at it, three timers, and the
// hard rule of the hardware: a comparator fires when the counter equals it, never afterwards.
#pragma once

#include <eft/hw/register.h>

#include <array>

namespace eft::test {

struct FakeHpet {
    struct Access {
        FakeHpet* device;
        template <hw::RegisterWord W>
        W read(u32 offset) {
            return static_cast<W>(device->read(offset, sizeof(W)));
        }
        template <hw::RegisterWord W>
        void write(u32 offset, W value) {
            device->write(offset, sizeof(W), static_cast<u32>(value));
        }
    };
    Access access() { return {this}; }

    struct Timer {
        u32 configuration = 1u << 5;
        u32 routes = 0x00ff'0104;  // QEMU's q35
        u64 comparator = ~0ull;
        unsigned fired = 0;
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

    void advance(u64 ticks) {
        if (!(configuration & 1)) return;
        for (Timer& timer : timers) {
            const u64 distance = timer.comparator - counter;  // equality at some moment in (0, ticks]
            if ((timer.configuration & 4) && distance != 0 && distance <= ticks) ++timer.fired;
        }
        counter += ticks;
    }

private:
    u32 read(u32 offset, unsigned width) {
        advance(ticks_per_access);
        if (width != 4) wrong_access = true;
        switch (offset) {
            case 0x000: return capabilities;
            case 0x004: return period;
            case 0x010: return configuration;
            case 0x0f0: return static_cast<u32>(counter);
            case 0x0f4: return static_cast<u32>(counter >> 32);
        }
        if (offset < 0x100 || offset >= 0x160) return wrong_access = true, 0;
        const Timer& timer = timers[(offset - 0x100) / 0x20];
        switch (offset & 0x1f) {
            case 0x00: return timer.configuration;
            case 0x04: return timer.routes;
            case 0x08: return static_cast<u32>(timer.comparator);
            case 0x0c: return static_cast<u32>(timer.comparator >> 32);
            default: return wrong_access = true, 0;
        }
    }

    void write(u32 offset, unsigned width, u32 value) {
        advance(ticks_per_access);
        if (width != 4) wrong_access = true;
        if (offset == 0x010) return void(configuration = value);
        if (offset == 0x0f0 || offset == 0x0f4) return void(++counter_writes);
        if (offset < 0x100 || offset >= 0x160) return void(wrong_access = true);
        Timer& timer = timers[(offset - 0x100) / 0x20];
        switch (offset & 0x1f) {
            case 0x00: {
                const u32 route = (value >> 9) & 31;
                if (!((timer.routes & kept_routes) >> route & 1)) value &= ~(31u << 9);
                timer.configuration = value | 1u << 5;
                break;
            }
            case 0x08: timer.comparator = (timer.comparator & ~0xffff'ffffull) | value; break;
            case 0x0c: timer.comparator = (timer.comparator & 0xffff'ffff) | u64{value} << 32; break;
            default: wrong_access = true;
        }
    }
};
static_assert(hw::RegisterAccess<FakeHpet::Access>);

}  // namespace eft::test
