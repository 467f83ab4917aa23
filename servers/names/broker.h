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
// names can die at any instruction. What it knows lies in its state region and changes with the reply; parents, and the
// capabilities of publications, lie in persistent slots, and the record of a place says whether its slot counts. What is
// made in the kernel before the record says so is an intent, and after a death recover() brings slots in step:
//   1  before the first store of a transaction: nothing has happened; the caller is told PeerDied and asks again
//   2  publish, admit: capabilities are in the slots of a place whose record is free: they are removed
//   3  open_session: the entry is Opening, with or without its parent: both are removed, nobody has a copy
//   4  the entry is Open, and the reply is not delivered: as 3, for the transaction is undone
//   5  close_sessions: entries are Closing, some of them revoked: all are revoked and Closed, for there is no way back
//   6  dismiss: what the dead client had is revoked, its record is there: the caller asks again, which changes nothing
// The server of a session that is closed is signalled before the transaction that closes it commits: it may be signalled twice,
// and asks in vain once.
#pragma once

#include "state.h"

#include <eft/session_slots.h>

namespace eft::broker {

class Broker {
public:
    // `endpoint` is the broker's own, unbadged. Nothing works before recover().
    Broker(std::span<std::byte> memory, Slot endpoint) : region_(memory, kStateVersion), sessions_(region_->sessions), endpoint_(endpoint) {}

    // Before the first request. Errors: the state cannot be used.
    Status recover(u64 replies_delivered);
    UndoLog& log() { return region_.log(); }

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
    using SessionState = SessionEntry::State;

    const Service* find_service(std::string_view name) const;
    const Client* find_client(u64 id) const;
    const Client* find_identity(u32 identity) const;
    Result<const Client*> caller(const ipc::Context& context) const;
    const SessionEntry* find_served(const names::ServedSession& request) const;
    static bool provides(const Client& client, const Service& service);
    u32 slot_of(const Client& client) const { return client_slot(static_cast<std::size_t>(&client - region_->clients.data())); }
    Slot parent_of(const SessionEntry& entry) const { return slots_.at(session_slot(sessions_.place_of(entry))); }

    // A service's place, and the kind of the sessions that a client may have with it.
    struct Allowed {
        u16 service;
        unsigned kind;
    };
    Result<Allowed> allowed_service(const Client& client, std::string_view name) const;
    // `keeper` as SessionEntry has it.
    Result<names::Session> open_session(const Client& client, Allowed allowed, u32 keeper);
    names::Session answer_with(const SessionEntry& entry) const;
    template <class Predicate>
    Status close_sessions(Predicate predicate);
    Status finish_closing();
    Status expect_comparison(Transaction& change, const Client& client);
    std::size_t insert_sorted(u64 badge, std::size_t count);
    // A capability to the endpoint that can only send, with this badge, in a persistent slot.
    Status make_session(u32 at, Slot endpoint, u64 badge);
    void end_session(u32 at);

    Region region_;
    SessionTable sessions_;
    SessionSlots slots_;
    Slot endpoint_;
    std::array<u64, names::Badges::kBadgesMax> badges_{};  // of the answer in progress
};

}  // namespace eft::broker
