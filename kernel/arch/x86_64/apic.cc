// Local APIC: Intel SDM 3A, chapter 10. I/O APIC: Intel 82093AA data sheet, 3.0.
// The legacy interrupt controllers are remapped out of the way of exceptions and masked.
#include "apic.h"

#include <arch/interrupts.h>
#include <arch/memory_map.h>
#include <arch/ports.h>
#include <eft/abi/object.h>

#include "cpu.h"

namespace eft::kernel::arch {
namespace {

enum class LocalRegister : u32 {
    EndOfInterrupt = 0xb0, Spurious = 0xf0, TimerEntry = 0x320, InitialCount = 0x380, Divide = 0x3e0, TaskPriority = 0x80,
};
enum class IoRegister : u32 { RedirectionLow = 0x10 };  // two 32-bit registers per line

constexpr u32 kSoftwareEnable = 0x100;
constexpr u32 kMasked = 1u << 16, kLevel = 1u << 15, kActiveLow = 1u << 13;
constexpr u32 kDivideByOne = 0xb;
constexpr u64 kApicGlobalEnable = 0xfee00000 | 1u << 11;
// A slice is 5 ms where the APIC's clock has 1 GHz, as in QEMU; nothing relies on its exact length.
constexpr u32 kSliceCount = 5'000'000;

void write_local(LocalRegister which, u32 value) {
    *reinterpret_cast<volatile u32*>(kLocalApicBase + static_cast<u32>(which)) = value;
}

volatile u32& io_select() { return *reinterpret_cast<volatile u32*>(kIoApicBase); }
volatile u32& io_window() { return *reinterpret_cast<volatile u32*>(kIoApicBase + 0x10); }

u32 line_state[kIrqLines];  // the low redirection register of each line, as last written

void write_line(u32 line) {
    io_select() = static_cast<u32>(IoRegister::RedirectionLow) + 2 * line;
    io_window() = line_state[line];
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

void acknowledge_interrupt() { write_local(LocalRegister::EndOfInterrupt, 0); }
void arm_time_slice() { write_local(LocalRegister::InitialCount, kSliceCount); }

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
