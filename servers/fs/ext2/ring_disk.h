// A disk behind the Block interface, as the file system's BlockSource.
//
// Requests go through a ring that outlives the driver: a read that its death interrupts is done again by the next
// incarnation, and nothing is to be seen of it here but time. Data arrives in a window of the shared area and is copied
// to where it is wanted: the area is the only memory that the device reaches. A reader that is cancelled takes its window
// with it for good, because the driver may still write there; the file server cancels nobody.
#pragma once

#include "fs/ext2/block_source.h"
#include "fs/ext2/report.h"

#include <eft/idl/block.h>
#include <eft/ring/windows.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft::ext2 {

constexpr u32 kSectorBytes = 512;
constexpr u32 kDiskWindows = 16;
constexpr u32 kDiskWindowBytes = 64 * 1024;

// Wake: of the driver; in the product ring::PeerWake.
template <ring::Wake Wake>
class RingDisk final : public BlockSource {
public:
    // Errors of the device stand in the report with their sectors.
    RingDisk(block::BlockRing<Wake>& ring, ring::Windows& windows, Report& report) : ring_(ring), windows_(windows), report_(report) {}

    // When it is attached. `block`: sectors in a block of the device; a read that is not of whole ones reads more. NotSupported:
    // a block has no room in a request or a window.
    Status set_geometry(u64 sectors, u32 max_count, u32 block = 1) {
        if (!std::has_single_bit(block) || sectors > ~u64{0} / kSectorBytes) return Error::ProtocolViolation;
        sectors_ = sectors;
        block_bytes_ = u64{block} * kSectorBytes;
        const u64 unit = std::max<u64>(block_bytes_, kReadAlignment);
        const u64 most = std::min<u64>(u64{max_count} * kSectorBytes, windows_.bytes());
        if (most < unit) return Error::NotSupported;
        piece_ = static_cast<u32>(most - most % unit);
        return {};
    }

    u64 size_bytes() const override { return sectors_ * kSectorBytes; }

    Task<Status> read(u64 offset, std::span<std::byte> destination) override {
        while (!destination.empty()) {
            const std::size_t size = std::min<std::size_t>(destination.size(), piece_ - offset % block_bytes_);
            EFT_CO_CHECK(co_await read_piece(offset, destination.first(size)));
            offset += size;
            destination = destination.subspan(size);
        }
        co_return Status{};
    }

private:
    Task<Status> read_piece(u64 offset, std::span<std::byte> destination) {
        EFT_CO_CHECK(ring_.usable());
        if (!windows_.any() || ring_.is_full()) EFT_CO_CHECK(co_await windows_.wait(ring_));
        ring::Windows::Lease window(windows_);
        const u64 before = offset % block_bytes_;
        const u64 bytes = (before + destination.size() + block_bytes_ - 1) / block_bytes_ * block_bytes_;
        block::Read request;
        request.sector = (offset - before) / kSectorBytes;
        request.count = static_cast<u32>(bytes / kSectorBytes);
        request.data = window.first(static_cast<u32>(bytes));
        Result<block::Done> done = Error::WrongState;
        for (bool doubted = false;;) {
            auto call = ring_.read(request);
            done = co_await call;
            if (done.ok() || !ring_.template doubts<block::Block::ReadMethod>(done.error(), doubted)) break;
        }
        window.ended(done.error());
        if (!done.ok()) {
            co_return report_.finding(done.error(), "the disk: ", to_string(done.error()), ", sectors ", request.sector, " to ",
                                      request.sector + request.count - 1);
        }
        if (done->count != request.count) co_return Error::DeviceError;
        std::memcpy(destination.data(), window.bytes().data() + before, destination.size());
        co_return Status{};
    }

    block::BlockRing<Wake>& ring_;
    ring::Windows& windows_;
    Report& report_;
    u64 sectors_ = 0;
    u64 block_bytes_ = kSectorBytes;
    u32 piece_ = kDiskWindowBytes;
};

}  // namespace eft::ext2
