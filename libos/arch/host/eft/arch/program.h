// The machine that a program runs on: its system calls, its memory, its end. The host: a Linux process in which a test
// holds the kernel and several programs, each of them a thread (tests/host/machine/machine.h, which defines what is
// declared here). A test without it links, too, as long as it makes no system call.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/ipc/registers.h>

#include <optional>

// Globals of libos and of programs, which each program has for itself.
#define EFT_PROCESS_LOCAL thread_local

namespace eft::arch {

// Where user address 0 of the program's address space lies in the Linux process. 4 GiB of it can be used.
inline thread_local constinit std::byte* window = nullptr;
inline constinit Utcb no_page{};  // of threads that are no program (any more)
inline thread_local constinit Utcb* message_page = &no_page;

inline Utcb& utcb() { return *message_page; }
[[gnu::weak]] Error enter(u64 operation, Slot slot, ipc::Registers& registers);
// Where a register is in physical memory that a program sees in its window; none: it is plain memory, or not of a program.
[[gnu::weak]] std::optional<u64> device_address(const volatile void* place, bool write);
// Whether the running program has these ports by the capability in this slot.
[[gnu::weak]] bool holds_ports(Slot ports, u16 port, unsigned width);
// Virtual: it goes on with each system call, and from timer to timer when nobody can run.
[[gnu::weak]] u64 machine_time();
// Without the machine: the number of readings.
inline u64 time_stamp() {
    static u64 readings = 0;
    return machine_time ? machine_time() : ++readings;
}

template <class T>
T* pointer(u64 address) {
    return reinterpret_cast<T*>(window + address);
}
inline u64 address(const volatile void* pointer) { return reinterpret_cast<u64>(pointer) - reinterpret_cast<u64>(window); }

[[noreturn, gnu::weak]] void crash();

inline void begin_program() {}
inline void initialise_program() {}
[[gnu::weak]] int run_program();

}  // namespace eft::arch
