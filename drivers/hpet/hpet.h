// The clock and the alarm of an HPET (IA-PC HPET specification 1.0a).
//
// Time that survives the driver: the main counter is never stopped and never written, so it runs on
// while no driver lives. What a new incarnation needs is where zero was, and that is `ClockState`,
// in the driver's state region: the counter's value at the first start. The state also keeps the
// latest time that was told, so that time stays monotonic even if something outside this driver set
// the counter back (a reset of the device): then zero is moved so that time goes on from there.
//
// The alarm is one comparator in one-shot mode, edge-triggered, on an IOAPIC line that both the
// timer can reach (2.3.8, Tn_INT_ROUTE_CAP) and dev permits.
//
// Race 1, "just passed": a comparator fires when the counter *equals* it. A deadline that the
// counter passes while it is being written would fire in 2^64 ticks. `set_alarm` therefore reads
// the counter after the write, and if the deadline is no longer ahead, sets a later one, with a
// doubled distance. So an alarm may be late by a few ticks, and is never lost.
#pragma once

#include <drivers/hpet/registers.h>
#include <drivers/hpet/ticks.h>
#include <eft/abi/result.h>

#include <type_traits>

namespace eft::hpet {

// In the state region; all zero before the first start. Every step changes it by one store that
// counts, so it needs no transaction: `anchored` is stored last.
struct ClockState {
    u64 zero_ticks = 0;       // the counter's value at time zero, modulo 2^64
    u64 latest = 0;           // nanoseconds: the latest time that was told
    u64 anchored = 0;         // 1: the above are valid
};
static_assert(std::is_trivially_copyable_v<ClockState>);

template <hw::RegisterAccess Access>
class Hpet {
public:
    // Works in any state that an earlier incarnation left. NotSupported: no HPET that can be used.
    static Result<Hpet> start(Access access, ClockState& state, unsigned timer) {
        const auto capabilities = hw::read<Capabilities>(access);
        const u32 period = hw::read<CounterPeriod>(access).raw();
        if (period == 0 || period > kLongestPeriod) return Error::NotSupported;
        if (!capabilities.template has<Capabilities::Counter64>()) return Error::NotSupported;
        if (timer > capabilities.template get<Capabilities::LastTimer>()) return Error::InvalidArgument;
        if (!hw::read<TimerConfiguration>(access, timer).template has<TimerConfiguration::Comparator64>())
            return Error::NotSupported;

        Hpet hpet(access, state, Ticks(period), timer);
        hpet.disarm();
        // Legacy routing off: root keeps the PIT's line for its own tick. The counter goes on.
        hw::modify<Configuration>(hpet.access_, [](auto configuration) {
            return configuration.template without<Configuration::LegacyRoute>()
                .template with<Configuration::Enable>();
        });
        hpet.anchor();
        return hpet;
    }

    // The IOAPIC inputs that the timer can signal.
    u32 possible_lines() {
        return hw::read<TimerRoutes>(access_, timer_).raw();
    }

    // Connects the alarm to the lowest permitted input and returns which one that is.
    Result<u8> connect(u32 permitted_lines) {
        const u32 lines = possible_lines() & permitted_lines;
        if (lines == 0) return Error::NotSupported;
        const u8 line = static_cast<u8>(__builtin_ctz(lines));
        configure([&](auto value) {
            return value.template with<TimerConfiguration::Route>(line)
                .template without<TimerConfiguration::LevelTriggered>()
                .template without<TimerConfiguration::MessageEnable>();
        });
        // 2.3.8: an input that cannot be used does not stay in the field.
        if (configuration().template get<TimerConfiguration::Route>() != line) return Error::DeviceError;
        return line;
    }

    // Nanoseconds since the first start; never less than it said before, in any incarnation.
    u64 now() {
        const u64 told = ticks_.to_nanoseconds(counter() - state_->zero_ticks);
        if (told > state_->latest) state_->latest = told;
        return state_->latest;
    }

    // One interrupt at `nanoseconds`, or as soon as possible if that is past. Replaces the last one.
    Status set_alarm(u64 nanoseconds) {
        const u64 deadline = ticks_.to_ticks(nanoseconds);
        for (u64 distance = kLeastDistance; distance <= kLargestDistance; distance *= 2) {
            const u64 soonest = elapsed() + distance;
            const u64 target = deadline > soonest ? deadline : soonest;
            set_comparator(state_->zero_ticks + target);
            if (elapsed() < target) return {};  // race 1: still ahead after the write
        }
        return Error::DeviceError;  // the counter outran every distance: it is no clock
    }

    void disarm() {
        configure([](auto value) {
            return value.template without<TimerConfiguration::InterruptEnable>()
                .template without<TimerConfiguration::Periodic>()
                .template without<TimerConfiguration::Force32>();
        });
    }

private:
    static constexpr int kCarryAttempts = 4;
    static constexpr u64 kLeastDistance = 8;
    static constexpr u64 kLargestDistance = 1u << 20;

    Hpet(Access access, ClockState& state, Ticks ticks, unsigned timer)
        : access_(access), state_(&state), ticks_(ticks), timer_(timer) {}

    // Race 2, "carry": between reading the halves the low one may overflow. The high half is read on
    // both sides of the low one until it is the same (2.4.7).
    // It changes once in 2^32 ticks; a device where it never stays is not waited for: its time is
    // wrong in any case, and set_alarm finds that out.
    u64 counter() {
        u32 high = hw::read<MainCounterHigh>(access_).raw();
        u32 low = 0;
        for (int attempt = 0; attempt < kCarryAttempts; ++attempt) {
            low = hw::read<MainCounterLow>(access_).raw();
            const u32 again = hw::read<MainCounterHigh>(access_).raw();
            if (again == high) break;
            high = again;
        }
        return u64{high} << 32 | low;
    }

    // With one half new and one old, an interrupt may come that nobody asked for: interrupts are
    // hints here, the clock decides what is due.
    void set_comparator(u64 ticks) {
        hw::write<TimerComparatorLow>(
            access_, hw::Value<TimerComparatorLow>(static_cast<u32>(ticks)), timer_);
        hw::write<TimerComparatorHigh>(
            access_, hw::Value<TimerComparatorHigh>(static_cast<u32>(ticks >> 32)), timer_);
        const auto now = configuration();
        if (!now.template has<TimerConfiguration::InterruptEnable>())
            configure([](auto value) { return value.template with<TimerConfiguration::InterruptEnable>(); });
    }

    u64 elapsed() { return counter() - state_->zero_ticks; }

    void anchor() {
        if (!state_->anchored) {
            state_->zero_ticks = counter();
            state_->latest = 0;
            __atomic_signal_fence(__ATOMIC_RELEASE);  // a kill in between leaves "not anchored"
            state_->anchored = 1;
            return;
        }
        const u64 elapsed_ticks = elapsed();
        const bool went_back = elapsed_ticks >> 63 ||
                               ticks_.to_nanoseconds(elapsed_ticks) < state_->latest;
        if (went_back) state_->zero_ticks = counter() - ticks_.to_ticks(state_->latest);
    }

    hw::Value<TimerConfiguration> configuration() {
        return hw::read<TimerConfiguration>(access_, timer_);
    }
    template <class Change>
    void configure(Change change) {
        hw::modify<TimerConfiguration>(access_, change, timer_);
    }

    Access access_;
    ClockState* state_;
    Ticks ticks_;
    unsigned timer_;
};

}  // namespace eft::hpet
