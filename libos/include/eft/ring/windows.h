// The data area of a ring's client in equal parts: each request has one while the server works on it.
//
//   EFT_CO_CHECK(ring.usable());
//   if (!windows.any() || ring.is_full()) EFT_CO_CHECK(co_await windows.wait(ring));
//   ring::Windows::Lease window(windows);
//   ... co_await the request, whose data is window.first(size) ...
//   window.ended(result.error());
//
// A server may write to the part of a request until the request is completed. So a part whose request was not completed,
// because its coroutine was cancelled or the service is held, is handed out again only after reclaim() has seen everything
// that was in flight then completed.
#pragma once

#include <eft/ipc/area.h>
#include <eft/wait_list.h>

#include <array>
#include <bit>
#include <cstddef>
#include <span>

namespace eft::ring {

class Windows {
public:
    // 1 to 64 of them, `bytes` each. They lie in `area` from its beginning, when there is one.
    Windows(u32 count, u32 bytes) : count_(count), bytes_(bytes), free_(count == 64 ? ~u64{0} : (u64{1} << count) - 1) {}
    Windows(const Windows&) = delete;
    Windows& operator=(const Windows&) = delete;

    void place(std::span<std::byte> area) { area_ = area; }
    u64 area_bytes() const { return u64{count_} * bytes_; }
    u32 bytes() const { return bytes_; }

    bool any() const { return free_ != 0; }
    // Until one is free; who came first is woken first. Or the error of end_waits().
    Task<Status> wait() {
        while (free_ == 0) {
            Waiter waiter(waiting_);
            EFT_CO_CHECK(co_await waiter.woken);
        }
        co_return Status{};
    }
    // The same, and until the ring has room: while it waits for one of both it keeps nobody from the other.
    template <class Ring>
    Task<Status> wait(Ring& ring) {
        for (;;) {
            const Status room = co_await ring.room();
            if (!room.ok()) {
                if (any()) waiting_.wake_one({});  // who was woken does not take it
                co_return room;
            }
            if (any()) co_return Status{};
            EFT_CO_CHECK(co_await wait());
        }
    }
    // None will be free for the time being: the ring is held, or has failed.
    void end_waits(Error error) { waiting_.wake_all(error); }

    // Whoever owns the ring calls it before it sleeps and when it was woken: wakes who waits for a part that has become free.
    template <class Ring>
    void reclaim(const Ring& ring) {
        for (u64 left = abandoned_; left != 0; left &= left - 1) {
            const u32 index = static_cast<u32>(std::countr_zero(left));
            if (until_[index] == kNotAsked) until_[index] = ring.submitted();
            if (ring.completed_before(until_[index])) release(index);
        }
    }

    // One of them, of which there are any.
    class Lease {
    public:
        explicit Lease(Windows& windows) : windows_(windows), index_(static_cast<u32>(std::countr_zero(windows.free_))) {
            windows.free_ &= windows.free_ - 1;
        }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease() {
            if (completed_) windows_.release(index_);
            else windows_.abandon(index_);
        }
        // How the request ended. Where the service is held it is still in the ring, and may be done when it is started again.
        void ended(Error error) { completed_ = error != Error::ServiceHeld; }
        // Its first bytes, for a request.
        ipc::AreaSpan first(u32 bytes) const { return ipc::AreaSpan(windows_.area_.data(), index_ * windows_.bytes_, bytes); }
        std::span<std::byte> bytes() const { return windows_.area_.subspan(index_ * windows_.bytes_, windows_.bytes_); }

    private:
        Windows& windows_;
        u32 index_;
        bool completed_ = false;
    };

private:
    static constexpr u64 kNotAsked = ~u64{0};

    void release(u32 index) {
        abandoned_ &= ~(u64{1} << index);
        free_ |= u64{1} << index;
        waiting_.wake_one(Status{});
    }
    void abandon(u32 index) {
        abandoned_ |= u64{1} << index;
        until_[index] = kNotAsked;
    }

    std::span<std::byte> area_;
    u32 count_;
    u32 bytes_;
    u64 free_;  // a bit each
    u64 abandoned_ = 0;
    std::array<u64, 64> until_{};  // of those: free when each ticket before this one is completed
    WaitList waiting_;
};

}  // namespace eft::ring
