// The boot of the kernel, as a list: loader's facts, page tables, processor, interrupt controllers,
// untyped memory, root, first thread.
#include <arch/panic.h>
#include <arch/registers.h>
#include <boot/hand_out.h>
#include <schedule/core.h>

#include "apic.h"
#include "cpu.h"
#include "descriptors.h"
#include "fpu.h"
#include "loader_info.h"
#include "local.h"
#include "paging.h"

extern "C" const char image_end[], kernel_stack_top[];
extern "C" void system_call_entry();

namespace eft::kernel::arch {

UserRegisters* start_first_thread(Core& core);

namespace {

constexpr u64 kMappedAtBoot = u64{1} << 32;  // by the boot tables, at its own address
constexpr u64 kKernelsOwn[] = {0xfec00000, 0xfee00000};  // pages of the I/O APIC and the local APIC

void set_up_processor() {
    core_local.stack_top = reinterpret_cast<u64>(kernel_stack_top) - 8;
    load_descriptors();
    write_msr(Msr::GsBase, reinterpret_cast<u64>(&core_local.core));
    // SYSCALL loads kernel code, SYSRET user code and data from these bases (Intel SDM 3A, 5.8.8).
    write_msr(Msr::Star, u64{kKernelData | 3} << 48 | u64{kKernelCode} << 32);
    write_msr(Msr::LongStar, reinterpret_cast<u64>(&system_call_entry));
    write_msr(Msr::SyscallMask, 0x47700);  // AC NT IOPL DF IF TF off
    start_fpu();
}

}  // namespace

extern "C" UserRegisters* start_kernel(u32 magic, u64 info_address, u64 entry_time) {
    LoaderInfo info;
    if (!read_loader_info(magic, info_address, info)) panic("the loader passed no usable information");
    if (info.archive.size() == 0) panic("there is no boot archive");
    alignas(16) u8 rsdp[36];
    const bool has_rsdp = info.acpi_rsdp != 0;
    if (has_rsdp) __builtin_memcpy(rsdp, reinterpret_cast<const void*>(info.acpi_rsdp), sizeof(rsdp));

    const u64 image_end_page = page_up(reinterpret_cast<u64>(image_end) - kImageBase);
    const MemoryRange free = largest_free_range(info, image_end_page, kMappedAtBoot);
    BootMemory memory(free);
    build_kernel_tables(info, memory);
    set_up_processor();
    start_apics();
    const u64 ticks_per_millisecond = calibrate_timer();

    Core& core = core_local.core;
    RootTask root(core, info);
    const u64 taken_end = root.build(memory.next(), free.end, has_rsdp ? rsdp : nullptr, {entry_time, ticks_per_millisecond});
    hand_out_memory(root, info, image_end_page, {free.start, taken_end}, kKernelsOwn);
    root.start();
    return start_first_thread(core);
}

}  // namespace eft::kernel::arch
