#include <servers/dev/physical_memory.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/shared_memory.h>

#include <algorithm>

namespace eft::dev {
namespace {

constexpr u32 kOwnQuota = 2048;  // pages that dev may have mapped, and the page tables for them

mem::Object lend(Slot object) {
    mem::Object request;
    request.object = ipc::CapField<ipc::kind::Memory>(object);
    return request;
}

// The whole pages around some bytes.
struct PageRange {
    template <class T>
    PageRange(T* start, u64 length) : at(page_down(arch::address(start))), bytes(page_up(arch::address(start) + length) - at) {}
    u64 at, bytes;
};

}  // namespace

Status PhysicalMemory::open() {
    EFT_TRY(const Slot control, granted("mem"));
    EFT_TRY(const Slot own_space, granted("space"));
    control_.transport().replace(CapHandle(control));
    mem::AdoptRequest request;
    request.space = ipc::CapField<ipc::kind::AddressSpace>(own_space);
    request.quota = kOwnQuota;
    request.own = true;
    EFT_TRY(mem::Space space, control_.adopt(request));
    const Slot received = space.session.release();
    EFT_CHECK(kernel_object::move(slot(WellKnown::Table), slot(WellKnown::Memory), received));
    return_slot(received);
    space_.transport().replace(CapHandle(slot(WellKnown::Memory)));
    return {};
}

Result<hw::Mmio> PhysicalMemory::map_registers(u64 address, u64 whole, u64 offset, u64 bytes) {
    const u64 first = page_down(offset), length = page_up(offset + bytes) - first;
    EFT_TRY(const u64 at, allocate_addresses(length));
    if (Status mapped = map(at, address, length, first, whole); !mapped.ok()) {
        free_addresses(at, length);
        return mapped.error();
    }
    return hw::Mmio(arch::pointer<volatile void>(at + (offset - first)), bytes);
}

void PhysicalMemory::unmap_registers(hw::Mmio registers) {
    const PageRange pages(registers.base(), registers.length());
    unmap(pages.at, pages.bytes);
    free_addresses(pages.at, pages.bytes);
}

// Page by page: tables share pages with one another, and the same page is the same object.
Result<Bytes> PhysicalMemory::map_table(u64 address, u64 bytes) {
    if (bytes > kLargestTable || address + bytes + kPageSize < address) return Error::OutOfRange;
    const u64 first = page_down(address), length = page_up(address + bytes) - first;
    EFT_TRY(const u64 at, allocate_addresses(length));
    for (u64 done = 0; done < length; done += kPageSize) {
        if (Status mapped = map(at + done, first + done, kPageSize, 0, kPageSize); !mapped.ok()) {
            for (; done != 0; done -= kPageSize) unmap(at + done - kPageSize, kPageSize);
            free_addresses(at, length);
            return mapped.error();
        }
        forget_window(first + done, kPageSize);  // the mapping alone keeps it from now on
    }
    return Bytes(arch::pointer<const std::byte>(at + (address - first)), bytes);
}

void PhysicalMemory::unmap_table(Bytes table) {
    const PageRange pages(table.data(), table.size());
    for (u64 done = 0; done < pages.bytes; done += kPageSize) unmap(pages.at + done, kPageSize);
    free_addresses(pages.at, pages.bytes);
}

Result<CapHandle> PhysicalMemory::window(u64 address, u64 bytes) {
    mem::DeviceRequest request;
    request.address = address;
    request.bytes = bytes;
    EFT_TRY(mem::Object answer, control_.device_object(request));
    return CapHandle(answer.object.release());
}

void PhysicalMemory::forget_window(u64 address, u64 bytes) {
    if (const auto known = window(address, bytes); known.ok()) static_cast<void>(control_.release(lend(known->slot())));
}

Status PhysicalMemory::pin(Slot object) { return control_.pin(lend(object)).error(); }

void PhysicalMemory::unpin(Slot object) { static_cast<void>(control_.unpin(lend(object))); }

Result<u32> PhysicalMemory::pages(Slot object, u32 first, std::span<u64> addresses) {
    mem::PageQuery query;
    query.object = ipc::CapField<ipc::kind::Memory>(object);
    query.first = first;
    EFT_TRY(const mem::PageAddresses answer, control_.physical(query));
    std::copy_n(answer.addresses.begin(), std::min(answer.addresses.size(), addresses.size()), addresses.begin());
    return answer.pages;
}

Status PhysicalMemory::map(u64 at, u64 address, u64 bytes, u64 offset, u64 whole) {
    EFT_TRY(const CapHandle made, window(address, whole));
    mem::Mapping request;
    request.object = ipc::CapField<ipc::kind::Memory>(made);
    request.offset = offset;
    request.bytes = bytes;
    request.address = at;
    request.rights = FrameRight::Read | FrameRight::Write;
    return space_.map(request).error();
}

void PhysicalMemory::unmap(u64 at, u64 bytes) {
    mem::Range range;
    range.address = at;
    range.bytes = bytes;
    static_cast<void>(space_.unmap(range));
}

}  // namespace eft::dev
