#include "monitor/watch.h"

namespace eft::monitor {

Status ChangeWatch::begin() {
    EFT_TRY(CapHandle wake, loop_.add(*this));
    Subscription request;
    request.wake = wake;
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

Task<void> ChangeWatch::rung() {
    if (!signalled_) {
        waiting_.emplace();
        [[maybe_unused]] bool now = co_await *waiting_;
    }
    signalled_ = false;
}

void ChangeWatch::on_wake() {
    signalled_ = true;
    if (waiting_) waiting_->set(true);
}

}  // namespace eft::monitor
