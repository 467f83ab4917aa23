// The sessions of a server: a part of its state region, and what an incarnation knows about it.
//
// SessionTable lies in the region. Each session has a check word of its own, so that a damaged one is dropped alone.
// Sessions is the incarnation's view: it finds sessions by badge, changes them within the region's open transaction,
// and counts the requests in progress, which die with the incarnation. The table is the truth; the view only caches
// where a badge was last seen, so that an aborted transaction needs no repair here.
//
// Whatever changes a session goes through open(), edit(), note_change() or close(); seal() renews the check words
// before the transaction commits. Badge 0 is no session.
#pragma once

#include <eft/state/undo_log.h>

#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>
#include <utility>

namespace eft {

template <class Session, u32 N>
struct SessionTable {
    static_assert(std::is_trivially_copyable_v<Session> && N > 0 && N <= 4096);

    u64 badges[N] = {};
    u64 checks[N] = {};
    Session sessions[N] = {};

    u64 computed_check(u32 place) const {
        return check_of(std::as_bytes(std::span(&sessions[place], 1)), mix_check(place + 1, badges[place]));
    }
};

template <class Session, u32 N>
class Sessions {
public:
    using Table = SessionTable<Session, N>;

    // The log bytes that before_change() of a whole session may take; see UndoLog::reserve.
    static constexpr std::size_t kReserve =
        UndoLog::entry_bytes(sizeof(Session)) + UndoLog::entry_bytes(sizeof(u64));

    // `table` lies in the region of `log`.
    Sessions(const Table& table, UndoLog& log) : table_(const_cast<Table*>(&table)), log_(&log) {}

    // After the region's recovery, before the first request: drops every session whose check is wrong, whose badge
    // occurs a second time, or for which `valid(const Session&)` is false. `dropped(Badge)` is told. Answers how many.
    template <class Valid, class Dropped>
    Result<u32> restore(Valid valid, Dropped dropped) {
        u32 count = 0;
        for (u32 place = 0; place < N; ++place) {
            if (table_->badges[place] == 0) continue;
            if (table_->checks[place] == table_->computed_check(place) && !seen_before(place) &&
                valid(std::as_const(table_->sessions[place])))
                continue;
            const Badge badge{table_->badges[place]};
            EFT_CHECK(log_->begin());
            if (Status closed = close_place(place); !closed.ok()) {
                log_->abort();
                return closed.error();
            }
            log_->close();
            dropped(badge);
            ++count;
        }
        return count;
    }
    Result<u32> restore() {
        return restore([](const Session&) { return true; }, [](Badge) {});
    }

    const Session* find(Badge badge) const {
        const u32 place = place_of(badge);
        return place < N ? &table_->sessions[place] : nullptr;
    }

    // The following need an open transaction. Any error but those named leaves it to be aborted.

    // InvalidArgument: badge 0. AlreadyExists. LimitReached: the table, or the log, is full.
    Result<Session*> open(Badge badge, const Session& initial = {}) {
        if (badge == Badge::None) return Error::InvalidArgument;
        if (place_of(badge) < N) return Error::AlreadyExists;
        const u32 place = static_cast<u32>(std::find(table_->badges, table_->badges + N, u64{0}) - table_->badges);
        if (place == N) return Error::LimitReached;
        EFT_CHECK(save(table_->badges[place]));
        EFT_CHECK(save(table_->sessions[place]));
        EFT_CHECK(mark(place, false));
        store_word(table_->badges[place], raw(badge));
        store_bytes(reinterpret_cast<std::byte*>(&table_->sessions[place]),
                      reinterpret_cast<const std::byte*>(&initial), sizeof initial);
        in_progress_[place] = 0;
        cache_[cache_index(badge)] = static_cast<u16>(place);
        return &table_->sessions[place];
    }

    // The session, saved, to be changed at will until seal(). StaleSession: no such badge.
    Result<Session*> edit(Badge badge) {
        const u32 place = place_of(badge);
        if (place == N) return Error::StaleSession;
        EFT_CHECK(save(table_->sessions[place]));
        EFT_CHECK(mark(place, false));
        return &table_->sessions[place];
    }

    // A part of the session of this place, saved, to be changed at will until seal().
    template <class U>
    Result<U*> edit_part(u32 place, const U& part) {
        EFT_CHECK(save(part));
        EFT_CHECK(mark(place, false));
        return const_cast<U*>(&part);
    }

    // Bytes in the region are about to be changed by somebody who does not know what they belong to: the dispatcher, in
    // the record of the last `once` reply. Uses what the log keeps back.
    Status note_change(std::span<const std::byte> bytes) {
        const auto distance =
            reinterpret_cast<std::uintptr_t>(bytes.data()) - reinterpret_cast<std::uintptr_t>(table_->sessions);
        if (distance < sizeof table_->sessions) EFT_CHECK(mark(static_cast<u32>(distance / sizeof(Session)), true));
        return log_->before_last_change(bytes);
    }

    Status close(Badge badge) {
        const u32 place = place_of(badge);
        return place == N ? Status(Error::StaleSession) : close_place(place);
    }

    // Before the commit: renews the check words of what was changed.
    void seal() {
        if (changed_in_ != log_->serial()) return;
        for (u32 group = 0; group < changed_.size(); ++group) {
            for (; changed_[group] != 0; changed_[group] &= changed_[group] - 1) {
                const u32 place = group * 64 + static_cast<u32>(std::countr_zero(changed_[group]));
                store_word(table_->checks[place], table_->computed_check(place));
            }
        }
    }

    // Requests of this session that this incarnation has begun and not answered. A badge without session has none to
    // count: null.
    u16* requests_in_progress(Badge badge) {
        const u32 place = place_of(badge);
        return place < N ? &in_progress_[place] : nullptr;
    }

    // The same by place, which somebody must have.
    u16& requests_in_progress_at(u32 place) { return in_progress_[place]; }

    // N if there is none. One load where the cache is right; else a walk over N words.
    u32 place_of(Badge badge) const {
        if (badge == Badge::None) return N;
        u16& cached = cache_[cache_index(badge)];
        if (table_->badges[cached] == raw(badge)) return cached;
        const u32 place = static_cast<u32>(std::find(table_->badges, table_->badges + N, raw(badge)) - table_->badges);
        if (place < N) cached = static_cast<u16>(place);
        return place;
    }

    template <class Visit>
    void for_each(Visit visit) const {
        for (u32 place = 0; place < N; ++place)
            if (table_->badges[place] != 0) visit(Badge{table_->badges[place]}, std::as_const(table_->sessions[place]));
    }

private:
    static constexpr u32 kCacheBits = std::bit_width(2 * N - 1);
    static u32 cache_index(Badge badge) {
        return static_cast<u32>(raw(badge) * 0x9e37'79b9'7f4a'7c15 >> (64 - kCacheBits));
    }

    bool seen_before(u32 place) const {
        return std::find(table_->badges, table_->badges + place, table_->badges[place]) != table_->badges + place;
    }
    template <class U>
    Status save(const U& field) {
        return log_->before_change(std::as_bytes(std::span(&field, 1)));
    }
    // The check word will change at seal(); it is saved now, while an error can still be answered.
    Status mark(u32 place, bool last) {
        const auto check = std::as_bytes(std::span(&table_->checks[place], 1));
        EFT_CHECK(last ? log_->before_last_change(check) : log_->before_change(check));
        if (std::exchange(changed_in_, log_->serial()) != log_->serial()) changed_.fill(0);
        changed_[place / 64] |= u64{1} << place % 64;
        return {};
    }
    Status close_place(u32 place) {
        EFT_CHECK(save(table_->badges[place]));
        store_word(table_->badges[place], 0);
        return {};
    }

    Table* table_;
    UndoLog* log_;
    mutable std::array<u16, std::size_t{1} << kCacheBits> cache_ = {};
    std::array<u16, N> in_progress_ = {};
    // Only of the transaction changed_in_: a check word that this transaction has not saved must not be stored to.
    std::array<u64, (N + 63) / 64> changed_ = {};
    u64 changed_in_ = 0;
};

}  // namespace eft
