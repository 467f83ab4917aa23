// The order in which the counter and the comparator are read and written: see hpet.h.
#include <drivers/hpet/hpet.h>

namespace eft::hpet {

namespace {

constexpr int kCarryAttempts = 4;
constexpr u64 kLeastDistance = 8;  // ticks
constexpr u64 kLargestDistance = 1u << 20;

}  // namespace

Result<Hpet> Hpet::start(hw::Mmio registers, ClockState& state, unsigned timer) {
    const auto capabilities = hw::read<Capabilities>(registers);
    const u32 period = hw::read<CounterPeriod>(registers).raw();
    if (period == 0 || period > kLongestPeriod) return Error::NotSupported;
    if (!capabilities.has<Capabilities::Counter64>()) return Error::NotSupported;
    if (timer > capabilities.get<Capabilities::LastTimer>()) return Error::InvalidArgument;
    if (!hw::read<TimerConfiguration>(registers, timer).has<TimerConfiguration::Comparator64>()) return Error::NotSupported;

    Hpet hpet(registers, state, Ticks(period), timer);
    hpet.disarm();
    // Legacy routing off: root keeps the PIT's line for its own tick. The counter goes on.
    hw::modify<Configuration>(
        registers, [](auto value) { return value.template without<Configuration::LegacyRoute>().template with<Configuration::Enable>(); });
    hpet.anchor();
    return hpet;
}

Result<u8> Hpet::connect(u32 permitted_lines) {
    const u32 lines = possible_lines() & permitted_lines;
    if (lines == 0) return Error::NotSupported;
    const u8 line = static_cast<u8>(__builtin_ctz(lines));
    hw::write<TimerConfiguration>(registers_,
                                  configuration()
                                      .with<TimerConfiguration::Route>(line)
                                      .without<TimerConfiguration::LevelTriggered>()
                                      .without<TimerConfiguration::MessageEnable>(),
                                  timer_);
    // 2.3.8: an input that cannot be used does not stay in the field.
    if (configuration().get<TimerConfiguration::Route>() != line) return Error::DeviceError;
    return line;
}

u64 Hpet::now() {
    const u64 time = ticks_.to_nanoseconds(elapsed());
    if (time > state_->latest) state_->latest = time;
    return state_->latest;
}

Status Hpet::set_alarm(u64 nanoseconds) {
    const u64 deadline = ticks_.to_ticks(nanoseconds);
    for (u64 distance = kLeastDistance; distance <= kLargestDistance; distance *= 2) {
        const u64 soonest = elapsed() + distance;
        const u64 target = deadline > soonest ? deadline : soonest;
        set_comparator(state_->zero_ticks + target);
        if (elapsed() < target) return {};  // race 1: still ahead after the write
    }
    return Error::DeviceError;  // the counter outran every distance
}

void Hpet::disarm() {
    hw::write<TimerConfiguration>(registers_,
                                  configuration()
                                      .without<TimerConfiguration::InterruptEnable>()
                                      .without<TimerConfiguration::Periodic>()
                                      .without<TimerConfiguration::Force32>(),
                                  timer_);
}

// Race 2, "carry": between reading the halves the low one may overflow. The high half is read on
// both sides of the low one until it is the same (2.4.7).
// It changes once in 2^32 ticks; a device where it never stays is not waited for: its time is
// wrong in any case, and set_alarm finds that out.
u64 Hpet::counter() const {
    u32 high = hw::read<MainCounterHigh>(registers_).raw();
    u32 low = 0;
    for (int attempt = 0; attempt < kCarryAttempts; ++attempt) {
        low = hw::read<MainCounterLow>(registers_).raw();
        const u32 again = hw::read<MainCounterHigh>(registers_).raw();
        if (again == high) break;
        high = again;
    }
    return u64{high} << 32 | low;
}

// With one half new and one old, an interrupt may come that nobody asked for: interrupts are
// hints here, the clock decides what is due.
void Hpet::set_comparator(u64 ticks) {
    hw::write<TimerComparatorLow>(registers_, hw::Value<TimerComparatorLow>(static_cast<u32>(ticks)), timer_);
    hw::write<TimerComparatorHigh>(registers_, hw::Value<TimerComparatorHigh>(static_cast<u32>(ticks >> 32)), timer_);
    const auto now = configuration();
    if (!now.has<TimerConfiguration::InterruptEnable>())
        hw::write<TimerConfiguration>(registers_, now.with<TimerConfiguration::InterruptEnable>(), timer_);
}

void Hpet::anchor() {
    if (!state_->anchored) {
        state_->zero_ticks = counter();
        state_->latest = 0;
        __atomic_signal_fence(__ATOMIC_RELEASE);  // a kill in between leaves "not anchored"
        state_->anchored = 1;
        return;
    }
    const u64 elapsed_ticks = elapsed();
    const bool went_back = elapsed_ticks >> 63 || ticks_.to_nanoseconds(elapsed_ticks) < state_->latest;
    if (went_back) state_->zero_ticks = counter() - ticks_.to_ticks(state_->latest);
}

}  // namespace eft::hpet
