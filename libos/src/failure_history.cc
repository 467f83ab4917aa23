#include <eft/failure_history.h>

#include <algorithm>

namespace eft::supervisor {

void FailureHistory::record(const RestartLimits& limits, u64 now, u64 up_ticks, u32 client) {
    if (up_ticks >= limits.stable) in_a_row_ = 0;
    ++in_a_row_;
    failures_[total_++ % failures_.size()] = {now, client, false};
}

bool FailureHistory::must_expel(const RestartLimits& limits, u64 now, u32 client) const {
    if (client == kNobody) return false;
    return count_recent(limits, now, [&](const Failure& failure) { return failure.client == client; }) > std::min(limits.session_limit, limits.limit);
}

void FailureHistory::attribute_to(u32 client) {
    for (Failure& failure : failures_) {
        if (failure.client != client || failure.attributed) continue;
        failure.attributed = true;
        if (in_a_row_ > 0) --in_a_row_;
    }
}

std::optional<u64> FailureHistory::verdict(const RestartLimits& limits, u64 now) const {
    if (count_recent(limits, now, [](const Failure& failure) { return !failure.attributed; }) > limits.limit) return std::nullopt;
    if (in_a_row_ <= 1) return 0;
    const unsigned doublings = std::min(in_a_row_ - 2, 20u);
    return std::min(limits.initial << doublings, limits.cap);
}

template <class Predicate>
unsigned FailureHistory::count_recent(const RestartLimits& limits, u64 now, Predicate predicate) const {
    const auto kept = static_cast<std::ptrdiff_t>(std::min<u64>(total_, failures_.size()));
    return static_cast<unsigned>(std::count_if(failures_.begin(), failures_.begin() + kept, [&](const Failure& failure) {
        return now - failure.time < limits.window && predicate(failure);
    }));
}

}  // namespace eft::supervisor
