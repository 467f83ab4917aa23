// The service Socket: what calls do to records, and the turns in which everything else happens (records.h).
#pragma once

#include "net/alarm.h"
#include "net/card.h"
#include "net/keeper.h"
#include "net/resolver.h"
#include "net/sockets.h"

#include <eft/state/stateful_server.h>
#include <eft/text.h>

namespace eft::net {

constexpr u32 kLayoutVersion = 3;

class Server final : public StatefulServer<socket::Socket, NetState, Sockets::kPlaces>, private Keeper {
public:
    using StatefulServer::StatefulServer;
    template <class T>
    using Answer = ipc::CallResult<T, socket::Failure>;

    Answer<Empty> open(ipc::Context&, Session& session, const socket::Opening& request);
    Answer<socket::Endpoint> bind(ipc::Context&, Session& session, const socket::Name& request);
    Answer<Empty> listen(ipc::Context&, Session& session, const socket::Listening& request);
    Answer<Empty> shutdown(ipc::Context&, Session& session, const socket::Shutting& request);
    Answer<Empty> close(ipc::Context&, Session& session, const socket::Number& request);
    Answer<Empty> set_option(ipc::Context&, Session& session, const socket::Setting& request);
    Answer<socket::Description> describe(ipc::Context&, Session& session, const socket::Number& request);
    Answer<socket::Interface> next_interface(ipc::Context&, Session&, const socket::Cursor& request);
    Answer<socket::SocketLine> next_socket(ipc::Context&, Session&, const socket::Cursor& request);
    Answer<socket::Totals> totals(ipc::Context&, Session&, const Empty&);

    // Of the ring.
    void connect(ring::Pending<Empty> pending, Session& session, const socket::Name& request);
    void accept(ring::Pending<socket::Endpoint> pending, Session& session, const socket::Acceptance& request);
    void resolve(ring::Pending<socket::Answer> pending, Session& session, const socket::Question& request);

    void resume();
    void woken(u64 bits);
    void beat();
    bool progress();
    Status attached(Session& session, u32);
    void detaching(Session& session, u32);
    void closed(Session& session) { end_all(session.place()); }
    // While the peer of a socket that was closed has not acknowledged all bytes, for a minute at most.
    bool lingers(Session& session);

private:
    // Bits of the notification.
    static constexpr u64 kStart = 1, kAlarm = 2, kReceive = 4, kSend = 8, kLink = 16;

    const NetState& state() const override { return shared(); }
    Result<SocketRecord*> edit_record(u32 record) override { return edit(shared().records[record]); }
    Result<NetCounts*> edit_counts() override { return edit(shared().counts); }
    Result<u32*> edit_last_port() override { return edit(shared().last_port); }
    void commit() override { commit_step(); }
    std::span<std::byte> area(u32 place) override { return areas_[place]; }
    void signal(u32 place) override { session_at(place).signal(); }
    void want_turn() override { look_again(); }

    void start();
    void attach_cards();
    void read_arguments();
    void remember_interfaces();
    void end_all(u32 place);
    // All of a session whose client is gone, but sockets that it has closed.
    void end_open(u32 place);
    void end_entries(u32 place);
    Result<Live*> find(Session& session, u32 number);
    // Of a record that is in use.
    const SocketRecord& record(const Live& live) const { return shared().records[live.index()]; }
    Result<SocketRecord*> edit(const Live& live) { return edit_record(live.index()); }
    using StatefulServer::edit;
    Error begin_connection(const Live& live, const socket::Name& to);
    // An interface has a link and no address yet: what needs one waits for it, for a while.
    bool is_configuring();
    bool delay(u32 place, ring::Pending<Empty> pending, const socket::Name& name);
    bool delay(u32 place, ring::Pending<socket::Answer> pending, const socket::Question& question);
    void retry_delayed();

    // An entry of Connect, or of Resolve.
    struct Delayed {
        enum class Kind : u8 { None, Connect, Resolve } kind = Kind::None;
        u32 place = 0;
        socket::Name name;
        socket::Question question;
        ring::Pending<Empty> connect;
        ring::Pending<socket::Answer> resolve;
    };

    std::array<std::span<std::byte>, Sockets::kPlaces> areas_{};
    Sockets sockets_{*this};
    std::array<Delayed, 16> delayed_;
    bool any_delayed_ = false;
    u32 started_ms_ = 0;
    Resolver resolver_;
    Alarm alarm_;
    Card cards_[kInterfaces];
    std::optional<FixedAddress> fixed_[kInterfaces];
    Card::Wakes wakes_;
    CapHandle start_wake_, alarm_wake_;
    FixedText<16> name_;  // of the interface in an answer
    u64 area_pages_ = 0;  // that all sessions may map; 0: not known yet
    u32 lingers_since_[Sockets::kPlaces] = {};  // ms; 0: it does not
    bool is_started_ = false;
};

}  // namespace eft::net
