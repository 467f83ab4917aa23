#include "broker.h"

#include "word_list.h"

#include <eft/cap.h>
#include <eft/syscall.h>

namespace eft::broker {
namespace {

// A capability to the endpoint that can only send, with this badge.
Result<CapHandle> make_session(Slot endpoint, u64 badge) { return copy_capability(endpoint, bits(EndpointRight::Send), badge); }

}  // namespace

Status Broker::publish(ipc::Context&, names::Publication&& request) {
    if (request.name.empty() || request.name.find(' ') != request.name.npos) return Error::InvalidArgument;
    if (find_service(request.name)) return Error::AlreadyExists;
    if (service_count_ == kMaxServices) return Error::LimitReached;
    Service& service = services_[service_count_++];
    service.name = FixedText<names::Publication::kNameMax>(request.name);
    service.endpoint = request.endpoint.release();
    service.wake = request.wake.release();
    return {};
}

Result<names::Admitted> Broker::admit(ipc::Context&, names::Client&& request) {
    Client* client = find_client(0);
    if (!client) return Error::LimitReached;
    for (const Client& each : clients_) {
        if (each.id != 0 && request.identity != 0 && each.identity == request.identity) return Error::AlreadyExists;
    }
    EFT_TRY(CapHandle session, make_session(endpoint_, raw(names::Names::badge_of(names::Names::SessionKind::Client, next_client_))));
    client->id = next_client_++;
    client->session = session.release();
    client->allowed = FixedText<names::Client::kAllowedMax>(request.allowed);
    client->provides = FixedText<names::Client::kProvidesMax>(request.provides);
    client->identity = request.identity;
    sessions_.for_each_open([&](SessionEntry& kept) {
        if (kept.keeper != 0 && kept.keeper == client->identity) kept.client = client->id;
    });
    expect_comparison(*client);
    names::Admitted admitted;
    admitted.session = ipc::CapField<ipc::kind::EndpointOf<names::Names>>(client->session);
    admitted.id = client->id;
    return admitted;
}

Status Broker::dismiss(ipc::Context&, names::ClientId&& request) {
    Client* client = request.id != 0 ? find_client(request.id) : nullptr;
    if (!client) return Error::NotFound;
    sessions_.for_each_open([&](SessionEntry& session) {
        if (session.client != client->id) return;
        if (session.keeper == 0) return close(session);
        revoke_copies(session.parent);
        session.client = 0;
    });
    revoke_slot(client->session);
    *client = {};
    return {};
}

Result<names::Session> Broker::connect(ipc::Context& context, names::ServiceName&& request) {
    EFT_TRY(Client * client, caller(context));
    EFT_TRY(const Allowed allowed, allowed_service(*client, request.name));
    EFT_TRY(SessionEntry * session, open_session(*client, allowed));
    return answer_with(*session);
}

Result<names::Session> Broker::keep(ipc::Context& context, names::ServiceName&& request) {
    EFT_TRY(Client * client, caller(context));
    if (client->identity == 0) return Error::PermissionDenied;
    EFT_TRY(const Allowed allowed, allowed_service(*client, request.name));
    if (const SessionEntry* kept = sessions_.find_kept(allowed.service, client->identity)) return answer_with(*kept);
    EFT_TRY(SessionEntry * session, open_session(*client, allowed));
    session->keeper = client->identity;
    return answer_with(*session);
}

Status Broker::disconnect(ipc::Context& context, names::Badge&& request) {
    EFT_TRY(Client * client, caller(context));
    if (SessionEntry* session = sessions_.find_open(client->id, request.badge)) close(*session);
    return {};  // a repeated request finds it closed already
}

Result<names::Badges> Broker::closed(ipc::Context& context, Empty&&) {
    EFT_TRY(Client * client, caller(context));
    std::size_t count = 0;
    names::Badges answer;
    for (u16 index = 0; index < service_count_; ++index) {
        if (!provides(*client, services_[index])) continue;
        count += sessions_.tell(index, std::span(badges_).subspan(count));
        if (sessions_.take_incomplete(index)) answer.incomplete = true;
    }
    answer.badges = std::span(badges_).first(count);
    return answer;
}

Result<names::Badges> Broker::open(ipc::Context& context, names::Badge&& request) {
    EFT_TRY(Client * client, caller(context));
    std::size_t count = 0;
    sessions_.for_each_open([&](const SessionEntry& session) {
        if (session.badge <= request.badge || !provides(*client, services_[session.service])) return;
        count = insert_sorted(session.badge, count);
    });
    names::Badges answer;
    answer.badges = std::span(badges_).first(count);
    return answer;
}

Result<names::ClientId> Broker::holder(ipc::Context&, names::ServedSession&& request) {
    const SessionEntry* session = find_served(request);
    if (!session || session->client == 0) return Error::NotFound;
    names::ClientId answer;
    answer.id = session->client;
    return answer;
}

// A repeated request finds the session closed already.
Status Broker::expel(ipc::Context&, names::ServedSession&& request) {
    SessionEntry* found = find_served(request);
    if (!found) return {};
    const u32 holder = found->client;
    if (holder == 0) {
        close(*found);
        return {};
    }
    const u16 service = found->service;
    if (Client* client = find_client(holder)) client->expelled[service] = true;
    sessions_.for_each_open([&](SessionEntry& session) {
        if (session.client == holder && session.service == service) close(session);
    });
    return {};
}

Result<Broker::Allowed> Broker::allowed_service(const Client& client, std::string_view name) {
    const auto kind = number_of(client.allowed.view(), name);
    if (!kind) return Error::PermissionDenied;
    const Service* service = find_service(name);
    if (!service) return Error::NotFound;
    const u16 index = static_cast<u16>(service - services_.data());
    if (client.expelled[index]) return Error::ServiceFailed;
    return Allowed{index, *kind};
}

Result<SessionEntry*> Broker::open_session(const Client& client, Allowed allowed) {
    if (!sessions_.admits(allowed.service, client.id)) return Error::LimitReached;
    const u64 badge = raw(ipc::badge_of(allowed.kind, next_badge_));
    EFT_TRY(CapHandle parent, make_session(services_[allowed.service].endpoint, badge));
    EFT_TRY(SessionEntry * entry, sessions_.open(allowed.service, client.id, badge, parent.slot()));
    static_cast<void>(parent.release());
    ++next_badge_;
    return entry;
}

names::Session Broker::answer_with(const SessionEntry& entry) {
    names::Session session;
    session.session = ipc::CapField<ipc::kind::Endpoint>(entry.parent);
    session.badge = entry.badge;
    return session;
}

Broker::Service* Broker::find_service(std::string_view name) {
    for (std::size_t i = 0; i < service_count_; ++i) {
        if (services_[i].name.view() == name) return &services_[i];
    }
    return nullptr;
}

// StaleSession: it has ended.
Result<Broker::Client*> Broker::caller(const ipc::Context& context) {
    const u64 id = ipc::session_id(context.badge());
    if (Client* client = id != 0 ? find_client(id) : nullptr) return client;
    return Error::StaleSession;
}

// 0 finds a free place.
Broker::Client* Broker::find_client(u64 id) {
    for (Client& client : clients_) {
        if (client.id == id) return &client;
    }
    return nullptr;
}

SessionEntry* Broker::find_served(const names::ServedSession& request) {
    SessionEntry* found = sessions_.find_open(request.badge);
    return found && contains_word(request.provides, services_[found->service].name.view()) ? found : nullptr;
}

bool Broker::provides(const Client& client, const Service& service) { return contains_word(client.provides.view(), service.name.view()); }

void Broker::close(SessionEntry& session) {
    revoke_slot(session.parent);
    const Slot wake = services_[session.service].wake;
    sessions_.close(session);
    sys::signal(wake);
}

// The incarnation before may have died between being told a badge and acting on it.
void Broker::expect_comparison(const Client& client) {
    for (u16 index = 0; index < service_count_; ++index) {
        Service& service = services_[index];
        if (!provides(client, service)) continue;
        if (service.was_provided) {
            sessions_.mark_incomplete(index);
            sys::signal(service.wake);
        }
        service.was_provided = true;
    }
}

// Keeps the lowest ones.
std::size_t Broker::insert_sorted(u64 badge, std::size_t count) {
    std::size_t at = count;
    while (at > 0 && badges_[at - 1] > badge) --at;
    if (at == badges_.size()) return count;
    const std::size_t last = std::min(count, badges_.size() - 1);
    for (std::size_t i = last; i > at; --i) badges_[i] = badges_[i - 1];
    badges_[at] = badge;
    return std::min(count + 1, badges_.size());
}

}  // namespace eft::broker
