// A disk behind the Block interface, as the file system's BlockSource.
//
// Requests go through a ring that outlives the driver: a read that its death interrupts is done again by the next
// incarnation, and nothing is to be seen of it here but time. Data arrives in a window of the shared area and is copied
// to where it is wanted: the area is the only memory that the device reaches. A reader that is cancelled takes its window
// with it for good, because the driver may still write there; the file server cancels nobody.
#pragma once

#include "fs/ext2/block_source.h"

#include <eft/idl/block.h>
#include <eft/ring/windows.h>

#include <algorithm>
#include <cstring>

namespace eft::ext2 {

constexpr u32 kSectorBytes = 512;
constexpr u32 kDiskWindows = 16;
constexpr u32 kDiskWindowBytes = 64 * 1024;

// Wake: of the driver; in the product ring::PeerWake.
template <ring::Wake Wake>
class RingDisk final : public BlockSource {
public:
    RingDisk(block::BlockRing<Wake>& ring, ring::Windows& windows) : ring_(ring), windows_(windows) {}

    // When it is attached.
    Status set_geometry(u64 sectors, u32 max_count) {
        if (max_count < kReadAlignment / kSectorBytes || sectors > ~u64{0} / kSectorBytes) return Error::ProtocolViolation;
        sectors_ = sectors;
        const u64 most = std::min<u64>(u64{max_count} * kSectorBytes, windows_.bytes());
        piece_ = static_cast<u32>(most - most % kReadAlignment);
        return {};
    }

    u64 size_bytes() const override { return sectors_ * kSectorBytes; }

    Task<Status> read(u64 offset, std::span<std::byte> destination) override {
        while (!destination.empty()) {
            const std::size_t size = std::min<std::size_t>(destination.size(), piece_);
            EFT_CO_CHECK(co_await read_piece(offset, destination.first(size)));
            offset += size;
            destination = destination.subspan(size);
        }
        co_return Status{};
    }

private:
    Task<Status> read_piece(u64 offset, std::span<std::byte> destination) {
        EFT_CO_CHECK(ring_.usable());
        if (!windows_.any()) EFT_CO_CHECK(co_await windows_.wait());
        ring::Windows::Lease window(windows_);
        block::Read request;
        request.sector = offset / kSectorBytes;
        request.count = static_cast<u32>(destination.size() / kSectorBytes);
        request.data = window.first(static_cast<u32>(destination.size()));
        auto call = ring_.read(request);
        Result<block::Done> done = co_await call;
        window.ended(done.error());
        if (!done.ok()) co_return done.error();
        if (done->count != request.count) co_return Error::DeviceError;
        std::memcpy(destination.data(), window.bytes().data(), destination.size());
        co_return Status{};
    }

    block::BlockRing<Wake>& ring_;
    ring::Windows& windows_;
    u64 sectors_ = 0;
    u32 piece_ = kDiskWindowBytes;
};

}  // namespace eft::ext2
