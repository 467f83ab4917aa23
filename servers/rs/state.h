// What rs must know again after its own death, in its state region: the sessions of its clients, the manifest, what it has made
// for services, and how each service is.
//
// What happens to services happens in proc, dev, names and the kernel, and cannot be taken back. So there is no undo: a service's
// record is written before and behind each step, whole or not at all (ServiceStates), and every step can be done twice. Which
// these are, and what is done after a death in each, supervisor.h says.
#pragma once

#include "orders.h"

namespace eft::supervisor {

constexpr std::size_t kMostManifestBytes = 32 * 1024;

// By their places in the manifest; those whose names are not their own take none.
struct PartRecords {
    std::array<PartRecord, kMaxServices> parts{};
    u64 count = 0;
    u64 are_complete = 0;  // 1: each is as it stays
};

struct State {
    u64 now = 0;  // ticks
    u64 manifest_bytes = 0;  // 0: it is not there yet
    alignas(8) std::array<std::byte, kMostManifestBytes> manifest{};
    PartRecords parts;
    ServiceStates services;
};
static_assert(std::is_trivially_copyable_v<State>);

constexpr std::size_t kStateOffset = (Orders::Region::kBytes + 63) / 64 * 64;
constexpr std::size_t kStateBytes = kStateOffset + sizeof(State);
constexpr u32 kPersistentSlots = kFirstPartSlot + kPartSlots;
static_assert(Orders::kSlots <= kFirstPartSlot);

}  // namespace eft::supervisor
