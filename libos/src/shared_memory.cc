#include <eft/shared_memory.h>

#include <eft/ipc/kernel_transport.h>
#include <eft/layout.h>
#include <eft/slots.h>

#include <eft/idl/mem.h>

namespace eft {
namespace {

// Addresses are handed out in pieces of this size, by the same bit table that hands out slots.
constexpr u64 kPiece = 64 * 1024;
constexpr u32 kPieces = static_cast<u32>((layout::kObjectLimit - layout::kObjectBase) / kPiece);
constexpr Rights kReadWrite = FrameRight::Read | FrameRight::Write;
constexpr u32 kFirst = 1;  // Slot::None stands for "no piece"

SlotAllocator<kPieces>& pieces() {
    static EFT_PROCESS_LOCAL SlotAllocator<kPieces> all(Slot{kFirst}, kPieces);
    return all;
}
u32 pieces_of(u64 bytes) { return static_cast<u32>((bytes + kPiece - 1) / kPiece); }

// The well-known slot stays this process's for good: the client is never destroyed.
mem::MemClient<>& memory() {
    static EFT_PROCESS_LOCAL mem::MemClient<> client{CapHandle(slot(WellKnown::Memory))};
    return client;
}

Status map_at(Slot object, u64 address, u64 bytes, Rights rights) {
    mem::Mapping request;
    request.object = ipc::CapField<ipc::kind::Memory>(object);
    request.bytes = bytes;
    request.address = address;
    request.rights = rights;
    return memory().map(request).error();
}

}  // namespace

Result<u64> allocate_addresses(u64 bytes) {
    if (bytes == 0 || bytes > layout::kObjectLimit - layout::kObjectBase) return Error::OutOfMemory;
    const Slot first = pieces().allocate_run(pieces_of(bytes));
    if (first == Slot::None) return Error::OutOfMemory;
    return layout::kObjectBase + (raw(first) - kFirst) * kPiece;
}

void free_addresses(u64 address, u64 bytes) {
    pieces().free(Slot{static_cast<u32>((address - layout::kObjectBase) / kPiece) + kFirst}, pieces_of(bytes));
}

Result<u32> memory_quota() {
    const auto usage = memory().info();
    if (!usage.ok()) return usage.error();
    return usage->quota;
}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    if (this != &other) {
        reset();
        object_ = std::move(other.object_);
        address_ = std::exchange(other.address_, 0);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

Result<SharedMemory> SharedMemory::create(u64 bytes) {
    mem::ObjectRequest request;
    request.bytes = page_up(bytes);
    auto made = memory().create_object(request);
    if (!made.ok()) return made.error();
    SharedMemory result;
    result.object_ = CapHandle(made->object.release());
    // On failure the destructor of `result` releases the object.
    EFT_TRY(const u64 address, allocate_addresses(request.bytes));
    if (Status mapped = map_at(result.object_.slot(), address, request.bytes, kReadWrite); !mapped.ok()) {
        free_addresses(address, request.bytes);
        return mapped.error();
    }
    result.address_ = address;
    result.bytes_ = request.bytes;
    return result;
}

Result<SharedMemory> SharedMemory::borrow(Slot object, u64 bytes) { return map(object, bytes, kReadWrite); }

Result<SharedMemory> SharedMemory::borrow_to_read(Slot object, u64 bytes) {
    return map(object, bytes, bits(FrameRight::Read));
}

Result<SharedMemory> SharedMemory::map(Slot object, u64 bytes, Rights rights) {
    EFT_TRY(SharedMemory result, reserve(bytes));
    EFT_CHECK(map_at(object, result.address_, bytes, rights));
    return result;
}

Result<SharedMemory> SharedMemory::reserve(u64 bytes) {
    if (bytes % kPageSize != 0) return Error::InvalidArgument;
    SharedMemory result;
    EFT_TRY(result.address_, allocate_addresses(bytes));
    result.bytes_ = bytes;
    return result;
}

void SharedMemory::reset() {
    if (bytes_ != 0) {
        mem::Range range;
        range.address = address_;
        range.bytes = bytes_;
        static_cast<void>(memory().unmap(range));  // NotMapped: it was only reserved
        free_addresses(address_, bytes_);
        address_ = bytes_ = 0;
    }
    if (object_) {
        mem::Object request;
        request.object = ipc::CapField<ipc::kind::Memory>(object_.slot());
        static_cast<void>(memory().release(request));
        object_.reset();
    }
}

}  // namespace eft
