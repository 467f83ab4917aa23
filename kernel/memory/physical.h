// Physical addresses, and the kernel's direct map of ordinary memory.
#pragma once

#include <eft/abi/types.h>

#include <arch/copy.h>
#include <arch/memory_map.h>

namespace eft::kernel {

class PhysAddr {
public:
    constexpr PhysAddr() = default;
    constexpr explicit PhysAddr(u64 value) : value_(value) {}
    constexpr u64 value() const { return value_; }
    constexpr PhysAddr operator+(u64 offset) const { return PhysAddr(value_ + offset); }
    constexpr bool operator==(const PhysAddr&) const = default;

private:
    u64 value_ = 0;
};

// Only for ordinary memory: device memory is not in the direct map.
template <class T>
T* to_pointer(PhysAddr address) {
    return reinterpret_cast<T*>(arch::kDirectMapBase + address.value());
}
inline PhysAddr to_physical(const void* pointer) {
    return PhysAddr(reinterpret_cast<std::uintptr_t>(pointer) - arch::kDirectMapBase);
}

inline void clear_words(void* memory, u64 bytes) { arch::zero_words(memory, bytes / sizeof(u64)); }

}  // namespace eft::kernel
