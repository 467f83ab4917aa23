// Sessions with services, by name.
//
//   EFT_TRY(auto timer, connect<timer::TimerClient<>>("timer"));
//
// names answers with a capability to the service's endpoint, if the manifest allows this process the
// service. It stays valid over restarts of the service.
#pragma once

#include <eft/cap.h>

#include <span>
#include <string_view>

namespace eft {

Result<CapHandle> connect(std::string_view service);

// The session with the service that the incarnations of this one have in common. What the server keeps in it (the last
// `once` reply, subscriptions, its own state) is there again after this one's death. The badge is the same as long as it
// is the same session: whoever repeats a `once` call after its own death compares it with the badge that it has kept.
struct KeptSession {
    CapHandle session;
    u64 badge;
};
Result<KeptSession> connect_kept(std::string_view service);

// Sessions that others have with this service. Badges of those that have ended since the last time, each told once: to be
// asked until there are none. `incomplete`: more have ended than names remembers; open_sessions() says what is left.
struct ClosedSessions {
    std::size_t count;
    bool incomplete;
};
Result<ClosedSessions> closed_sessions(std::span<u64, 64> badges);
// Badges above `above`, lowest first; how many.
Result<std::size_t> open_sessions(u64 above, std::span<u64, 64> badges);

template <class Client>
Result<Client> connect_client(std::string_view service) {
    EFT_TRY(CapHandle session, connect(service));
    return Client(std::move(session));
}

}  // namespace eft
