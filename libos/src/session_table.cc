// Sessions of whatever type: see eft/state/session_table.h.
#include <eft/state/session_table.h>

#include <algorithm>

namespace eft {

Result<u32> AnySessions::restore(bool (*valid)(void*, u32), void (*dropped)(void*, Badge), void* context) {
    u32 count = 0;
    for (u32 place = 0; place < count_; ++place) {
        if (badges_[place] == 0) continue;
        if (checks_[place] == computed_check(place) && !seen_before(place) && valid(context, place)) continue;
        const Badge badge{badges_[place]};
        EFT_CHECK(log_->begin());
        if (Status closed = close_place(place); !closed.ok()) {
            log_->abort();
            return closed.error();
        }
        log_->close();
        dropped(context, badge);
        ++count;
    }
    return count;
}

Result<u32> AnySessions::open(Badge badge, const std::byte* initial) {
    if (badge == Badge::None) return Error::InvalidArgument;
    if (search(badge) < count_) return Error::AlreadyExists;
    const u32 place = search(Badge::None);
    if (place == count_) return Error::LimitReached;
    EFT_CHECK(save(badges_[place]));
    EFT_CHECK(save_session(place));
    EFT_CHECK(mark(place, false));
    store_word(badges_[place], raw(badge));
    store_bytes(bytes_at(place), initial, bytes_);
    in_progress_[place] = 0;
    return place;
}

Result<u32> AnySessions::edit_place(Badge badge) {
    const u32 place = badge == Badge::None ? count_ : search(badge);
    if (place == count_) return Error::StaleSession;
    EFT_CHECK(save_session(place));
    EFT_CHECK(mark(place, false));
    return place;
}

Status AnySessions::save_part(u32 place, std::span<const std::byte> part) {
    EFT_CHECK(log_->before_change(part));
    return mark(place, false);
}

Status AnySessions::note_change(std::span<const std::byte> bytes) {
    const auto distance = reinterpret_cast<std::uintptr_t>(bytes.data()) - reinterpret_cast<std::uintptr_t>(sessions_);
    if (distance < u64{bytes_} * count_) EFT_CHECK(mark(static_cast<u32>(distance / bytes_), true));
    return log_->before_last_change(bytes);
}

Status AnySessions::close(Badge badge) {
    const u32 place = badge == Badge::None ? count_ : search(badge);
    return place == count_ ? Status(Error::StaleSession) : close_place(place);
}

void AnySessions::renew_checks() {
    for (u32 group = 0; group * 64 < count_; ++group) {
        for (; changed_[group] != 0; changed_[group] &= changed_[group] - 1) {
            const u32 place = group * 64 + static_cast<u32>(std::countr_zero(changed_[group]));
            store_word(checks_[place], computed_check(place));
        }
    }
}

u32 AnySessions::search(Badge badge) const { return static_cast<u32>(std::find(badges_, badges_ + count_, raw(badge)) - badges_); }

bool AnySessions::seen_before(u32 place) const { return search(Badge{badges_[place]}) != place; }

// The check word will change at seal(); it is saved now, while an error can still be answered.
Status AnySessions::mark(u32 place, bool last) {
    const auto check = std::as_bytes(std::span(&checks_[place], 1));
    EFT_CHECK(last ? log_->before_last_change(check) : log_->before_change(check));
    if (std::exchange(changed_in_, log_->serial()) != log_->serial()) std::fill_n(changed_, (count_ + 63) / 64, 0);
    changed_[place / 64] |= u64{1} << place % 64;
    return {};
}

Status AnySessions::close_place(u32 place) {
    EFT_CHECK(save(badges_[place]));
    store_word(badges_[place], 0);
    return {};
}

}  // namespace eft
