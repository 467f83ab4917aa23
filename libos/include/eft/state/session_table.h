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

#include <bit>
#include <type_traits>
#include <utility>

namespace eft {

// The check word of a session's bytes at a place.
inline u64 session_check(std::span<const std::byte> session, u32 place, u64 badge) { return check_of(session, mix_check(place + 1, badge)); }

constexpr u32 kMostSessions = 4096;

template <class Session, u32 N>
struct SessionTable {
    static_assert(std::is_trivially_copyable_v<Session> && N > 0 && N <= kMostSessions);

    u64 badges[N] = {};
    u64 checks[N] = {};
    Session sessions[N] = {};

    u64 computed_check(u32 place) const {
        return session_check(std::as_bytes(std::span(&sessions[place], 1)), place, badges[place]);
    }
};

// The view of sessions of whatever type (src/session_table.cc).
class AnySessions {
public:
    AnySessions(const AnySessions&) = delete;
    AnySessions& operator=(const AnySessions&) = delete;

    // After the region's recovery, before the first request: drops every session whose check is wrong, or whose badge
    // occurs a second time. Answers how many.
    Result<u32> restore() {
        return restore([](void*, u32) { return true; }, [](void*, Badge) {}, nullptr);
    }

    // The following need an open transaction. Any error but those named leaves it to be aborted.

    // Bytes in the region are about to be changed by somebody who does not know what they belong to: the dispatcher, in
    // the record of the last `once` reply. Uses what the log keeps back.
    Status note_change(std::span<const std::byte> bytes);
    // StaleSession: no such badge.
    Status close(Badge badge);
    // A part of the session of this place is about to be changed, at will until seal().
    Status save_part(u32 place, std::span<const std::byte> part);

    // Before the commit: renews the check words of what was changed.
    void seal() {
        if (changed_in_ == log_->serial()) renew_checks();
    }

    // The log bytes that before_change() of a whole session may take; see UndoLog::reserve.
    std::size_t reserve() const { return UndoLog::entry_bytes(bytes_) + UndoLog::entry_bytes(sizeof(u64)); }

    // Of a place, 0: nobody has it.
    u64 badge_at(u32 place) const { return badges_[place]; }
    std::byte* bytes_at(u32 place) const { return sessions_ + place * bytes_; }
    // The number of places if there is none. Walks over all.
    u32 search(Badge badge) const;
    // Requests of this session that this incarnation has begun and not answered.
    u16& requests_in_progress_at(u32 place) { return in_progress_[place]; }

protected:
    // The memory is the derived object's: nothing of it is touched yet.
    struct Own {
        u16* in_progress;  // by place
        u64* changed;      // a bit per place
    };
    AnySessions(u64* badges, u64* checks, std::byte* sessions, u32 bytes, u32 count, UndoLog& log, Own own)
        : badges_(badges), checks_(checks), sessions_(sessions), log_(&log), in_progress_(own.in_progress), changed_(own.changed), bytes_(bytes), count_(count) {}

    // Also those for which `valid` is false; `dropped` is told.
    Result<u32> restore(bool (*valid)(void* context, u32 place), void (*dropped)(void* context, Badge), void* context);
    // The place. InvalidArgument: badge 0. AlreadyExists. LimitReached: the table, or the log, is full.
    Result<u32> open(Badge badge, const std::byte* initial);
    // The place of the session, saved.
    Result<u32> edit_place(Badge badge);

private:
    void renew_checks();
    bool seen_before(u32 place) const;
    Status save(const u64& word) { return log_->before_change(std::as_bytes(std::span(&word, 1))); }
    Status save_session(u32 place) { return log_->before_change({bytes_at(place), bytes_}); }
    u64 computed_check(u32 place) const { return session_check({bytes_at(place), bytes_}, place, badges_[place]); }
    Status mark(u32 place, bool last);
    Status close_place(u32 place);

    u64* badges_;
    u64* checks_;
    std::byte* sessions_;
    UndoLog* log_;
    u16* in_progress_;
    // Only of the transaction changed_in_: a check word that this transaction has not saved must not be stored to.
    u64* changed_;
    u64 changed_in_ = 0;
    u32 bytes_;
    u32 count_;
};

template <class Session, u32 N>
class Sessions : public AnySessions {
public:
    using Table = SessionTable<Session, N>;

    // `table` lies in the region of `log`.
    Sessions(const Table& table, UndoLog& log) : Sessions(const_cast<Table&>(table), log) {}

    using AnySessions::restore;
    // `valid(const Session&)` false: it is dropped, too. `dropped(Badge)` is told of each.
    template <class Valid, class Dropped>
    Result<u32> restore(Valid valid, Dropped dropped) {
        struct Context {
            Sessions& self;
            Valid& valid;
            Dropped& dropped;
        } context{*this, valid, dropped};
        return AnySessions::restore([](void* all, u32 place) { return static_cast<Context*>(all)->valid(std::as_const(static_cast<Context*>(all)->self.table_->sessions[place])); },
                                    [](void* all, Badge badge) { static_cast<Context*>(all)->dropped(badge); }, &context);
    }

    const Session* find(Badge badge) const {
        const u32 place = place_of(badge);
        return place < N ? &table_->sessions[place] : nullptr;
    }

    // See AnySessions.
    Result<Session*> open(Badge badge, const Session& initial = {}) {
        EFT_TRY(const u32 place, AnySessions::open(badge, reinterpret_cast<const std::byte*>(&initial)));
        return &table_->sessions[place];
    }
    // The session, saved, to be changed at will until seal(). StaleSession: no such badge.
    Result<Session*> edit(Badge badge) {
        EFT_TRY(const u32 place, edit_place(badge));
        return &table_->sessions[place];
    }
    // A part of the session of this place, saved, to be changed at will until seal().
    template <class U>
    Result<U*> edit_part(u32 place, const U& part) {
        EFT_CHECK(save_part(place, std::as_bytes(std::span(&part, 1))));
        return const_cast<U*>(&part);
    }

    // Requests of this session that this incarnation has begun and not answered. A badge without session has none to
    // count: null.
    u16* requests_in_progress(Badge badge) {
        const u32 place = place_of(badge);
        return place < N ? &in_progress_[place] : nullptr;
    }

    // N if there is none. One load where the cache is right; else a walk over N words.
    u32 place_of(Badge badge) const {
        if (badge == Badge::None) return N;
        u16& cached = cache_[cache_index(badge)];
        if (table_->badges[cached] == raw(badge)) [[likely]]
            return cached;
        const u32 place = search(badge);
        if (place < N) cached = static_cast<u16>(place);
        return place;
    }

    template <class Visit>
    void for_each(Visit visit) const {
        for (u32 place = 0; place < N; ++place)
            if (table_->badges[place] != 0) visit(Badge{table_->badges[place]}, std::as_const(table_->sessions[place]));
    }

private:
    Sessions(Table& table, UndoLog& log)
        : AnySessions(table.badges, table.checks, reinterpret_cast<std::byte*>(table.sessions), sizeof(Session), N, log, {in_progress_, changed_}), table_(&table) {}

    static constexpr u32 kCacheBits = std::bit_width(2 * N - 1);
    static u32 cache_index(Badge badge) {
        return static_cast<u32>(raw(badge) * 0x9e37'79b9'7f4a'7c15 >> (64 - kCacheBits));
    }

    Table* table_;
    mutable u16 cache_[std::size_t{1} << kCacheBits] = {};
    u16 in_progress_[N] = {};
    u64 changed_[(N + 63) / 64] = {};
};

}  // namespace eft
