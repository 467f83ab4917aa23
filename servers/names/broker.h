// The broker: services that are published, clients that may connect to them, sessions between the two.
//
// Every session's capability is derived from a parent that stays in names' own table, so that a session is ended by
// revoking its parent, whatever its client did with it. One counter makes all badges, those of names' own sessions
// included: none is ever used again. Every check stands before the first change.
//
// A kept session belongs to an identity, which only the supervisor gives. While no incarnation of it lives the session is
// open and nobody's: all capabilities to it are revoked.
#pragma once

#include "session_table.h"
#include "word_list.h"

#include <eft/idl/names.h>
#include <eft/text.h>

#include <concepts>

namespace eft::broker {

// What the broker needs of the kernel.
template <class K>
concept BrokerKernel = requires(K& kernel, Slot slot, u64 badge) {
    // A capability that can only send, with this badge, in a slot of its own.
    { kernel.mint(slot, badge) } -> std::same_as<Result<Slot>>;
    // Takes back everything derived from it, then itself, and gives the slot back.
    kernel.revoke(slot);
    // Takes back everything derived from it; it stays.
    kernel.recall(slot);
    // Gives the slot back.
    kernel.drop(slot);
    kernel.signal(slot);
};

constexpr ::eft::Badge kControlBadge{1};

template <BrokerKernel Kernel>
class Broker {
public:
    static constexpr std::size_t kMaxServices = 96;
    static constexpr std::size_t kMaxClients = 96;
    static constexpr std::size_t kMaxSessions = 1024;

    // `endpoint` is the broker's own, unbadged.
    Broker(Kernel& kernel, Slot endpoint) : kernel_(kernel), endpoint_(endpoint) {}

    Status publish(ipc::Context& context, names::Publication&& request) {
        if (context.badge() != kControlBadge) return Error::PermissionDenied;
        if (request.name.empty() || request.name.find(' ') != request.name.npos) return Error::InvalidArgument;
        if (find_service(request.name)) return Error::AlreadyExists;
        if (service_count_ == kMaxServices) return Error::LimitReached;
        Service& service = services_[service_count_++];
        service.name = FixedText<names::Publication::kNameMax>(request.name);
        service.endpoint = request.endpoint.release();
        service.wake = request.wake.release();
        return {};
    }

    Result<names::Admitted> admit(ipc::Context& context, names::Client&& request) {
        if (context.badge() != kControlBadge) return Error::PermissionDenied;
        Client* client = nullptr;
        for (Client& each : clients_) {
            if (each.id == 0) client = &each;
        }
        if (!client) return Error::LimitReached;
        for (const Client& each : clients_) {
            if (each.id != 0 && request.identity != 0 && each.identity == request.identity) return Error::AlreadyExists;
        }
        const u64 badge = next_badge_;
        EFT_TRY(const Slot session, kernel_.mint(endpoint_, badge));
        ++next_badge_;
        client->id = next_client_++;
        client->badge = badge;
        client->session = session;
        client->allowed = FixedText<names::Client::kAllowedMax>(request.allowed);
        client->provides = FixedText<names::Client::kProvidesMax>(request.provides);
        client->identity = request.identity;
        sessions_.for_each_open([&](SessionEntry& kept) {
            if (kept.keeper != 0 && kept.keeper == client->identity) kept.client = client->id;
        });
        expect_comparison(*client);
        names::Admitted admitted;
        admitted.session = ipc::CapField<ipc::kind::EndpointOf<names::Names>>(session);
        admitted.id = client->id;
        return admitted;
    }

    Status dismiss(ipc::Context& context, names::ClientId&& request) {
        if (context.badge() != kControlBadge) return Error::PermissionDenied;
        Client* client = nullptr;
        for (Client& each : clients_) {
            if (request.id != 0 && each.id == request.id) client = &each;
        }
        if (!client) return Error::NotFound;
        sessions_.for_each_open([&](SessionEntry& session) {
            if (session.client != client->id) return;
            if (session.keeper == 0) return close(session);
            kernel_.recall(session.parent);
            session.client = 0;
        });
        kernel_.revoke(client->session);
        *client = {};
        return {};
    }

    Result<names::Session> connect(ipc::Context& context, names::ServiceName&& request) {
        Client* client = find_client(context.badge());
        if (!client) return Error::PermissionDenied;
        EFT_TRY(const u16 service, allowed_service(*client, request.name));
        EFT_TRY(SessionEntry * session, open_session(*client, service));
        return answer_with(*session);
    }

    Result<names::Session> keep(ipc::Context& context, names::ServiceName&& request) {
        Client* client = find_client(context.badge());
        if (!client || client->identity == 0) return Error::PermissionDenied;
        EFT_TRY(const u16 service, allowed_service(*client, request.name));
        if (const SessionEntry* kept = sessions_.find_kept(service, client->identity)) return answer_with(*kept);
        EFT_TRY(SessionEntry * session, open_session(*client, service));
        session->keeper = client->identity;
        return answer_with(*session);
    }

    Status disconnect(ipc::Context& context, names::Badge&& request) {
        Client* client = find_client(context.badge());
        if (!client) return Error::PermissionDenied;
        if (SessionEntry* session = sessions_.find_open(client->id, request.badge)) close(*session);
        return {};  // a repeated request finds it closed already
    }

    Result<names::Badges> closed(ipc::Context& context, Empty&&) {
        Client* client = find_client(context.badge());
        if (!client) return Error::PermissionDenied;
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

    Result<names::Badges> open(ipc::Context& context, names::Badge&& request) {
        Client* client = find_client(context.badge());
        if (!client) return Error::PermissionDenied;
        std::size_t count = 0;
        sessions_.for_each_open([&](const SessionEntry& session) {
            if (session.badge <= request.badge || !provides(*client, services_[session.service])) return;
            count = insert_sorted(session.badge, count);
        });
        names::Badges answer;
        answer.badges = std::span(badges_).first(count);
        return answer;
    }

    Result<names::ClientId> holder(ipc::Context& context, names::ServedSession&& request) {
        if (context.badge() != kControlBadge) return Error::PermissionDenied;
        const SessionEntry* session = find_served(request);
        if (!session || session->client == 0) return Error::NotFound;
        names::ClientId answer;
        answer.id = session->client;
        return answer;
    }

    // A repeated request finds the session closed already.
    Status expel(ipc::Context& context, names::ServedSession&& request) {
        if (context.badge() != kControlBadge) return Error::PermissionDenied;
        SessionEntry* found = find_served(request);
        if (!found) return {};
        const u32 holder = found->client;
        if (holder == 0) {
            close(*found);
            return {};
        }
        const u16 service = found->service;
        for (Client& client : clients_) {
            if (client.id == holder) client.expelled[service] = true;
        }
        sessions_.for_each_open([&](SessionEntry& session) {
            if (session.client == holder && session.service == service) close(session);
        });
        return {};
    }

private:
    struct Service {
        FixedText<names::Publication::kNameMax> name;
        Slot endpoint = Slot::None;
        Slot wake = Slot::None;
    };
    struct Client {
        u32 id = 0;  // 0: free. Never used again
        u64 badge = 0;
        Slot session = Slot::None;
        FixedText<names::Client::kAllowedMax> allowed;
        FixedText<names::Client::kProvidesMax> provides;
        u32 identity = 0;
        std::array<bool, kMaxServices> expelled{};
    };

    // The service's place, if this client may have sessions with it.
    Result<u16> allowed_service(const Client& client, std::string_view name) {
        if (!contains_word(client.allowed.view(), name)) return Error::PermissionDenied;
        const Service* service = find_service(name);
        if (!service) return Error::NotFound;
        const u16 index = static_cast<u16>(service - services_.data());
        if (client.expelled[index]) return Error::ServiceFailed;
        return index;
    }
    Result<SessionEntry*> open_session(const Client& client, u16 service) {
        if (!sessions_.admits(service, client.id)) return Error::LimitReached;
        EFT_TRY(const Slot parent, kernel_.mint(services_[service].endpoint, next_badge_));
        auto entry = sessions_.open(service, client.id, next_badge_, parent);
        if (!entry.ok()) kernel_.drop(parent);
        else ++next_badge_;
        return entry;
    }
    static names::Session answer_with(const SessionEntry& entry) {
        names::Session session;
        session.session = ipc::CapField<ipc::kind::Endpoint>(entry.parent);
        session.badge = entry.badge;
        return session;
    }

    Service* find_service(std::string_view name) {
        for (std::size_t i = 0; i < service_count_; ++i) {
            if (services_[i].name.view() == name) return &services_[i];
        }
        return nullptr;
    }
    Client* find_client(::eft::Badge badge) {
        for (Client& client : clients_) {
            if (client.id != 0 && client.badge == raw(badge)) return &client;
        }
        return nullptr;
    }
    static bool provides(const Client& client, const Service& service) {
        return contains_word(client.provides.view(), service.name.view());
    }

    SessionEntry* find_served(const names::ServedSession& request) {
        SessionEntry* found = sessions_.find_open(request.badge);
        return found && contains_word(request.provides, services_[found->service].name.view()) ? found : nullptr;
    }

    void close(SessionEntry& session) {
        kernel_.revoke(session.parent);
        const Slot wake = services_[session.service].wake;
        sessions_.close(session);
        kernel_.signal(wake);
    }

    // The incarnation before may have died between being told a badge and acting on it.
    void expect_comparison(const Client& client) {
        for (u16 index = 0; index < service_count_; ++index) {
            if (!provides(client, services_[index])) continue;
            if (services_provided_before_[index]) {
                sessions_.mark_incomplete(index);
                kernel_.signal(services_[index].wake);
            }
            services_provided_before_[index] = true;
        }
    }

    // Keeps the lowest ones.
    std::size_t insert_sorted(u64 badge, std::size_t count) {
        std::size_t at = count;
        while (at > 0 && badges_[at - 1] > badge) --at;
        if (at == badges_.size()) return count;
        const std::size_t last = std::min(count, badges_.size() - 1);
        for (std::size_t i = last; i > at; --i) badges_[i] = badges_[i - 1];
        badges_[at] = badge;
        return std::min(count + 1, badges_.size());
    }

    Kernel& kernel_;
    Slot endpoint_;
    u64 next_badge_ = raw(kControlBadge) + 1;
    u32 next_client_ = 1;
    std::size_t service_count_ = 0;
    std::array<Service, kMaxServices> services_{};
    std::array<bool, kMaxServices> services_provided_before_{};
    std::array<Client, kMaxClients> clients_{};
    SessionTable<kMaxSessions, kMaxServices> sessions_;
    std::array<u64, names::Badges::kBadgesMax> badges_{};  // of the answer in progress
};

}  // namespace eft::broker
