// Local APIC: Intel SDM 3A, chapter 10. I/O APIC: Intel 82093AA data sheet, 3.0.
// The legacy interrupt controllers are remapped out of the way of exceptions and masked. The timer is
// measured against channel 2 of the 8254 (Intel 8254 data sheet; its gate is bit 0 of port 0x61), and where there is none
// against the real-time clock (Motorola MC146818A data sheet, behind ports 0x70 and 0x71).
#include "apic.h"

#include <arch/interrupts.h>
#include <arch/memory_map.h>
#include <arch/ports.h>
#include <arch/preemption.h>
#include <arch/timer.h>
#include <eft/abi/object.h>

#include "cpu.h"

namespace eft::kernel::arch {
namespace {

enum class LocalRegister : u32 {
    EndOfInterrupt = 0xb0, Spurious = 0xf0, TimerEntry = 0x320, InitialCount = 0x380, CurrentCount = 0x390, Divide = 0x3e0, TaskPriority = 0x80,
    InterruptRequest = 0x200,  // eight registers of 32 vectors each
};
enum class IoRegister : u32 { RedirectionLow = 0x10 };  // two 32-bit registers per line

constexpr u32 kSoftwareEnable = 0x100;
constexpr u32 kMasked = 1u << 16, kLevel = 1u << 15, kActiveLow = 1u << 13;
constexpr u32 kDivideByOne = 0xb;
constexpr u64 kApicGlobalEnable = 0xfee00000 | 1u << 11;
constexpr u64 kSliceMilliseconds = 5;
constexpr u32 kPitHz = 1'193'182;
constexpr u8 kRtcA = 0x0a, kRtcB = 0x0b, kRtcC = 0x0c;
constexpr u32 kRtc1024Hz = 0x26, kRtcPeriodic = 0x40;
constexpr u32 kRtcPeriods = 16;  // about 16 ms
constexpr u64 kGuessedTicks = 1'000'000;

u64 ticks_per_millisecond;       // of the time-stamp counter
u64 counts_per_tick_shifted;     // of the timer, per tick of the time-stamp counter, << 32

void write_local(LocalRegister which, u32 value) {
    *reinterpret_cast<volatile u32*>(kLocalApicBase + static_cast<u32>(which)) = value;
}

u32 read_local(LocalRegister which) {
    return *reinterpret_cast<volatile u32*>(kLocalApicBase + static_cast<u32>(which));
}

volatile u32& io_select() { return *reinterpret_cast<volatile u32*>(kIoApicBase); }
volatile u32& io_window() { return *reinterpret_cast<volatile u32*>(kIoApicBase + 0x10); }

u32 line_state[kIrqLines];  // the low redirection register of each line, as last written

void write_line(u32 line) {
    io_select() = static_cast<u32>(IoRegister::RedirectionLow) + 2 * line;
    io_window() = line_state[line];
}

// Both counters at one moment.
struct Moment {
    u64 ticks;
    u32 counts;  // downwards
};

Moment start_counting() {
    write_local(LocalRegister::InitialCount, ~0u);
    return {now(), read_local(LocalRegister::CurrentCount)};
}

// After so many periods of a clock of so many hertz.
void stop_counting(Moment start, u64 periods, u64 hertz) {
    const u64 ticks = now() - start.ticks;
    counts_per_tick_shifted = (u64{start.counts - read_local(LocalRegister::CurrentCount)} << 32) / ticks;
    ticks_per_millisecond = ticks * hertz / (periods * 1000);
}

// By channel 2 of the 8254, whose output counts down once. False: there is none; it would answer the read-back command with
// the control word.
bool measure_by_pit() {
    constexpr u8 kOnce = 0xb0;  // channel 2, both bytes, mode 0
    constexpr u32 kPeriods = kPitHz / 2000;
    port_out(0x61, 1, (port_in(0x61, 1) & ~2u) | 1);  // gate on, speaker off
    port_out(0x43, 1, kOnce);
    port_out(0x43, 1, 0xe8);  // read back the status of channel 2
    if ((port_in(0x42, 1) & 0x3f) != (kOnce & 0x3f)) return false;
    port_out(0x42, 1, kPeriods & 0xff);
    port_out(0x42, 1, kPeriods >> 8);
    const Moment start = start_counting();
    while (!(port_in(0x61, 1) & 0x20)) {
    }
    stop_counting(start, kPeriods, kPitHz);
    return true;
}

u32 read_rtc(u8 index) {
    port_out(0x70, 1, index);
    return port_in(0x71, 1);
}
void write_rtc(u8 index, u32 value) {
    port_out(0x70, 1, index);
    port_out(0x71, 1, value);
}

bool periods_pass(u32 count) {
    constexpr u32 kMostLooks = 1'000'000;  // of about a microsecond each
    for (; count != 0; --count) {
        u32 looks = 0;
        while (!(read_rtc(kRtcC) & kRtcPeriodic)) {
            if (++looks == kMostLooks) return false;
        }
    }
    return true;
}

// By the periodic interrupt of the real-time clock, which its register C shows though the line is masked. False: there is none.
bool measure_by_rtc() {
    const u32 rate = read_rtc(kRtcA), interrupts = read_rtc(kRtcB);
    write_rtc(kRtcA, kRtc1024Hz);
    if ((read_rtc(kRtcA) & 0x7f) != kRtc1024Hz) return false;
    write_rtc(kRtcB, (interrupts & ~0x30u) | kRtcPeriodic);
    static_cast<void>(read_rtc(kRtcC));
    bool measured = periods_pass(1);
    if (measured) {
        const Moment start = start_counting();
        measured = periods_pass(kRtcPeriods);
        if (measured) stop_counting(start, kRtcPeriods, 1024);
    }
    write_rtc(kRtcB, interrupts);
    write_rtc(kRtcA, rate & 0x7f);
    static_cast<void>(read_rtc(kRtcC));
    return measured;
}

// But for a 64th. None is 0.
bool agree(u64 one, u64 other) {
    const u64 larger = one < other ? other : one, difference = larger - (one < other ? one : other);
    return one != 0 && difference <= larger / 64;
}

}  // namespace

void start_apics() {
    port_out(0x20, 1, 0x11), port_out(0xa0, 1, 0x11);  // 8259A: ICW1 to ICW4, then mask all
    port_out(0x21, 1, 0x20), port_out(0xa1, 1, 0x28);
    port_out(0x21, 1, 4), port_out(0xa1, 1, 2);
    port_out(0x21, 1, 1), port_out(0xa1, 1, 1);
    port_out(0x21, 1, 0xff), port_out(0xa1, 1, 0xff);

    write_msr(Msr::ApicBase, kApicGlobalEnable);
    write_local(LocalRegister::TaskPriority, 0);
    write_local(LocalRegister::Spurious, kSoftwareEnable | kSpuriousVector);
    write_local(LocalRegister::Divide, kDivideByOne);
    write_local(LocalRegister::TimerEntry, kSliceVector);
    for (u32 line = 0; line < kIrqLines; ++line) {
        line_state[line] = kMasked | (kFirstIrqVector + line);
        io_select() = static_cast<u32>(IoRegister::RedirectionLow) + 2 * line + 1;
        io_window() = 0;  // destination: the first core
        write_line(line);
    }
}

// Vectors below 32 are exceptions.
bool interrupt_pending() {
    u32 requested = 0;
    for (u32 i = 1; i < 8; ++i) requested |= read_local(static_cast<LocalRegister>(static_cast<u32>(LocalRegister::InterruptRequest) + 0x10 * i));
    return requested != 0;
}

void acknowledge_interrupt() { write_local(LocalRegister::EndOfInterrupt, 0); }

// A machine without the 8254 and without the real-time clock has no measure of time: a round number is taken. Where a hypervisor
// stops the processor in the middle, what was measured is several times too much: two in succession must agree. Their mean is
// as good as one that took as long as both.
u64 calibrate_timer() {
    constexpr u32 kMostTries = 8;
    u64 before = 0;
    for (u32 i = 0; i < kMostTries && !agree(before, ticks_per_millisecond); ++i) {
        before = ticks_per_millisecond;
        if (!measure_by_pit() && !measure_by_rtc()) ticks_per_millisecond = kGuessedTicks, counts_per_tick_shifted = u64{1} << 32;
    }
    write_local(LocalRegister::InitialCount, 0);
    if (agree(before, ticks_per_millisecond)) ticks_per_millisecond = (before + ticks_per_millisecond) / 2;
    return ticks_per_millisecond;
}

u64 ticks_per_slice() { return kSliceMilliseconds * ticks_per_millisecond; }
void arm_timer(u64 ticks) {
    constexpr u64 kLongest = 1u << 31;  // beyond, it comes early, and is armed again
    const u64 bounded = ticks < kLongest ? ticks : kLongest;
    const u64 count = static_cast<u64>(static_cast<unsigned __int128>(bounded) * counts_per_tick_shifted >> 32);
    write_local(LocalRegister::InitialCount, count == 0 ? 1 : count > ~0u ? ~0u : static_cast<u32>(count));
}

void mask_line(u32 line) { line_state[line] |= kMasked, write_line(line); }
void unmask_line(u32 line) { line_state[line] &= ~kMasked, write_line(line); }
bool is_level(u32 line) { return line_state[line] & kLevel; }
void set_line_mode(u32 line, bool level, bool active_low) {
    line_state[line] &= ~(kLevel | kActiveLow);
    line_state[line] |= (level ? kLevel : 0) | (active_low ? kActiveLow : 0);
    write_line(line);
}

u64 message_address() { return 0xfee00000; }
u32 message_data(u32 number) { return kFirstIrqVector + number; }

}  // namespace eft::kernel::arch
