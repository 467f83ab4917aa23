// Strong types for what must not be mixed, shared by the kernel and user space.
#pragma once

#include <cstdint>

namespace eft {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

// An index into the invoking thread's CapTable. Slot 0 never holds a capability.
enum class Slot : u32 { None = 0 };
constexpr u32 raw(Slot slot) { return static_cast<u32>(slot); }

// The word that a send capability carries to the receiver; for Notifications, the bits it signals.
enum class Badge : u64 { None = 0 };
constexpr u64 raw(Badge badge) { return static_cast<u64>(badge); }

constexpr u64 kPageBits = 12;
constexpr u64 kPageSize = 1ull << kPageBits;

constexpr u64 page_down(u64 value) { return value & ~(kPageSize - 1); }
constexpr u64 page_up(u64 value) { return (value + kPageSize - 1) & ~(kPageSize - 1); }

}  // namespace eft
