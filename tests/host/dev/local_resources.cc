#include "local_resources.h"

#include <doctest/doctest.h>
#include <eft/cap.h>

#include <algorithm>
#include <cstring>

namespace eft {


namespace test {
namespace {

LocalResources* current = nullptr;

}  // namespace

u64 RegisterWindow::read(u64 offset, unsigned width) {
    u64 value = 0;
    std::memcpy(&value, &bytes.at(offset), width);
    return stuck_in_reset && offset == 0x14 && width == 1 ? value | 1 : value;
}
void RegisterWindow::write(u64 offset, unsigned width, u64 value) { std::memcpy(&bytes.at(offset), &value, width); }

LocalResources::LocalResources() {
    REQUIRE(!current);
    current = this;
}
LocalResources::~LocalResources() { current = nullptr; }

}  // namespace test

void drop_slot(Slot capability) { ipc::local_caps().drop(capability); }
void revoke_slot(Slot parent) {
    test::current->revoked.push_back(ipc::local_caps().object(parent));
    drop_slot(parent);
}

namespace dev {

using test::current;
using test::LocalResources;

Result<hw::Mmio> Resources::map_registers(u64 address, u64 whole, u64 offset, u64 bytes) {
    CHECK(address % kPageSize == 0);
    CHECK(offset + bytes <= whole);
    current->objects.insert({address, whole});
    ++current->mapped;
    return hw::Mmio(reinterpret_cast<volatile void*>(address + offset), bytes);
}
void Resources::unmap_registers(hw::Mmio) { --current->mapped; }

Result<Bytes> Resources::map_table(u64 address, u64 bytes) {
    ++current->tables_read;
    const u64 start = current->firmware_address, size = current->firmware.size();
    if (address < start || address - start > size || bytes > size - (address - start)) return Error::OutOfRange;
    auto copy = std::make_unique<std::byte[]>(bytes);
    std::copy_n(current->firmware.begin() + static_cast<std::ptrdiff_t>(address - start), bytes, copy.get());
    const Bytes table(copy.get(), bytes);
    current->tables[table.data()] = std::move(copy);
    return table;
}
void Resources::unmap_table(Bytes table) { CHECK(current->tables.erase(table.data()) == 1); }

Result<Slot> Resources::window(u64 address, u64 bytes) {
    current->objects.insert({address, bytes});
    return ipc::local_caps().create(LocalResources::kWindow + address);
}
void Resources::forget_window(u64 address, u64 bytes) { CHECK(current->objects.erase({address, bytes}) == 1); }

Result<Slot> Resources::make_session(u64 badge) { return ipc::local_caps().create(LocalResources::kSession + badge); }
Result<Slot> Resources::make_interrupt(u32 number) { return ipc::local_caps().create(LocalResources::kInterrupt + number); }
Result<Slot> Resources::make_ports(std::string_view) { return ipc::local_caps().create(LocalResources::kPorts + kCom1Ports.first * 100 + kCom1Ports.count); }
Result<Slot> Resources::copy(Slot parent) { return ipc::local_caps().derive(parent); }

Result<Message> Resources::message(u32 interrupt) { return Message{0xfee0'0000, 0x40 + interrupt}; }
Status Resources::set_line_mode(u32 line, bool level, bool active_low) {
    current->line_modes[line] = {level, active_low};
    return {};
}

Status Resources::pin(Slot object) {
    ++current->pins[ipc::local_caps().object(object)];
    return {};
}
void Resources::unpin(Slot object) { --current->pins[ipc::local_caps().object(object)]; }
Result<u32> Resources::pages(Slot object, u32 first, std::span<u64> addresses) {
    const auto found = current->object_pages.find(ipc::local_caps().object(object));
    if (found == current->object_pages.end()) return Error::InvalidArgument;
    if (first > found->second) return Error::OutOfRange;
    for (std::size_t i = 0; i < addresses.size() && first + i < found->second; ++i) addresses[i] = (first + i) * kPageSize + 0x10'0000;
    return found->second;
}

}  // namespace dev
}  // namespace eft
