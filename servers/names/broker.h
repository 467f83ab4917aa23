// The broker: services that are published, clients that may connect to them, sessions between the two. It implements
// the interface Names (idl/names.fbs), which says what each call does and which errors it has.
//
// Every session's capability is derived from a parent that stays in names' own table, so that a session is ended by
// revoking its parent, whatever its client did with it. No badge is ever used again: one counter makes those of all sessions
// with services, and the id of a client, which counts up too, is that of its own session. Every check stands before the
// first change.
//
// A kept session belongs to an identity, which only the supervisor gives. While no incarnation of it runs the session is
// open and nobody's: all capabilities to it are revoked.
//
// names does not survive its own death, so everything here lies in ordinary memory.
#pragma once

#include "session_table.h"

#include <eft/idl/names.h>
#include <eft/text.h>

namespace eft::broker {

class Broker {
public:
    static constexpr std::size_t kMaxServices = SessionTable::kMaxServices;
    static constexpr std::size_t kMaxClients = 96;

    // `endpoint` is the broker's own, unbadged.
    explicit Broker(Slot endpoint) : endpoint_(endpoint) {}

    Status publish(ipc::Context& context, names::Publication&& request);
    Result<names::Admitted> admit(ipc::Context& context, names::Client&& request);
    Status dismiss(ipc::Context& context, names::ClientId&& request);
    Result<names::Session> connect(ipc::Context& context, names::ServiceName&& request);
    Result<names::Session> keep(ipc::Context& context, names::ServiceName&& request);
    Status disconnect(ipc::Context& context, names::Badge&& request);
    Result<names::Badges> closed(ipc::Context& context, Empty&&);
    Result<names::Badges> open(ipc::Context& context, names::Badge&& request);
    Result<names::ClientId> holder(ipc::Context& context, names::ServedSession&& request);
    Status expel(ipc::Context& context, names::ServedSession&& request);

private:
    struct Service {
        FixedText<names::Publication::kNameMax> name;
        Slot endpoint = Slot::None;
        Slot wake = Slot::None;  // signalled when a session with it is closed
        bool was_provided = false;  // by an incarnation before the next one
    };
    struct Client {
        u32 id = 0;  // 0: free. Never used again
        Slot session = Slot::None;
        FixedText<names::Client::kAllowedMax> allowed;
        FixedText<names::Client::kProvidesMax> provides;
        u32 identity = 0;
        std::array<bool, kMaxServices> expelled{};
    };

    Service* find_service(std::string_view name);
    Client* find_client(u64 id);
    Result<Client*> caller(const ipc::Context& context);
    SessionEntry* find_served(const names::ServedSession& request);
    static bool provides(const Client& client, const Service& service);

    // A service's place, and the kind of the sessions that a client may have with it.
    struct Allowed {
        u16 service;
        unsigned kind;
    };
    Result<Allowed> allowed_service(const Client& client, std::string_view name);
    Result<SessionEntry*> open_session(const Client& client, Allowed allowed);
    static names::Session answer_with(const SessionEntry& entry);
    void close(SessionEntry& session);
    void expect_comparison(const Client& client);
    std::size_t insert_sorted(u64 badge, std::size_t count);

    Slot endpoint_;
    u64 next_badge_ = 1;
    u32 next_client_ = 1;
    std::size_t service_count_ = 0;
    std::array<Service, kMaxServices> services_{};
    std::array<Client, kMaxClients> clients_{};
    SessionTable sessions_;
    std::array<u64, names::Badges::kBadgesMax> badges_{};  // of the answer in progress
};

}  // namespace eft::broker
