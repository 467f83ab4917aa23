#include "monitor/watch.h"

namespace eft::monitor {

Status Bell::connect() {
    EFT_TRY(wake_, loop_.add(*this));
    return {};
}

Task<void> Bell::rung() {
    if (!signalled_) {
        waiting_.emplace();
        [[maybe_unused]] bool now = co_await *waiting_;
    }
    signalled_ = false;
}

void Bell::ring() {
    signalled_ = true;
    if (waiting_) waiting_->set(true);
}

Status ChangeWatch::begin() {
    EFT_CHECK(bell_.connect());
    Subscription request;
    request.wake = bell_.wake();
    EFT_TRY(const Subscribed subscribed, supervisor_.subscribe_changed(request));
    seen_ = subscribed.acknowledged;
    return {};
}

Result<std::optional<rs::ChangedEvent>> ChangeWatch::next() {
    EFT_TRY(rs::ChangedEvent event, supervisor_.next_changed({seen_}));
    if (event.number == 0) return std::optional<rs::ChangedEvent>();
    seen_ = event.number;
    return std::optional<rs::ChangedEvent>(event);
}

}  // namespace eft::monitor
