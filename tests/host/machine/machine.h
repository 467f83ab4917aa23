// A machine in the test process that runs programs of Eft: the real kernel objects and system calls (kernel/arch/host),
// and a Linux thread for each thread of Eft.
//
// Only the Linux thread runs whose thread the kernel has chosen; a system call, a fault or, in compute(), an interrupt and the
// end of a slice hand over.
// So a scene is deterministic: the same calls in the same order each time. Time is virtual: a little passes with each
// system call, and when nobody can run it goes on to the kernel's timer.
//
// Physical memory is a memfd. Each thread sees its address space through a window of 4 GiB (arch::pointer): what it
// touches there is looked up in the kernel's page table and mapped from the memfd, and what is not mapped is a page fault
// that the kernel sends to the pager. Stack and C++ heap are the Linux process's own.
//
// A program is a function, named by the address at which its threads start (add_image). One that is killed runs nothing
// more: its Linux thread ends by a jump, and what it had on the heap is left there.
//
// The thread that makes the machine is the first program: root, with all memory, in the slots of RootSlot.
#pragma once

#include <eft/abi/boot_info.h>
#include <eft/abi/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace eft::host {

// What all incarnations of a program have in common. Counters begin at 0 and may be set.
struct Image {
    static constexpr u64 kNever = ~u64{0};

    std::string name;
    std::function<int()> main;
    u64 entry = 0;  // where its threads start
    std::string session_kinds;  // of the sessions that it serves, as its ELF note has them; the build's notes are in no Image

    u64 system_calls = 0;               // that its threads have made
    u64 stores = 0;                     // of store_word and store_bytes
    u64 fatal_system_call = kNever;     // before this one (from 0) the thread meets an exception
    u64 fatal_store = kNever;           // the same
    bool spared = false;                // both are put off until it is not
    std::function<void()> died = {};    // called before that exception; must not use the heap
    unsigned starts = 0;                // threads that began
};

// By a program's thread: it makes no system call for so long. Time passes meanwhile, and events and the kernel's timer come.
constexpr u64 kForEver = ~u64{0};
void compute(u64 time);

// The smallest file that root and proc can load as this program: its entry point is all that matters.
std::vector<std::byte> elf_file(const Image& image);

class Machine {
public:
    static constexpr u64 kTicksPerCall = 10;
    static constexpr u64 kTicksPerMs = 10'000;

    // Device memory: firmware's tables, which are memory like any other (2 MiB), and where device models are. A program's
    // hw::Mmio reaches the model at the physical address that its page has; where there is none is an empty bus.
    static constexpr u64 kFirmwareAddress = 0x1060'0000;
    static constexpr u64 kDevicesStart = 0xb000'0000, kDevicesEnd = 0x1'0000'0000;

    // The calling thread is root from here to the end. One machine at a time.
    explicit Machine(std::size_t archive_bytes = 0);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    const BootInfo& boot_info() const;
    // Physical memory that is no device's, as the direct map has it. The boot archive's is writable until root starts to use it.
    std::byte* memory(u64 physical);

    // An address at which threads of this program start. It lives as long as the machine.
    Image& add_image(std::string name, std::function<int()> main);

    // Who is signalled, by the capability in this slot of root's, when no thread can run and no timer is armed, or only one
    // that computes for ever, and no event is left. Root must
    // wait for it then; if it does not, its system call ends with std::logic_error, which says where everybody waits.
    void signal_when_idle(Slot notification);

    // Runs at this time, in nobody's thread. It may raise interrupts.
    void at(u64 time, std::function<void()> event);
    void interrupt(u32 number);
    // How an input of the I/O APIC was set.
    struct LineMode {
        bool level, active_low;
        bool operator==(const LineMode&) const = default;
    };
    LineMode line_mode(u32 line) const;
    bool is_masked(u32 line) const;
    u64 now() const;

    // What the kernel has printed.
    const std::string& printed() const;

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace eft::host
