#include "physical_memory.h"

#include <doctest/doctest.h>
#include <eft/cap.h>

#include <algorithm>

namespace eft {

// Of handles that never hold anything here.
void drop_slot(Slot) {}

namespace test {
namespace {

FlatMemory* current = nullptr;

}  // namespace

FlatMemory::FlatMemory() {
    REQUIRE(!current);
    current = this;
}
FlatMemory::~FlatMemory() { current = nullptr; }

}  // namespace test

namespace dev {

using test::current;

Result<hw::Mmio> PhysicalMemory::map_registers(u64 address, u64 whole, u64 offset, u64 bytes) {
    CHECK(address % kPageSize == 0);
    CHECK(offset + bytes <= whole);
    current->objects.insert({address, whole});
    ++current->mapped;
    return hw::Mmio(reinterpret_cast<volatile void*>(address + offset), bytes);
}
void PhysicalMemory::unmap_registers(hw::Mmio) { --current->mapped; }
void PhysicalMemory::forget_window(u64 address, u64 bytes) { CHECK(current->objects.erase({address, bytes}) == 1); }

Result<Bytes> PhysicalMemory::map_table(u64 address, u64 bytes) {
    ++current->tables_read;
    const u64 start = current->firmware_address, size = current->firmware.size();
    if (address < start || address - start > size || bytes > size - (address - start)) return Error::OutOfRange;
    auto copy = std::make_unique<std::byte[]>(bytes);
    std::copy_n(current->firmware.begin() + static_cast<std::ptrdiff_t>(address - start), bytes, copy.get());
    const Bytes table(copy.get(), bytes);
    current->tables[table.data()] = std::move(copy);
    return table;
}
void PhysicalMemory::unmap_table(Bytes table) { CHECK(current->tables.erase(table.data()) == 1); }

}  // namespace dev
}  // namespace eft
