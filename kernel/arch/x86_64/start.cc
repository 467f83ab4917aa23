// The boot of the kernel, as a list: loader's facts, page tables, processor, interrupt controllers,
// untyped memory, root, first thread.
#include <arch/registers.h>
#include <eft/abi/boot_info.h>
#include <object/frame.h>
#include <object/untyped.h>
#include <schedule/core.h>

#include "apic.h"
#include "cpu.h"
#include "descriptors.h"
#include "fpu.h"
#include "loader_info.h"
#include "local.h"
#include "paging.h"
#include "panic.h"
#include "root_task.h"

extern "C" const char image_end[], kernel_stack_top[];
extern "C" void system_call_entry();

namespace eft::kernel::arch {

UserRegisters* start_first_thread(Core& core);

namespace {

constexpr u64 kDeviceEnd = u64{1} << 40;  // device memory may lie below
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

// The part of ordinary memory that is free: without the image and what boot took behind it.
MemoryRange boot_range(const LoaderInfo& info) {
    const u64 image = page_up(reinterpret_cast<u64>(image_end) - kImageBase);
    MemoryRange best{};
    for (unsigned i = 0; i < info.ranges; ++i) {
        MemoryRange range = info.memory[i];
        if (range.start < image) range.start = image;
        if (range.end > u64{1} << 32) range.end = u64{1} << 32;
        if (range.start >= range.end) continue;
        MemoryRange pieces[2] = {range, {0, 0}};
        if (info.archive.start < range.end && info.archive.end > range.start) {
            pieces[0].end = info.archive.start;
            pieces[1] = {page_up(info.archive.end), range.end};
        }
        for (const MemoryRange& piece : pieces) {
            if (piece.end > piece.start && piece.size() > best.size()) best = piece;
        }
    }
    return best;
}

// Hands [start, end) to root in naturally aligned powers of two.
void add_untyped(RootTask& root, u64 start, u64 end, bool device, bool archive) {
    while (start < end) {
        unsigned size_bits = kPageBits;
        while (size_bits < 40 && (start & ((u64{2} << size_bits) - 1)) == 0 && start + (u64{2} << size_bits) <= end) ++size_bits;
        root.add_untyped(PhysAddr(start), size_bits, device, archive);
        start += u64{1} << size_bits;
    }
}

void add_memory(RootTask& root, const LoaderInfo& info, MemoryRange taken) {
    const u64 image = page_up(reinterpret_cast<u64>(image_end) - kImageBase);
    const MemoryRange archive{info.archive.start, page_up(info.archive.end)};
    const MemoryRange holes[] = {{0, image}, taken, archive};
    for (unsigned i = 0; i < info.ranges; ++i) {
        u64 start = info.memory[i].start;
        while (start < info.memory[i].end) {
            u64 end = info.memory[i].end;
            for (const MemoryRange& hole : holes) {
                if (start >= hole.start && start < hole.end) start = hole.end;
            }
            bool inside = false;
            for (const MemoryRange& hole : holes) {
                inside |= start >= hole.start && start < hole.end;
                if (hole.start > start && hole.start < end) end = hole.start;
            }
            if (inside) continue;
            if (start >= info.memory[i].end) break;
            add_untyped(root, start, end, false, false);
            start = end;
        }
    }
    if (archive.size() != 0) add_untyped(root, archive.start, archive.end, true, true);
}

// Everything that is not ordinary memory, except the interrupt controllers, may be a device's.
void add_devices(RootTask& root, const LoaderInfo& info) {
    const auto add = [&root](u64 start, u64 end) {
        for (const u64 page : kKernelsOwn) {
            if (start > page || end <= page) continue;
            add_untyped(root, start, page, true, false);
            start = page + kPageSize;
        }
        add_untyped(root, start, end, true, false);
    };
    u64 start = 0;
    for (unsigned i = 0; i < info.ranges; ++i) {
        add(start, i == 0 ? info.memory[0].start : info.memory[i].start);
        start = info.memory[i].end;
    }
    add(start, kDeviceEnd);
}

}  // namespace

extern "C" UserRegisters* start_kernel(u32 magic, u64 info_address, u64 entry_time) {
    LoaderInfo info;
    if (!read_loader_info(magic, info_address, info)) panic("the loader passed no usable information");
    if (info.archive.size() == 0) panic("there is no boot archive");
    alignas(16) u8 rsdp[36];
    const bool has_rsdp = info.acpi_rsdp != 0;
    if (has_rsdp) __builtin_memcpy(rsdp, reinterpret_cast<const void*>(info.acpi_rsdp), sizeof(rsdp));

    const MemoryRange free = boot_range(info);
    BootMemory memory(free);
    build_kernel_tables(info, memory);
    set_up_processor();
    start_apics();
    const u64 ticks_per_millisecond = calibrate_timer();

    Core& core = core_local.core;
    RootTask root(core, info);
    const u64 taken_end = root.build(memory.next(), free.end, has_rsdp ? rsdp : nullptr, {entry_time, ticks_per_millisecond});
    add_memory(root, info, {free.start, taken_end});
    add_devices(root, info);
    root.start();
    return start_first_thread(core);
}

}  // namespace eft::kernel::arch
