#include <eft/session.h>

#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>

#include <algorithm>

namespace eft {

namespace {

// The client must not delete the well-known slot: a copy would cost a slot for nothing.
names::NamesClient<>& broker() {
    static EFT_PROCESS_LOCAL names::NamesClient<> client{CapHandle(slot(WellKnown::Names))};
    return client;
}

names::ServiceName named(std::string_view service) {
    names::ServiceName request;
    request.name = service;
    return request;
}

// A process that may connect to nothing has no session with names.
Result<names::Session> asked_for(Result<names::Session> session) {
    if (session.error() == Error::InvalidCapability) return Error::PermissionDenied;
    return session;
}

std::size_t copy(std::span<const u64> from, std::span<u64, 64> to) {
    static_assert(names::Badges::kBadgesMax == 64);
    std::copy(from.begin(), from.end(), to.begin());
    return from.size();
}

}  // namespace

Result<CapHandle> connect(std::string_view service) {
    EFT_TRY(names::Session session, asked_for(broker().connect(named(service))));
    return CapHandle(session.session.release());
}

Result<KeptSession> connect_kept(std::string_view service) {
    EFT_TRY(names::Session session, asked_for(broker().keep(named(service))));
    return KeptSession{CapHandle(session.session.release()), session.badge};
}

Result<ClosedSessions> closed_sessions(std::span<u64, 64> badges) {
    EFT_TRY(const names::Badges closed, broker().closed());
    return ClosedSessions{copy(closed.badges, badges), closed.incomplete};
}

Result<std::size_t> open_sessions(u64 above, std::span<u64, 64> badges) {
    names::Badge request;
    request.badge = above;
    EFT_TRY(const names::Badges open, broker().open(request));
    return copy(open.badges, badges);
}

}  // namespace eft
