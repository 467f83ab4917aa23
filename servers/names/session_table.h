// The sessions that names has given out, and the badges of closed ones that their server has not been told yet.
//
// An entry is Open until its client gives it back or ends, then Closed until its server has asked. So the queue of
// closed badges needs no memory of its own. It is bounded per service: a server that never asks loses its oldest
// entries, and is told so (`incomplete`), so that forgetting a badge is never silent. Badges are never used again,
// hence their order is that of their making.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace eft::broker {

struct SessionEntry {
    enum class State : u8 { Free, Open, Closed };
    State state = State::Free;
    u16 service = 0;
    u32 client = 0;            // id of the client
    u64 badge = 0;
    Slot parent = Slot::None;  // what the client's capability is derived from; none when closed
    u32 keeper = 0;            // identity of the client whose incarnations have it in common; 0: it ends with `client`
};

template <std::size_t Capacity, std::size_t MaxServices>
class SessionTable {
public:
    static constexpr std::size_t kOpenPerClient = 64;
    static constexpr std::size_t kOpenPerService = 256;
    static constexpr std::size_t kUntoldPerService = 64;

    Result<SessionEntry*> open(u16 service, u32 client, u64 badge, Slot parent) {
        SessionEntry* entry = find_free();
        if (!entry) return Error::LimitReached;
        *entry = {SessionEntry::State::Open, service, client, badge, parent, 0};
        return entry;
    }

    // Whether one more session would be within the limits.
    bool admits(u16 service, u32 client) const {
        std::size_t of_service = 0, of_client = 0;
        for (const SessionEntry& entry : entries_) {
            if (entry.state != SessionEntry::State::Open) continue;
            of_service += entry.service == service;
            of_client += entry.client == client;
        }
        return of_service < kOpenPerService && of_client < kOpenPerClient;
    }

    // The entry stays until its server is told.
    void close(SessionEntry& entry) {
        entry.state = SessionEntry::State::Closed;
        entry.parent = Slot::None;
        std::size_t untold = 0;
        for (const SessionEntry& each : entries_) untold += is_closed(each, entry.service);
        if (untold > kUntoldPerService) forget(*oldest_closed([&](const SessionEntry& each) { return each.service == entry.service; }));
    }

    // Moves closed badges of the service into `told`, as many as fit; answers how many.
    std::size_t tell(u16 service, std::span<u64> told) {
        std::size_t count = 0;
        for (SessionEntry& entry : entries_) {
            if (count == told.size()) break;
            if (!is_closed(entry, service)) continue;
            told[count++] = entry.badge;
            entry = {};
        }
        return count;
    }
    bool take_incomplete(u16 service) { return std::exchange(incomplete_[service], false); }
    void mark_incomplete(u16 service) { incomplete_[service] = true; }

    SessionEntry* find_open(u32 client, u64 badge) {
        for (SessionEntry& entry : entries_) {
            if (entry.state == SessionEntry::State::Open && entry.client == client && entry.badge == badge) return &entry;
        }
        return nullptr;
    }

    SessionEntry* find_kept(u16 service, u32 keeper) {
        for (SessionEntry& entry : entries_) {
            if (entry.state == SessionEntry::State::Open && entry.keeper == keeper && keeper != 0 && entry.service == service) return &entry;
        }
        return nullptr;
    }

    SessionEntry* find_open(u64 badge) {
        for (SessionEntry& entry : entries_) {
            if (entry.state == SessionEntry::State::Open && entry.badge == badge) return &entry;
        }
        return nullptr;
    }

    template <class Visit>
    void for_each_open(Visit visit) {
        for (SessionEntry& entry : entries_) {
            if (entry.state == SessionEntry::State::Open) visit(entry);
        }
    }

private:
    static bool is_closed(const SessionEntry& entry, u16 service) {
        return entry.state == SessionEntry::State::Closed && entry.service == service;
    }

    template <class Predicate>
    SessionEntry* oldest_closed(Predicate predicate) {
        SessionEntry* oldest = nullptr;
        for (SessionEntry& entry : entries_) {
            if (entry.state != SessionEntry::State::Closed || !predicate(entry)) continue;
            if (!oldest || entry.badge < oldest->badge) oldest = &entry;
        }
        return oldest;
    }

    void forget(SessionEntry& entry) {
        incomplete_[entry.service] = true;
        entry = {};
    }

    // Where all entries are in use, one that only waits to be told makes room: living sessions come first.
    SessionEntry* find_free() {
        for (SessionEntry& entry : entries_) {
            if (entry.state == SessionEntry::State::Free) return &entry;
        }
        SessionEntry* oldest = oldest_closed([](const SessionEntry&) { return true; });
        if (oldest) forget(*oldest);
        return oldest;
    }

    std::array<SessionEntry, Capacity> entries_{};
    std::array<bool, MaxServices> incomplete_{};
};

}  // namespace eft::broker
