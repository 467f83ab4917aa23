// A disk behind the Block interface, as the file system's BlockSource.
//
// Requests go through a ring that outlives the driver: a read that its death interrupts is done again by the next
// incarnation, and nothing is to be seen of it here but time. Data arrives in a window of the shared area and is copied
// to where it is wanted: the area is the only memory that the device reaches. A reader that is cancelled takes its window
// with it for good, because the driver may still write there; the file server cancels nobody.
#pragma once

#include "fs/ext2/block_source.h"
#include "fs/ext2/wait_list.h"

#include <eft/idl/block.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft::ext2 {

constexpr u32 kSectorBytes = 512;

template <ring::Wake Wake>
class RingDisk {
public:
    static constexpr u32 kWindowBytes = 64 * 1024;
    static constexpr u32 kWindows = 16;
    static constexpr u64 kAreaBytes = u64{kWindowBytes} * kWindows;
    static constexpr u64 kRingBytes = block::BlockRing<Wake>::kMemoryBytes;

    explicit RingDisk(Wake wake) : ring_(std::move(wake)) {}

    // Before the memory is given to the driver with Attach.
    Status prepare(std::span<std::byte> ring, std::span<std::byte> area) {
        if (area.size() < kAreaBytes) return Error::InvalidArgument;
        EFT_CHECK(ring_.create(ring, area.size()));
        area_ = area;
        return {};
    }
    // After Attach.
    Status set_geometry(u64 sectors, u32 max_count) {
        if (max_count < kReadAlignment / kSectorBytes || sectors > ~u64{0} / kSectorBytes) return Error::ProtocolViolation;
        sectors_ = sectors;
        const u64 most = std::min<u64>(u64{max_count} * kSectorBytes, kWindowBytes);
        piece_ = static_cast<u32>(most - most % kReadAlignment);
        return {};
    }
    void fail(Error error) { ring_.fail(error); }

    u64 size_bytes() const { return sectors_ * kSectorBytes; }

    Task<Status> read(u64 offset, std::span<std::byte> destination) {
        while (!destination.empty()) {
            const std::size_t size = std::min<std::size_t>(destination.size(), piece_);
            EFT_CO_CHECK(co_await read_piece(offset, destination.first(size)));
            offset += size;
            destination = destination.subspan(size);
        }
        co_return Status{};
    }

    // The driver signalled. Runs those whose reads have ended, then those who waited for a window.
    void on_wake() {
        if (!prepared()) return;  // there was no disk to attach to
        ring_.on_wake();
        while (free_windows_ != 0 && !waiting_.empty()) {
            WaitList turn;  // those who find no window wait for the next one
            turn.take(waiting_);
            turn.wake_all(Status{});
        }
    }
    bool prepare_to_sleep() { return !prepared() || ring_.prepare_to_sleep(); }

private:
    bool prepared() const { return !area_.empty(); }

    // A window of the area, given back at the end of the read.
    struct Window {
        RingDisk& disk;
        u32 index;
        bool ended = false;
        Window(RingDisk& owner, u32 taken) : disk(owner), index(taken) { disk.free_windows_ &= ~(1u << index); }
        Window(const Window&) = delete;
        Window& operator=(const Window&) = delete;
        ~Window() {
            if (ended) disk.free_windows_ |= 1u << index;
        }
    };

    Task<Status> read_piece(u64 offset, std::span<std::byte> destination) {
        while (free_windows_ == 0) {
            Waiter waiter(waiting_);
            [[maybe_unused]] Status any = co_await waiter.woken;
        }
        Window window(*this, static_cast<u32>(std::countr_zero(free_windows_)));
        const u32 start = window.index * kWindowBytes;
        block::Read request;
        request.sector = offset / kSectorBytes;
        request.count = static_cast<u32>(destination.size() / kSectorBytes);
        request.data = ipc::AreaSpan(area_.data(), start, static_cast<u32>(destination.size()));
        auto call = ring_.read(request);
        Result<block::Done> done = co_await call;
        window.ended = true;
        if (!done.ok()) co_return done.error();
        if (done->count != request.count) co_return Error::DeviceError;
        std::memcpy(destination.data(), area_.data() + start, destination.size());
        co_return Status{};
    }

    block::BlockRing<Wake> ring_;
    std::span<std::byte> area_;
    u64 sectors_ = 0;
    u32 piece_ = kWindowBytes;
    u32 free_windows_ = (u64{1} << kWindows) - 1;  // a bit each
    WaitList waiting_;
};

}  // namespace eft::ext2
