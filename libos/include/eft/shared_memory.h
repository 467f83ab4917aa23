// Memory objects that are mapped here: memory that this process shares with another one.
//
// create() makes an object that this process owns and pays for, and maps it; borrow() maps one that somebody else made.
// A mapping stays until it is destroyed, whatever the other side does; the pages are free when all have let go.
#pragma once

#include <eft/abi/result.h>
#include <eft/arch/program.h>
#include <eft/cap.h>

#include <cstddef>
#include <span>

namespace eft {

// A free stretch of this process's addresses for memory objects (layout::kObjectBase); OutOfMemory if there is none.
// Everything that maps an object takes its addresses here.
Result<u64> allocate_addresses(u64 bytes);
void free_addresses(u64 address, u64 bytes);

// So many pages this process may have of its own, and as many of memory objects may it map: the quota of the manifest. Errors: mem's.
Result<u32> memory_quota();

class SharedMemory {
public:
    SharedMemory() = default;
    SharedMemory(SharedMemory&& other) noexcept { *this = std::move(other); }
    SharedMemory& operator=(SharedMemory&& other) noexcept;
    ~SharedMemory() { reset(); }

    // Zeroed, readable and writable. `bytes` is rounded up to pages.
    static Result<SharedMemory> create(u64 bytes);
    // Maps the first `bytes` of an object, a multiple of the page size; OutOfRange if it is smaller. The capability stays
    // the caller's and is not needed any more.
    static Result<SharedMemory> borrow(Slot object, u64 bytes);
    // The same for an object that may only be read here.
    static Result<SharedMemory> borrow_to_read(Slot object, u64 bytes);
    // The addresses for an object, without mapping it: for a program that says where in the object something lies, and leaves
    // its contents to a device. An access is a page fault.
    static Result<SharedMemory> reserve(u64 bytes);

    explicit operator bool() const { return bytes_ != 0; }
    std::span<std::byte> bytes() const { return {arch::pointer<std::byte>(address_), bytes_}; }
    // The object, to be lent to whoever shall map it too; only after create().
    const CapHandle& object() const { return object_; }
    void reset();

private:
    static Result<SharedMemory> map(Slot object, u64 bytes, Rights rights);

    CapHandle object_;
    u64 address_ = 0;
    u64 bytes_ = 0;
};

}  // namespace eft
