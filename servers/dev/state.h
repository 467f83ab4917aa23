// What outlives dev: what it has found of the machine, and what it has given away of it.
#pragma once

#include <servers/dev/assignments.h>
#include <servers/dev/find.h>

#include <eft/state/region.h>

#include <new>
#include <type_traits>

namespace eft::dev {

struct State {
    u32 next_id = 1;
    u32 next_pin = 1;
    Assignments assignments;
};

constexpr u32 kStateVersion = 1;
using Region = StateRegion<State, 4096 - sizeof(RegionHeader)>;
constexpr u32 kPersistentSlots = Assignments::kMost * assigned_slots::kEach;

// Behind the region, written once and without transactions.
constexpr std::size_t kFoundOffset = (Region::kBytes + 63) / 64 * 64;
constexpr std::size_t kStateBytes = kFoundOffset + sizeof(Found);
static_assert(std::is_trivially_copyable_v<Found>);

}  // namespace eft::dev
