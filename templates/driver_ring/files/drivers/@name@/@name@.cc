#include <drivers/@name@/@name@.h>

namespace eft::@name@ {

void Server::factorial(ring::Pending<Product> pending, Session& session, const Number& request) {
    jobs_[(first_ + count_++) % kMostJobs] = {pending, session.place(), request.number};
}

void Server::woken(u64 bits) {
    if ((bits & kInterruptBit) != 0) device_.acknowledge();
}

bool Server::progress() {
    if (device_.computing()) return true;  // its interrupt wakes this program
    const auto drop_first = [this] {
        first_ = (first_ + 1) % kMostJobs;
        --count_;
    };
    if (std::exchange(is_begun_, false)) {
        jobs_[first_].pending.complete(Product{device_.product()});
        drop_first();
    }
    while (count_ != 0 && session_at(jobs_[first_].place).is_ending()) {
        jobs_[first_].pending.complete(Error::Cancelled);
        drop_first();
    }
    if (count_ == 0) return true;
    device_.begin(jobs_[first_].number);
    is_begun_ = true;
    return true;
}

}  // namespace eft::@name@
