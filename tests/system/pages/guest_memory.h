// The physical memory of a stopped machine, and the kernel's pointers into it. The kernel's own headers say what lies
// where: this is compiled with the machine that the kernel was compiled for.
#pragma once

#include <machine.h>

#include <eft/abi/types.h>

#include <optional>
#include <string>

namespace eft::pages {

// What the processor is doing; only registers that this test needs.
struct Processor {
    u64 root;        // CR3
    bool in_kernel;  // not in user mode, and not halted: the kernel's structures may be half changed
};
Processor read_processor(qemu::Machine& machine);

class GuestMemory {
public:
    // A copy of the machine's memory, by way of `file`. The machine has been stopped for it, at a moment when the kernel
    // is not at work; nothing if there was none within a hundred tries.
    static std::optional<GuestMemory> take(qemu::Machine& machine, u64 bytes, const std::string& file);

    GuestMemory(GuestMemory&& other) noexcept;
    GuestMemory& operator=(GuestMemory&&) = delete;
    ~GuestMemory();

    u64 bytes() const { return bytes_; }
    u64 root() const { return root_; }

    // Throws if it is not within the memory.
    template <class T>
    T& at_physical(u64 address) {
        return *static_cast<T*>(place(address, sizeof(T)));
    }
    // The same by an address in the kernel's image or direct map.
    template <class T>
    T& at_kernel(u64 address) {
        return at_physical<T>(physical(address));
    }
    static u64 physical(u64 kernel_address);

private:
    GuestMemory(void* memory, u64 bytes, u64 root) : memory_(memory), bytes_(bytes), root_(root) {}
    void* place(u64 address, u64 size);

    void* memory_;
    u64 bytes_;
    u64 root_;
};

}  // namespace eft::pages
