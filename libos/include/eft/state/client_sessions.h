// The sessions of a server's clients: opened by a client's first request, kept over restarts in the state region, closed
// when names says that the client has ended.
//
// A badge is never used again and reaches its holder only, so a badge that was never seen is a new client. Each session
// has a place, 0 to N - 1, which numbers what belongs to it outside of the region: persistent slots, wake bits, memory.
//
// Opening, and whatever a server does for itself (an expiry, a completion), is a transaction without a reply; a handler
// changes sessions with edit() inside its own.
#pragma once

#include <eft/idl/names.h>
#include <eft/state/region.h>
#include <eft/state/session_table.h>

#include <array>

namespace eft {

template <class Region, class Session, u32 N>
class ClientSessions {
public:
    using View = Sessions<Session, N>;
    using Table = SessionTable<Session, N>;
    static constexpr u32 kPlaces = N;

    // `table` is the region's.
    ClientSessions(Region& region, const Table& table) : region_(region), table_(table), view_(table, region.log()) {}

    View& view() { return view_; }

    // For dispatchers: null if there is no room for another client, or the badge is none.
    Session* session(Badge badge) {
        if (const Session* known = view_.find(badge)) return const_cast<Session*>(known);
        auto transaction = region_.begin();
        const Result<Session*> opened = view_.open(badge);
        if (!opened.ok()) return nullptr;
        view_.seal();
        return transaction.commit_now().ok() ? *opened : nullptr;
    }

    u32 place_of(const Session& session) const { return static_cast<u32>(&session - table_.sessions); }
    Badge badge_at(u32 place) const { return Badge{table_.badges[place]}; }
    // Null if nobody has the place.
    const Session* at(u32 place) const { return table_.badges[place] != 0 ? &table_.sessions[place] : nullptr; }

    // Within the handler's transaction.
    Result<Session*> edit(u32 place) { return view_.edit(badge_at(place)); }

    // A transaction of its own, committed at once.
    template <class Change>
    Status change_now(u32 place, Change change) {
        auto transaction = region_.begin();
        EFT_TRY(Session * session, edit(place));
        change(*session);
        view_.seal();
        return transaction.commit_now();
    }
    Status close_now(u32 place) {
        auto transaction = region_.begin();
        EFT_CHECK(view_.close(badge_at(place)));
        view_.seal();
        return transaction.commit_now();
    }

    // Calls end(place) for each session whose client has ended; end() closes it, now or later. `broker` is a client of
    // names. What it answers is copied: end() may make calls of its own.
    template <class Names, class End>
    void close_ended(Names& broker, End end) {
        bool compare = false;
        for (;;) {
            const auto closed = broker.closed();
            if (!closed.ok()) return;
            compare |= closed->incomplete;
            if (closed->badges.empty()) break;
            std::array<u64, kAtOnce> badges{};
            const std::size_t count = std::min(closed->badges.size(), badges.size());
            std::copy_n(closed->badges.begin(), count, badges.begin());
            for (std::size_t i = 0; i < count; ++i)
                if (const Session* session = view_.find(Badge{badges[i]})) end(place_of(*session));
        }
        if (compare) end_all_but_open(broker, end);
    }

private:
    static constexpr std::size_t kAtOnce = 64;

    template <class Names, class End>
    void end_all_but_open(Names& broker, End end) {
        std::array<bool, N> open{};
        names::Badge request;
        for (;;) {
            const auto answer = broker.open(request);
            if (!answer.ok()) return;  // an unknown part of the list: nobody is closed for that
            if (answer->badges.empty()) break;
            for (const u64 badge : answer->badges)
                if (const Session* session = view_.find(Badge{badge})) open[place_of(*session)] = true;
            request.badge = answer->badges.back();
        }
        for (u32 place = 0; place < N; ++place)
            if (at(place) && !open[place]) end(place);
    }

    Region& region_;
    const Table& table_;
    View view_;
};

}  // namespace eft
