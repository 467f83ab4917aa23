#include "session_table.h"

#include <eft/ipc/session_kind.h>

#include <utility>

namespace eft::broker {
namespace {

bool is_closed(const SessionEntry& entry, u16 service) { return entry.state == SessionEntry::State::Closed && entry.service == service; }

}  // namespace

template <class Predicate>
SessionEntry* SessionTable::first_open(Predicate predicate) {
    for (SessionEntry& entry : entries_) {
        if (entry.state == SessionEntry::State::Open && predicate(entry)) return &entry;
    }
    return nullptr;
}

template <class Predicate>
SessionEntry* SessionTable::oldest_closed(Predicate predicate) {
    SessionEntry* oldest = nullptr;
    for (SessionEntry& entry : entries_) {
        if (entry.state != SessionEntry::State::Closed || !predicate(entry)) continue;
        if (!oldest || ipc::session_id(Badge{entry.badge}) < ipc::session_id(Badge{oldest->badge})) oldest = &entry;
    }
    return oldest;
}

void SessionTable::forget(SessionEntry& entry) {
    incomplete_[entry.service] = true;
    entry = {};
}

// Where all entries are in use, the oldest closed one makes room: open sessions come first.
SessionEntry* SessionTable::find_free() {
    for (SessionEntry& entry : entries_) {
        if (entry.state == SessionEntry::State::Free) return &entry;
    }
    SessionEntry* oldest = oldest_closed([](const SessionEntry&) { return true; });
    if (oldest) forget(*oldest);
    return oldest;
}

Result<SessionEntry*> SessionTable::open(u16 service, u32 client, u64 badge, Slot parent) {
    SessionEntry* entry = find_free();
    if (!entry) return Error::LimitReached;
    *entry = {SessionEntry::State::Open, service, client, badge, parent, 0};
    return entry;
}

bool SessionTable::admits(u16 service, u32 client) const {
    std::size_t of_service = 0, of_client = 0;
    for (const SessionEntry& entry : entries_) {
        if (entry.state != SessionEntry::State::Open) continue;
        of_service += entry.service == service;
        of_client += entry.client == client;
    }
    return of_service < kOpenPerService && of_client < kOpenPerClient;
}

void SessionTable::close(SessionEntry& entry) {
    entry.state = SessionEntry::State::Closed;
    entry.parent = Slot::None;
    std::size_t untold = 0;
    for (const SessionEntry& each : entries_) untold += is_closed(each, entry.service);
    if (untold > kUntoldPerService) forget(*oldest_closed([&](const SessionEntry& each) { return each.service == entry.service; }));
}

std::size_t SessionTable::tell(u16 service, std::span<u64> told) {
    std::size_t count = 0;
    for (SessionEntry& entry : entries_) {
        if (count == told.size()) break;
        if (!is_closed(entry, service)) continue;
        told[count++] = entry.badge;
        entry = {};
    }
    return count;
}

bool SessionTable::take_incomplete(u16 service) { return std::exchange(incomplete_[service], false); }

SessionEntry* SessionTable::find_open(u32 client, u64 badge) {
    return first_open([&](const SessionEntry& entry) { return entry.client == client && entry.badge == badge; });
}

SessionEntry* SessionTable::find_open(u64 badge) {
    return first_open([&](const SessionEntry& entry) { return entry.badge == badge; });
}

SessionEntry* SessionTable::find_kept(u16 service, u32 keeper) {
    return first_open([&](const SessionEntry& entry) { return keeper != 0 && entry.keeper == keeper && entry.service == service; });
}

}  // namespace eft::broker
