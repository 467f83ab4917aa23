#include "broker.h"

#include "word_list.h"

#include <eft/cap.h>
#include <eft/invoke.h>
#include <eft/syscall.h>

namespace eft::broker {

Status Broker::recover(u64 replies_delivered) {
    const RecoveryOutcome outcome = region_.recover(replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) return Error::BadFormat;
    if (outcome == RecoveryOutcome::Fresh) return {};
    if (const std::size_t next = region_->service_count; next < kMaxServices) {  // 2
        slots_.remove(endpoint_slot(next));
        slots_.remove(wake_slot(next));
    }
    for (const Client& client : region_->clients) {
        if (client.id == 0) end_session(slot_of(client));  // 2
    }
    Transaction change = region_.begin();
    EFT_CHECK(sessions_.for_each(SessionState::Opening, [&](const SessionEntry& entry) {  // 3, 4
        end_session(session_slot(sessions_.place_of(entry)));
        return change.write(entry, {});
    }));
    EFT_CHECK(change.commit_now());
    return finish_closing();  // 5
}

Status Broker::publish(ipc::Context&, names::Publication&& request) {
    if (request.name.empty() || request.name.find(' ') != request.name.npos) return Error::InvalidArgument;
    if (find_service(request.name)) return Error::AlreadyExists;
    const u32 place = region_->service_count;
    if (place == kMaxServices) return Error::LimitReached;
    EFT_CHECK(slots_.keep(endpoint_slot(place), request.endpoint.slot()));  // 2
    static_cast<void>(request.endpoint.release());
    EFT_CHECK(slots_.keep(wake_slot(place), request.wake.slot()));
    static_cast<void>(request.wake.release());
    Transaction change = region_.begin();
    EFT_TRY(Service * service, change.edit(region_->services[place]));
    *service = {.name = request.name};
    EFT_CHECK(change.write(region_->service_count, place + 1));
    return change.commit_with_reply();
}

Result<names::Admitted> Broker::admit(ipc::Context&, names::Client&& request) {
    const Client* place = find_client(0);
    if (!place) return Error::LimitReached;
    if (find_identity(request.identity)) return Error::AlreadyExists;
    const u32 id = region_->next_client;
    EFT_CHECK(make_session(slot_of(*place), endpoint_, raw(names::Names::badge_of(names::Names::SessionKind::Client, id))));  // 2
    Transaction change = region_.begin();
    EFT_CHECK(change.write(region_->next_client, id + 1));
    EFT_TRY(Client * client, change.edit(*place));
    *client = {.id = id, .identity = request.identity, .allowed = request.allowed, .provides = request.provides};
    EFT_CHECK(sessions_.for_each(SessionState::Open, [&](const SessionEntry& kept) {
        return kept.keeper != 0 && kept.keeper == request.identity ? change.write(kept.client, id) : Status();
    }));
    EFT_CHECK(expect_comparison(change, *client));
    EFT_CHECK(change.commit_with_reply());
    names::Admitted admitted;
    admitted.session = ipc::CapField<ipc::kind::EndpointOf<names::Names>>(slots_.at(slot_of(*place)));
    admitted.id = id;
    return admitted;
}

Status Broker::dismiss(ipc::Context&, names::ClientId&& request) {
    const Client* client = request.id != 0 ? find_client(request.id) : find_identity(request.identity);
    if (!client) return Error::NotFound;
    EFT_CHECK(close_sessions([&](const SessionEntry& session) { return session.client == client->id && session.keeper == 0; }));
    Transaction change = region_.begin();
    EFT_CHECK(sessions_.for_each(SessionState::Open, [&](const SessionEntry& kept) -> Status {
        if (kept.client != client->id) return {};
        revoke_copies(parent_of(kept));  // 6
        return change.write(kept.client, 0);
    }));
    end_session(slot_of(*client));  // 6
    EFT_CHECK(change.write(*client, {}));
    return change.commit_with_reply();
}

Result<names::Session> Broker::connect(ipc::Context& context, names::ServiceName&& request) {
    EFT_TRY(const Client* client, caller(context));
    EFT_TRY(const Allowed allowed, allowed_service(*client, request.name));
    return open_session(*client, allowed, 0);
}

Result<names::Session> Broker::keep(ipc::Context& context, names::ServiceName&& request) {
    EFT_TRY(const Client* client, caller(context));
    if (client->identity == 0) return Error::PermissionDenied;
    EFT_TRY(const Allowed allowed, allowed_service(*client, request.name));
    if (const SessionEntry* kept = sessions_.find_kept(allowed.service, client->identity)) return answer_with(*kept);
    return open_session(*client, allowed, client->identity);
}

Status Broker::disconnect(ipc::Context& context, names::Badge&& request) {
    EFT_TRY(const Client* client, caller(context));
    // A repeated request finds it closed already.
    return close_sessions([&](const SessionEntry& session) { return session.client == client->id && session.badge == request.badge; });
}

Result<names::Badges> Broker::closed(ipc::Context& context, Empty&&) {
    EFT_TRY(const Client* client, caller(context));
    Transaction change = region_.begin();
    std::size_t count = 0;
    names::Badges answer;
    for (u16 index = 0; index < region_->service_count; ++index) {
        if (!provides(*client, region_->services[index])) continue;
        EFT_TRY(const std::size_t told, sessions_.tell(change, index, std::span(badges_).subspan(count)));
        count += told;
        EFT_TRY(const bool incomplete, sessions_.take_incomplete(change, index));
        if (incomplete) answer.incomplete = true;
    }
    EFT_CHECK(change.commit_with_reply());
    answer.badges = std::span(badges_).first(count);
    return answer;
}

Result<names::Badges> Broker::open(ipc::Context& context, names::Badge&& request) {
    EFT_TRY(const Client* client, caller(context));
    std::size_t count = 0;
    EFT_CHECK(sessions_.for_each(SessionState::Open, [&](const SessionEntry& session) -> Status {
        if (session.badge > request.badge && provides(*client, region_->services[session.service])) count = insert_sorted(session.badge, count);
        return {};
    }));
    names::Badges answer;
    answer.badges = std::span(badges_).first(count);
    return answer;
}

Result<names::ClientId> Broker::holder(ipc::Context&, names::ServedSession&& request) {
    const SessionEntry* session = find_served(request);
    if (!session || session->client == 0) return Error::NotFound;
    names::ClientId answer;
    answer.id = session->client;
    if (const Client* client = find_client(session->client)) answer.identity = client->identity;
    return answer;
}

// A repeated request finds the session closed already.
Status Broker::expel(ipc::Context&, names::ServedSession&& request) {
    const SessionEntry* found = find_served(request);
    if (!found) return {};
    const u32 holder = found->client;
    const u16 service = found->service;
    // First: were the sessions closed and this not written, nobody could be asked whose they were.
    if (const Client* client = holder != 0 ? find_client(holder) : nullptr) {
        Transaction change = region_.begin();
        EFT_CHECK(change.write(client->expelled[service], true));
        EFT_CHECK(change.commit_now());
    }
    return close_sessions([&](const SessionEntry& session) {
        return holder == 0 ? session.badge == request.badge : session.client == holder && session.service == service;
    });
}

Result<Broker::Allowed> Broker::allowed_service(const Client& client, std::string_view name) const {
    const auto kind = number_of(client.allowed.view(), name);
    if (!kind) return Error::PermissionDenied;
    const Service* service = find_service(name);
    if (!service) return Error::NotFound;
    const u16 index = static_cast<u16>(service - region_->services.data());
    if (client.expelled[index]) return Error::ServiceFailed;
    return Allowed{index, *kind};
}

Result<names::Session> Broker::open_session(const Client& client, Allowed allowed, u32 keeper) {
    if (!sessions_.admits(allowed.service, client.id)) return Error::LimitReached;
    Transaction intent = region_.begin();
    EFT_TRY(const SessionEntry* entry, sessions_.make_room(intent));
    EFT_CHECK(intent.write(entry->state, SessionState::Opening));
    EFT_CHECK(intent.commit_now());
    const u64 badge = raw(ipc::badge_of(allowed.kind, region_->next_badge));
    EFT_CHECK(make_session(session_slot(sessions_.place_of(*entry)), slots_.at(endpoint_slot(allowed.service)), badge));  // 3
    Transaction change = region_.begin();
    EFT_CHECK(change.write(region_->next_badge, region_->next_badge + 1));
    EFT_CHECK(change.write(*entry, {badge, client.id, keeper, allowed.service, SessionState::Open}));
    EFT_CHECK(change.commit_with_reply());  // 4
    return answer_with(*entry);
}

names::Session Broker::answer_with(const SessionEntry& entry) const {
    names::Session session;
    session.session = ipc::CapField<ipc::kind::Endpoint>(parent_of(entry));
    session.badge = entry.badge;
    return session;
}

const Service* Broker::find_service(std::string_view name) const {
    for (const Service& service : std::span(region_->services).first(region_->service_count)) {
        if (service.name.view() == name) return &service;
    }
    return nullptr;
}

// StaleSession: it has ended.
Result<const Client*> Broker::caller(const ipc::Context& context) const {
    const u64 id = ipc::session_id(context.badge());
    if (const Client* client = id != 0 ? find_client(id) : nullptr) return client;
    return Error::StaleSession;
}

// 0 finds a free place.
const Client* Broker::find_client(u64 id) const {
    for (const Client& client : region_->clients) {
        if (client.id == id) return &client;
    }
    return nullptr;
}

const Client* Broker::find_identity(u32 identity) const {
    if (identity == 0) return nullptr;
    for (const Client& client : region_->clients) {
        if (client.id != 0 && client.identity == identity) return &client;
    }
    return nullptr;
}

const SessionEntry* Broker::find_served(const names::ServedSession& request) const {
    const SessionEntry* found = sessions_.find_open(request.badge);
    return found && contains_word(request.provides, region_->services[found->service].name.view()) ? found : nullptr;
}

bool Broker::provides(const Client& client, const Service& service) { return contains_word(client.provides.view(), service.name.view()); }

template <class Predicate>
Status Broker::close_sessions(Predicate predicate) {
    Transaction intent = region_.begin();
    EFT_CHECK(sessions_.for_each(SessionState::Open, [&](const SessionEntry& session) {
        return predicate(session) ? intent.write(session.state, SessionState::Closing) : Status();
    }));
    EFT_CHECK(intent.commit_now());
    return finish_closing();
}

Status Broker::finish_closing() {
    Transaction change = region_.begin();
    EFT_CHECK(sessions_.for_each(SessionState::Closing, [&](const SessionEntry& session) {
        end_session(session_slot(sessions_.place_of(session)));  // 5
        slots_.signal(wake_slot(session.service));
        return sessions_.close(change, session);
    }));
    return change.commit_now();
}

// The incarnation before may have died between being told a badge and acting on it.
Status Broker::expect_comparison(Transaction& change, const Client& client) {
    for (u16 index = 0; index < region_->service_count; ++index) {
        const Service& service = region_->services[index];
        if (!provides(client, service)) continue;
        if (service.was_provided) {
            EFT_CHECK(sessions_.mark_incomplete(change, index));
            slots_.signal(wake_slot(index));
        }
        EFT_CHECK(change.write(service.was_provided, true));
    }
    return {};
}

// What is left there of a request that did not come to its end makes room.
Status Broker::make_session(u32 at, Slot endpoint, u64 badge) {
    end_session(at);
    return kernel_object::derive(slot(WellKnown::Table), slots_.at(at), endpoint, bits(EndpointRight::Send), badge);
}

void Broker::end_session(u32 at) {
    if (!slots_.holds_anything(at)) return;
    revoke_copies(slots_.at(at));
    slots_.remove(at);
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
