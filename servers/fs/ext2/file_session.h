// What the file server keeps for one client, in this incarnation: what is open, the ring, requests in progress.
//
// Sessions lie in a fixed table. Handlers hold references to them while they wait, so a session that was closed keeps
// its place, and its memory mapped, until the last of its requests has ended; then reclaim() frees both.
#pragma once

#include "fs/ext2/inode.h"

#include <eft/idl/file.h>

#include <array>
#include <optional>

namespace eft::ext2 {

constexpr u32 kMaxHandles = 32;
constexpr u32 kMaxSessions = 16;

// Share: the client's ring and area, mapped here, and how to wake the client; it lets go when it is destroyed.
template <class Share>
struct FileSession {
    Badge badge = Badge::None;  // None: the place is free
    bool closed = false;
    Error refused = Error::None;  // every further request is answered with this
    unsigned calls_in_progress = 0;
    std::array<std::optional<Inode>, kMaxHandles> open;
    std::optional<Share> share;
    std::optional<file::File::RingConsumer> ring;

    unsigned& requests_in_progress() { return calls_in_progress; }
    bool idle() const { return calls_in_progress == 0 && (!ring || ring->in_progress() == 0); }

    void drop_ring() {
        ring.reset();
        share.reset();
    }
    void clear() {
        drop_ring();
        for (auto& inode : open) inode.reset();
        badge = Badge::None;
        closed = false;
        refused = Error::None;
    }
};

template <class Share>
class FileSessions {
public:
    using Session = FileSession<Share>;

    // The session of a badge, made if there is none: names gives a badge to one client only, and never twice. Where no
    // place is free it is a session that refuses everything.
    Session* find_or_make(Badge badge) {
        if (badge == Badge::None) return nullptr;
        if (Session* known = find(badge)) return known;
        for (Session& session : sessions_) {
            if (session.badge != Badge::None) continue;
            session.badge = badge;
            return &session;
        }
        overflow_.refused = Error::LimitReached;
        return &overflow_;
    }
    Session* find(Badge badge) {
        for (Session& session : sessions_)
            if (session.badge == badge && badge != Badge::None) return &session;
        return nullptr;
    }
    // The session of a fixed place, for the badge that had it in an earlier incarnation.
    Session& restore(u32 place, Badge badge) {
        sessions_[place].badge = badge;
        return sessions_[place];
    }
    u32 place_of(const Session& session) const { return static_cast<u32>(&session - sessions_.data()); }

    void close(Badge badge) {
        if (Session* session = find(badge)) session->closed = true;
    }
    // `forget(place)` is told of each session that is over.
    template <class Forget>
    void reclaim(Forget forget) {
        for (Session& session : sessions_) {
            if (!session.closed || !session.idle()) continue;
            session.clear();
            forget(place_of(session));
        }
    }

    template <class Visit>
    void for_each(Visit visit) {
        for (Session& session : sessions_)
            if (session.badge != Badge::None) visit(session);
    }

private:
    std::array<Session, kMaxSessions> sessions_;
    Session overflow_;
};

}  // namespace eft::ext2
