// The sessions that names has given out, and the badges of closed ones that their server has not been told yet.
//
//   Free --> Opening --> Open --> Closing --> Closed --> Free
//               |                                          ^
//               +------------------------------------------+
// Opening and Closing are intents (broker.h). An entry is Closed until its server has asked. So the queue of closed badges
// needs no memory of its own. It is bounded per service: a server that never asks loses its oldest entries, and is told
// so (`incomplete`), so that no badge is forgotten silently. Ids in badges are never used again, hence their order is that
// of their making.
#pragma once

#include <eft/abi/types.h>
#include <eft/state/region.h>

#include <array>
#include <cstddef>
#include <span>

namespace eft::broker {

constexpr std::size_t kMaxServices = 96;

struct SessionEntry {
    enum class State : u8 { Free, Opening, Open, Closing, Closed };
    u64 badge = 0;
    u32 client = 0;  // id of the client; 0: none of the keeper's incarnations runs
    u32 keeper = 0;  // identity of the client whose incarnations have it in common; 0: it ends with `client`
    u16 service = 0;  // its place in the broker's list
    State state = State::Free;
};

// A part of names' state region.
struct SessionRecords {
    static constexpr std::size_t kCapacity = 1024;
    std::array<SessionEntry, kCapacity> entries{};
    std::array<bool, kMaxServices> incomplete{};
    u32 end = 0;  // the entries from here on were never used
};

// What changes them does so in the caller's transaction, and has its errors.
class SessionTable {
public:
    static constexpr std::size_t kOpenPerClient = 64;
    static constexpr std::size_t kOpenPerService = 256;
    static constexpr std::size_t kUntoldPerService = 64;

    explicit SessionTable(const SessionRecords& records) : records_(records) {}

    // Whether one more session would be within the limits.
    bool admits(u16 service, u32 client) const;
    // A place for another one, Free or Opening. LimitReached: all are open.
    Result<const SessionEntry*> make_room(Transaction& change);
    // The entry stays until its server is told.
    Status close(Transaction& change, const SessionEntry& entry);

    // Moves closed badges of the service into `told`, as many as fit; answers how many.
    Result<std::size_t> tell(Transaction& change, u16 service, std::span<u64> told);
    // Whether the server has to compare its sessions with the open ones; asking takes the mark away.
    Result<bool> take_incomplete(Transaction& change, u16 service);
    Status mark_incomplete(Transaction& change, u16 service) { return change.write(records_.incomplete[service], true); }

    // Open ones; null if there is none.
    const SessionEntry* find_open(u32 client, u64 badge) const;
    const SessionEntry* find_open(u64 badge) const;
    const SessionEntry* find_kept(u16 service, u32 keeper) const;

    u32 place_of(const SessionEntry& entry) const { return static_cast<u32>(&entry - records_.entries.data()); }
    // Until `visit` answers an error.
    template <class Visit>
    Status for_each(SessionEntry::State state, Visit visit) const {
        for (const SessionEntry& entry : used()) {
            if (entry.state == state) EFT_CHECK(visit(entry));
        }
        return {};
    }

private:
    std::span<const SessionEntry> used() const { return std::span(records_.entries).first(records_.end); }
    template <class Predicate>
    const SessionEntry* first_open(Predicate predicate) const;
    template <class Predicate>
    const SessionEntry* oldest_closed(Predicate predicate) const;
    Status forget(Transaction& change, const SessionEntry& entry);

    const SessionRecords& records_;
};

}  // namespace eft::broker
