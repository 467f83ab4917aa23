// What a StatefulServer calls of libos, in the World.
#include "mortal_world.h"

#include "fake_names.h"

#include <eft/process.h>
#include <eft/session.h>
#include <eft/session_slots.h>
#include <eft/shared_memory.h>
#include <eft/wake.h>

namespace eft {

using test::World;

void drop_slot(Slot slot) { ipc::local_caps().drop(slot); }

Result<CapHandle> make_wake(u64 wake_bits) { return CapHandle(ipc::local_caps().create(World::kWakeBase + wake_bits)); }

void log(std::string_view) {
    if (World::current) ++World::current->reports;
}

namespace {

test::FakeSlots& fake(SessionSlots* slots) { return static_cast<test::FakeSlots&>(*slots); }

std::size_t copy(const auto& from, std::span<u64, 64> to) {
    const std::size_t count = std::min(from.size(), to.size());
    std::copy_n(from.begin(), count, to.begin());
    return count;
}

}  // namespace

// As a capability of the fake table.
Slot SessionSlots::at(u32 index) const {
    const auto& objects = static_cast<const test::FakeSlots*>(this)->objects;
    const Slot slot{10'000'000 + index};
    const auto found = objects.find(index);
    if (found != objects.end()) ipc::local_caps().place(slot, found->second);
    else ipc::local_caps().drop(slot);
    return slot;
}
Status SessionSlots::keep(u32 index, Slot received) {
    fake(this).point();
    fake(this).objects[index] = ipc::local_caps().object(received);
    ipc::local_caps().drop(received);
    fake(this).point();
    return {};
}
void SessionSlots::remove(u32 index) {
    fake(this).point();
    fake(this).objects.erase(index);
}
void SessionSlots::signal(u32 index) {
    fake(this).point();
    const auto found = fake(this).objects.find(index);
    if (found != fake(this).objects.end()) ++fake(this).signals[found->second];
    fake(this).point();
}

Result<ClosedSessions> closed_sessions(std::span<u64, 64> badges) {
    test::FakeNames& names = *test::FakeNames::current;
    const std::size_t count = copy(names.ended, badges);
    names.ended.erase(names.ended.begin(), names.ended.begin() + static_cast<std::ptrdiff_t>(count));
    return ClosedSessions{count, std::exchange(names.incomplete, false)};
}
Result<std::size_t> open_sessions(u64 above, std::span<u64, 64> badges) {
    const test::FakeNames& names = *test::FakeNames::current;
    if (names.open_fails) return Error::NotFound;
    std::vector<u64> open;
    for (const u64 badge : names.open_badges)
        if (badge > above) open.push_back(badge);
    return copy(open, badges);
}

Result<SharedMemory> SharedMemory::borrow(Slot object, u64 bytes) {
    if (!World::current) return Error::NotFound;  // a test without memory objects
    World::current->point();
    const auto memory = World::current->memory(ipc::local_caps().object(object));
    if (memory.empty()) return Error::NotFound;
    if (memory.size() < bytes) return Error::OutOfRange;
    ++World::current->mapped;
    SharedMemory result;
    result.address_ = reinterpret_cast<u64>(memory.data());
    result.bytes_ = bytes;
    return result;
}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    if (this == &other) return *this;
    reset();
    address_ = std::exchange(other.address_, 0);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
}

void SharedMemory::reset() {
    if (std::exchange(bytes_, 0) != 0 && World::current) --World::current->mapped;
}

}  // namespace eft
