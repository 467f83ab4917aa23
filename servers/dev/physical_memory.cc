// Reaching physical memory through mem: ACPI tables, configuration spaces, registers.
#include <servers/dev/kernel_world.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/shared_memory.h>

namespace eft::dev {
namespace {

constexpr u32 kOwnQuota = 2048;  // pages that dev may have mapped, and the page tables for them

}  // namespace

Status PhysicalMemoryMapper::open() {
    EFT_TRY(const Slot control, granted("mem"));
    EFT_TRY(const Slot own_space, granted("space"));
    control_.transport().replace(CapHandle(control));
    mem::AdoptRequest request;
    request.space = ipc::CapField<ipc::kind::AddressSpace>(own_space);
    request.quota = kOwnQuota;
    EFT_TRY(mem::Space space, control_.adopt(request).or_error());
    const Slot received = space.session.release();
    EFT_CHECK(kernel_object::move(slot(WellKnown::Table), slot(WellKnown::Memory), received));
    return_slot(received);
    space_.transport().replace(CapHandle(slot(WellKnown::Memory)));
    return {};
}

Result<CapHandle> PhysicalMemoryMapper::object(u64 address, u64 bytes) {
    mem::DeviceRequest request;
    request.address = address;
    request.bytes = bytes;
    EFT_TRY(mem::Object answer, control_.device_object(request).or_error());
    return CapHandle(answer.object.release());
}

void PhysicalMemoryMapper::release(const CapHandle& object) {
    mem::Object request;
    request.object = ipc::CapField<ipc::kind::Memory>(object);
    static_cast<void>(control_.release(request).or_error());
}

Status PhysicalMemoryMapper::map(u64 at, u64 address, u64 bytes, u64 offset, u64 whole) {
    EFT_TRY(const CapHandle made, object(address, whole));
    mem::Mapping request;
    request.object = ipc::CapField<ipc::kind::Memory>(made);
    request.offset = offset;
    request.bytes = bytes;
    request.address = at;
    request.rights = FrameRight::Read | FrameRight::Write;
    return space_.map(request).or_error().error();
}

void PhysicalMemoryMapper::unmap(u64 at, u64 bytes) {
    mem::Range range;
    range.address = at;
    range.bytes = bytes;
    static_cast<void>(space_.unmap(range).or_error());
}

// Page by page: tables share pages with one another, and the same page is the same object.
Result<Bytes> AcpiMemory::read(u64 address, u64 length) {
    if (address == 0) return root_pointer_.size() < length ? Result<Bytes>(Error::OutOfRange) : Result<Bytes>(root_pointer_.first(length));
    if (length > kLargestTable || address + length < address) return Error::OutOfRange;
    forget();
    if (window_ == 0) {
        EFT_TRY(window_, allocate_addresses(kWindow));
    }
    for (u64 page = page_down(address); page < address + length; page += kPageSize) {
        EFT_CHECK(mapper_.map(window_ + mapped_pages_ * kPageSize, page, kPageSize, 0, kPageSize));
        ++mapped_pages_;
        // The mapping alone keeps it from now on.
        EFT_TRY(const CapHandle object, mapper_.object(page, kPageSize));
        mapper_.release(object);
    }
    return Bytes(reinterpret_cast<const std::byte*>(window_ + (address - page_down(address))), length);
}

void AcpiMemory::forget() {
    while (mapped_pages_ != 0) mapper_.unmap(window_ + --mapped_pages_ * kPageSize, kPageSize);
}

Result<u64> EcamSpace::physical(pci::FunctionAddress address) const {
    for (const EcamRange& range : ranges_) {
        if (range.segment == address.segment && address.bus >= range.first_bus && address.bus <= range.last_bus)
            return range.address + ecam_offset(address);
    }
    return Error::OutOfRange;
}

// Functions that are absent take no place: the last one is used again for the next that is asked for.
Result<hw::Mmio> EcamSpace::function(pci::FunctionAddress address) {
    for (u32 i = 0; i < count_; ++i)
        if (mapped_[i].address == address) return hw::Mmio(reinterpret_cast<volatile void*>(mapped_[i].at), kPageSize);
    EFT_TRY(const u64 where, physical(address));
    if (count_ != 0) {
        const hw::Mmio last(reinterpret_cast<volatile void*>(mapped_[count_ - 1].at), kPageSize);
        if (last.read<u16>(0) == pci::kNoVendor) {
            --count_;
            mapper_.unmap(mapped_[count_].at, kPageSize);
            free_addresses(mapped_[count_].at, kPageSize);
        }
    }
    if (count_ == kMostFunctions) return Error::LimitReached;
    EFT_TRY(const u64 at, allocate_addresses(kPageSize));
    if (Status mapped = mapper_.map(at, where, kPageSize, 0, kPageSize); !mapped.ok()) {
        free_addresses(at, kPageSize);
        return mapped.error();
    }
    if (auto object = mapper_.object(where, kPageSize); object.ok()) mapper_.release(*object);
    mapped_[count_++] = {address, at};
    return hw::Mmio(reinterpret_cast<volatile void*>(at), kPageSize);
}

}  // namespace eft::dev
