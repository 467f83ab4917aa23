// The registers of the HPET, by the IA-PC HPET specification 1.0a: see hpet.h.
#include <devices/hpet.h>

namespace eft::test {

namespace {

constexpr u64 kFirstTimer = 0x100, kTimerStride = 0x20, kTimersEnd = 0x160;

}  // namespace

void HpetModel::advance(u64 ticks) {
    if (!(configuration & 1)) return;
    for (Timer& timer : timers) {
        const u64 distance = timer.comparator - counter;  // equality at some moment in (0, ticks]
        if (timer.interrupts() && distance != 0 && distance <= ticks) ++timer.fired;
    }
    counter += ticks;
}

u64 HpetModel::read(u64 offset, unsigned width) {
    advance(ticks_per_access);
    if (width != 4) wrong_access = true;
    switch (offset) {
        case 0x000: return capabilities;
        case 0x004: return period;
        case 0x010: return configuration;
        case 0x0f0: return counter;
        case 0x0f4: return counter >> 32;
    }
    if (offset < kFirstTimer || offset >= kTimersEnd) return wrong_access = true, 0;
    const Timer& timer = timers[(offset - kFirstTimer) / kTimerStride];
    switch (offset % kTimerStride) {
        case 0x00: return timer.configuration;
        case 0x04: return timer.routes;
        case 0x08: return timer.comparator;
        case 0x0c: return timer.comparator >> 32;
        default: return wrong_access = true, 0;
    }
}

void HpetModel::write(u64 offset, unsigned width, u64 value) {
    advance(ticks_per_access);
    if (width != 4) wrong_access = true;
    if (offset == 0x010) return void(configuration = static_cast<u32>(value));
    if (offset == 0x0f0 || offset == 0x0f4) return void(++counter_writes);
    if (offset < kFirstTimer || offset >= kTimersEnd) return void(wrong_access = true);
    Timer& timer = timers[(offset - kFirstTimer) / kTimerStride];
    switch (offset % kTimerStride) {
        case 0x00: {
            const u32 route = (value >> 9) & 31;
            if (!((timer.routes & kept_routes) >> route & 1)) value &= ~(31u << 9);
            timer.configuration = static_cast<u32>(value) | 1u << 5;
            break;
        }
        case 0x08: timer.comparator = (timer.comparator & ~0xffff'ffffull) | value; break;
        case 0x0c: timer.comparator = (timer.comparator & 0xffff'ffff) | value << 32; break;
        default: wrong_access = true;
    }
}

}  // namespace eft::test
