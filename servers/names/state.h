// What names knows, in its state region, and the persistent slots of what belongs to it.
#pragma once

#include "session_table.h"

#include <eft/idl/names.h>
#include <eft/state/region.h>
#include <eft/text.h>

namespace eft::broker {

constexpr std::size_t kMaxClients = 96;

struct Service {
    FixedText<names::Publication::kNameMax> name;
    bool was_provided = false;  // by an incarnation before the next one
};

struct Client {
    u32 id = 0;  // 0: free. Never used again
    u32 identity = 0;
    FixedText<names::Client::kAllowedMax> allowed;
    FixedText<names::Client::kProvidesMax> provides;
    std::array<bool, kMaxServices> expelled{};
};

struct State {
    u64 next_badge = 1;
    u32 next_client = 1;
    u32 service_count = 0;
    std::array<Service, kMaxServices> services{};
    std::array<Client, kMaxClients> clients{};
    SessionRecords sessions;
};

constexpr u32 kStateVersion = 1;
// The largest changes are those of 64 sessions at once.
using Region = StateRegion<State, 8192 - sizeof(RegionHeader)>;

// Numbers of persistent slots (<eft/session_slots.h>).
constexpr u32 endpoint_slot(std::size_t service) { return static_cast<u32>(service); }
// Signalled when a session with the service is closed.
constexpr u32 wake_slot(std::size_t service) { return static_cast<u32>(kMaxServices + service); }
// Of the client's own session with names.
constexpr u32 client_slot(std::size_t client) { return static_cast<u32>(2 * kMaxServices + client); }
// What the client's capability is derived from.
constexpr u32 session_slot(std::size_t session) { return static_cast<u32>(2 * kMaxServices + kMaxClients + session); }
constexpr u32 kPersistentSlots = session_slot(SessionRecords::kCapacity);

}  // namespace eft::broker
