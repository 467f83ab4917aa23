#include "session_table.h"

#include <eft/ipc/session_kind.h>

namespace eft::broker {
namespace {

bool is_closed(const SessionEntry& entry, u16 service) { return entry.state == SessionEntry::State::Closed && entry.service == service; }

}  // namespace

template <class Predicate>
const SessionEntry* SessionTable::first_open(Predicate predicate) const {
    for (const SessionEntry& entry : used()) {
        if (entry.state == SessionEntry::State::Open && predicate(entry)) return &entry;
    }
    return nullptr;
}

template <class Predicate>
const SessionEntry* SessionTable::oldest_closed(Predicate predicate) const {
    const SessionEntry* oldest = nullptr;
    for (const SessionEntry& entry : used()) {
        if (entry.state != SessionEntry::State::Closed || !predicate(entry)) continue;
        if (!oldest || ipc::session_id(Badge{entry.badge}) < ipc::session_id(Badge{oldest->badge})) oldest = &entry;
    }
    return oldest;
}

Status SessionTable::forget(Transaction& change, const SessionEntry& entry) {
    EFT_CHECK(mark_incomplete(change, entry.service));
    return change.write(entry, {});
}

// Where all entries are in use, the oldest closed one makes room: open sessions come first. One that is Opening was not
// opened in the end: there is one request at a time.
Result<const SessionEntry*> SessionTable::make_room(Transaction& change) {
    for (const SessionEntry& entry : used()) {
        if (entry.state == SessionEntry::State::Free || entry.state == SessionEntry::State::Opening) return &entry;
    }
    if (records_.end != SessionRecords::kCapacity) {
        const SessionEntry& fresh = records_.entries[records_.end];
        EFT_CHECK(change.write(records_.end, records_.end + 1));
        return &fresh;
    }
    const SessionEntry* oldest = oldest_closed([](const SessionEntry&) { return true; });
    if (!oldest) return Error::LimitReached;
    EFT_CHECK(forget(change, *oldest));
    return oldest;
}

bool SessionTable::admits(u16 service, u32 client) const {
    std::size_t of_service = 0, of_client = 0;
    for (const SessionEntry& entry : used()) {
        if (entry.state != SessionEntry::State::Open) continue;
        of_service += entry.service == service;
        of_client += entry.client == client;
    }
    return of_service < kOpenPerService && of_client < kOpenPerClient;
}

Status SessionTable::close(Transaction& change, const SessionEntry& entry) {
    EFT_CHECK(change.write(entry.state, SessionEntry::State::Closed));
    std::size_t untold = 0;
    for (const SessionEntry& each : used()) untold += is_closed(each, entry.service);
    if (untold <= kUntoldPerService) return {};
    return forget(change, *oldest_closed([&](const SessionEntry& each) { return each.service == entry.service; }));
}

Result<std::size_t> SessionTable::tell(Transaction& change, u16 service, std::span<u64> told) {
    std::size_t count = 0;
    for (const SessionEntry& entry : used()) {
        if (count == told.size()) break;
        if (!is_closed(entry, service)) continue;
        told[count++] = entry.badge;
        EFT_CHECK(change.write(entry, {}));
    }
    return count;
}

Result<bool> SessionTable::take_incomplete(Transaction& change, u16 service) {
    if (!records_.incomplete[service]) return false;
    EFT_CHECK(change.write(records_.incomplete[service], false));
    return true;
}

const SessionEntry* SessionTable::find_open(u32 client, u64 badge) const {
    return first_open([&](const SessionEntry& entry) { return entry.client == client && entry.badge == badge; });
}

const SessionEntry* SessionTable::find_open(u64 badge) const {
    return first_open([&](const SessionEntry& entry) { return entry.badge == badge; });
}

const SessionEntry* SessionTable::find_kept(u16 service, u32 keeper) const {
    return first_open([&](const SessionEntry& entry) { return keeper != 0 && entry.keeper == keeper && entry.service == service; });
}

}  // namespace eft::broker
