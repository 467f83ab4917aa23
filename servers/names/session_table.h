// The sessions that names has given out, and the badges of closed ones that their server has not been told yet.
//
// An entry is Open until its client gives it back or ends, then Closed until its server has asked. So the queue of
// closed badges needs no memory of its own. It is bounded per service: a server that never asks loses its oldest
// entries, and is told so (`incomplete`), so that no badge is forgotten silently. Ids in badges are never used
// again, hence their order is that of their making.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>
#include <cstddef>
#include <span>

namespace eft::broker {

struct SessionEntry {
    enum class State : u8 { Free, Open, Closed };
    State state = State::Free;
    u16 service = 0;           // its place in the broker's list
    u32 client = 0;            // id of the client; 0: none of the keeper's incarnations runs
    u64 badge = 0;
    Slot parent = Slot::None;  // what the client's capability is derived from; none when closed
    u32 keeper = 0;            // identity of the client whose incarnations have it in common; 0: it ends with `client`
};

class SessionTable {
public:
    static constexpr std::size_t kMaxServices = 96;
    static constexpr std::size_t kCapacity = 1024;
    static constexpr std::size_t kOpenPerClient = 64;
    static constexpr std::size_t kOpenPerService = 256;
    static constexpr std::size_t kUntoldPerService = 64;

    // LimitReached: all entries are open.
    Result<SessionEntry*> open(u16 service, u32 client, u64 badge, Slot parent);
    // Whether one more session would be within the limits.
    bool admits(u16 service, u32 client) const;
    // The entry stays until its server is told.
    void close(SessionEntry& entry);

    // Moves closed badges of the service into `told`, as many as fit; answers how many.
    std::size_t tell(u16 service, std::span<u64> told);
    // Whether the server has to compare its sessions with the open ones; asking takes the mark away.
    bool take_incomplete(u16 service);
    void mark_incomplete(u16 service) { incomplete_[service] = true; }

    // Open ones; null if there is none.
    SessionEntry* find_open(u32 client, u64 badge);
    SessionEntry* find_open(u64 badge);
    SessionEntry* find_kept(u16 service, u32 keeper);

    template <class Visit>
    void for_each_open(Visit visit) {
        for (SessionEntry& entry : entries_) {
            if (entry.state == SessionEntry::State::Open) visit(entry);
        }
    }

private:
    template <class Predicate>
    SessionEntry* first_open(Predicate predicate);
    template <class Predicate>
    SessionEntry* oldest_closed(Predicate predicate);
    SessionEntry* find_free();
    void forget(SessionEntry& entry);

    std::array<SessionEntry, kCapacity> entries_{};
    std::array<bool, kMaxServices> incomplete_{};
};

}  // namespace eft::broker
