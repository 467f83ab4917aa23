// The ways out of the kernel (entry.S), and the switch from one thread to another.
#pragma once

#include "cpu.h"
#include "descriptors.h"
#include "local.h"

// They do not return, but are jumped to: the stack is empty wherever they are called. Those with a slot take the first two
// arguments as they came, so that nothing has to be moved.
extern "C" {
[[noreturn]] void idle();
void resume_same(eft::kernel::arch::UserRegisters& registers);
void resume_user(eft::kernel::arch::UserRegisters& registers);
void finish_at_once(eft::u64 slot, eft::u64 tag, eft::kernel::Thread& thread);
void deliver_message(eft::u64 badge, eft::u64 tag, eft::kernel::Thread& thread);
void general_system_call(eft::u64 slot, eft::u64 tag, eft::kernel::Thread& thread, eft::u64 number);
void general_invocation(eft::u64 slot, eft::u64 tag, eft::kernel::Thread& thread, eft::kernel::Capability& cap);
}

namespace eft::kernel::arch {

// Everything that differs between two threads beside what entry.S restores.
[[gnu::always_inline]] inline void load_thread(Thread& next) {
    write_fs_base(next.registers.fs_base);
    set_frame_top(reinterpret_cast<u64>(&next.registers.fs_base));
    const PhysAddr root = next.space_root;
    if (core_local.active_root != root) {
        core_local.active_root = root;
        write_root(root);
    }
}

// `previous` may have been destroyed, but its memory is nobody else's before the next entry.
[[gnu::always_inline]] inline void switch_threads(Thread& previous, Thread& next) {
    previous.registers.fs_base = read_fs_base();
    load_thread(next);
}

}  // namespace eft::kernel::arch
