// What a StatefulServer calls of libos, in the World.
#include "mortal_world.h"

#include <eft/process.h>
#include <eft/shared_memory.h>
#include <eft/wake.h>

namespace eft {

using test::World;

void drop_slot(Slot slot) { ipc::local_caps().drop(slot); }

Result<CapHandle> make_wake(u64 wake_bits) { return CapHandle(ipc::local_caps().create(World::kWakeBase + wake_bits)); }

void log(std::string_view) {
    if (World::current) ++World::current->reports;
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
