#include <drivers/pit/pit.h>

#include <algorithm>

namespace eft::pit {
namespace {

constexpr u64 kNanosecondsPerMs = 1'000'000;
constexpr u64 kNanosecondsPerSecond = 1'000'000'000;
// Further away than the 8254 can count.
constexpr u64 kFar = u64{i8254::kLargestCount} * kNanosecondsPerSecond / i8254::kFrequency;

}  // namespace

u64 Pit::now() {
    const u64 stamp = stamp_();
    const u64 rest = stamp % stamps_per_ms_ * kNanosecondsPerMs / stamps_per_ms_;
    state_.latest = std::max(state_.latest, stamp / stamps_per_ms_ * kNanosecondsPerMs + rest);
    return state_.latest;
}

Status Pit::set_alarm(u64 nanoseconds) {
    const u64 time = now();
    const u64 distance = nanoseconds > time ? std::min(nanoseconds - time, kFar) : 0;
    const u64 count = (distance * i8254::kFrequency + kNanosecondsPerSecond - 1) / kNanosecondsPerSecond;
    i8254::start_count(registers_, static_cast<u32>(std::clamp<u64>(count, 1, i8254::kLargestCount)));
    return {};
}

}  // namespace eft::pit
