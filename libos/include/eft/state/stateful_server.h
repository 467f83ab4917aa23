// A server whose state survives it: what the generated dispatcher needs of sessions, and what a handler needs of memory.
// A server of an interface with `session:"Table"` derives from it, and main() is run_server<Server>() (run_server.h).
// Here is what depends on the interface's types; the rest is SessionKeeper's.
//
//   struct State { u64 value = 0; };                                       // shared by all clients
//   struct Server : StatefulServer<counter::Counter, State> {
//       using StatefulServer::StatefulServer;
//       Result<counter::Value> add(ipc::Context&, Session& session, const counter::Amount& amount) {
//           EFT_TRY(counter::Client * mine, session.edit());               // of this client: the interface's table
//           EFT_TRY(State * state, edit_shared());
//           ...
//
//   | shared | badges, checks, SessionRecord[Sessions]: state, last `once` reply, event queues, attachments |  state region
//   | events and attachments of session 0 | of session 1 | ...                                            |  slots
//
// The first request of a badge opens its session, a closed one (names tells) ends it: when its last request has ended.
// A step's changes are one transaction, without a word of the handler's: the first edit() begins it, it commits with the
// reply, and an answer that is an error takes it back. A step without a reply commits at its end. There is no co_await
// between an edit and the answer; run_server() stops the server where there is.
//
// What a client attaches (`attach`: rings, an area, a notification, other capabilities) is kept with its session. Attach
// moves the capabilities to their slots within its transaction; each incarnation maps them again and goes on with the
// rings' entries. A client that breaks the rules of a ring, or whose attachment cannot be mapped again, has a session that
// answers ProtocolViolation until it ends. A session ends, and its memory is let go, when nothing of it is in progress.
// serve_rings() says what a server with rings may add.
//
// on_restart:"reattach": sessions are as the last reply left them. on_restart:"reset": each session that the dead
// incarnation had is told StaleSession once, by an answer that forgets it, and starts over with the next request.
#pragma once

#include <eft/ipc/context.h>
#include <eft/ipc/event_queue.h>
#include <eft/ipc/method.h>
#include <eft/ipc/once.h>
#include <eft/overdue.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/state/attachments.h>
#include <eft/state/region.h>
#include <eft/state/session_keeper.h>
#include <eft/wake.h>

#include <algorithm>

namespace eft {

struct NoSharedState {};

// The state region of such a server, and this incarnation's view of the sessions in it.
template <class Service, class Shared, u32 SessionCount>
class ServerState {
    struct Memory {
        Shared shared;
        SessionTable<typename Service::SessionRecord, SessionCount> clients;
    };
    // Room for the last `once` reply, for an event to every session, and for what a handler changes.
    static constexpr std::size_t kEventLogBytes = Service::kEvents == 0 ? 0 : SessionCount * (Service::kEventWords * sizeof(u64) + 128);
    static constexpr std::size_t kLogBytes = std::max<std::size_t>(
        4096 - sizeof(RegionHeader), (1024 + sizeof(typename Service::SessionRecord) + kEventLogBytes + 63) / 64 * 64);

public:
    using Region = StateRegion<Memory, kLogBytes>;
    using View = Sessions<typename Service::SessionRecord, SessionCount>;

protected:
    using Record = typename Service::SessionRecord;  // what is behind `state` begins with a word
    static constexpr StateShape kStateShape{offsetof(Memory, clients), SessionCount, sizeof(Record), std::min<u32>((sizeof(Record::state) + 7) / 8 * 8, sizeof(Record))};

    ServerState(std::span<std::byte> memory, u32 layout_version) : region_(memory, layout_version, kStateShape), view_(region_->clients, region_.log()) {}

    Region region_;
    View view_;
};

template <class ServiceType, class Shared = NoSharedState, u32 SessionCount = 16>
class StatefulServer : private ServerState<ServiceType, Shared, SessionCount>, public SessionKeeper {
    static_assert(SessionCount <= kMostPlaces);
    using ServerState = eft::ServerState<ServiceType, Shared, SessionCount>;
    using Record = typename ServiceType::SessionRecord;
    using SessionState = decltype(Record::state);
    using Attachment = typename ServiceType::Attachment;
    using ServerState::region_;
    using ServerState::view_;

public:
    using Service = ServiceType;
    using SharedState = Shared;
    using typename ServerState::Region;
    using typename ServerState::View;
    static constexpr u32 kSessions = SessionCount;
    static constexpr u32 kSessionSlots = Service::kEvents + Attachment::kCount * Attachment::kSlots;
    static constexpr u32 kSlots = SessionCount * kSessionSlots;
    static constexpr RingSlots kRingSlots = [] {
        RingSlots slots{kSessions, kSessionSlots, Service::kEvents, Attachment::kCount, Attachment::kSlots};
        if constexpr (Attachment::kHasRing) slots.first += Attachment::kRing;
        return slots;
    }();

    // One client, for handlers.
    class Session {
    public:
        const SessionState& operator*() const { return record().state; }
        const SessionState* operator->() const { return &record().state; }
        // To be changed at will in this step. LimitReached: too much is changed in one step.
        Result<SessionState*> edit() { return server_->edit_part(place_, record().state); }
        Badge badge() const { return Badge{server_->region_->clients.badges[place_]}; }
        u32 place() const { return place_; }

        // What the client has attached, for the `index`th time. Nothing is there, and signal() does nothing, if it has not.
        bool attached(u32 index = 0) const { return record().attachments[index].attached != 0; }
        // Mapped here; the client can write it at any time. It stays while the session has something in progress.
        std::span<std::byte> area(u32 index = 0) const { return server_->mapped_[place_][index].area.bytes(); }
        // The slot of a capability: kept(Service::Attachment::kArea).
        Slot kept(u32 capability, u32 index = 0) const { return server_->slots().at(server_->kept_slot(place_, index) + capability); }
        void signal(u32 index = 0) { server_->SessionKeeper::signal(place_, index); }
        // It ends when nothing of it is in progress: what has not begun yet is to be answered with an error.
        bool is_ending() const { return server_->SessionKeeper::is_ending(place_); }

        // For the dispatcher.
        auto& once() { return const_cast<Record&>(record()).last_reply; }
        u16& requests_in_progress() { return server_->view_.requests_in_progress_at(place_); }
        void take_back() { server_->region_.log().abort(); }
        template <class Method>
        Result<typename Method::Response> next_event(u64 after) {
            return server_->template next_event<Method>(place_, after);
        }
        template <class Method, class Answer, class Request>
        Result<Answer> subscribe(Request&& request) {
            return server_->template subscribe<Method, Answer>(place_, request);
        }

        template <class Method, class Server>
        Result<typename Method::Response> attach(Server& server, ipc::Context& context, typename Method::Request& request) {
            return server.template attach_to<Method>(server, context, place_, request);
        }

    private:
        friend class StatefulServer;
        const Record& record() const { return server_->region_->clients.sessions[place_]; }
        StatefulServer* server_ = nullptr;
        u32 place_ = 0;
    };

    // `reserves_areas`: what clients attach beside rings is not mapped, area() has its addresses only. For a driver whose device
    // reads and writes it; who attaches too small an object is for attached() to find.
    StatefulServer(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, bool reserves_areas = false)
        : ServerState(memory, layout_version), SessionKeeper(kShape, view_, region_.log(), slots, open_), reserves_areas_(reserves_areas) {
        for (u32 place = 0; place < kSessions; ++place) {
            handles_[place].server_ = this;
            handles_[place].place_ = place;
        }
    }

    // Before the first request. State that cannot be used is given up for a new one. `old`: what another version has left, to be taken
    // over. `must_be_kept`: or the program ends.
    RecoveryOutcome recover(u64 replies_delivered, std::span<std::byte> old = {}, AnyStateRegion::Migrate migrate = nullptr, bool must_be_kept = false) {
        RecoveryOutcome outcome = region_.recover(replies_delivered, !old.empty());
        if (outcome == RecoveryOutcome::OtherLayout && !old.empty() && region_.take_over(old, replies_delivered, migrate).ok()) outcome = RecoveryOutcome::Migrated;
        if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) {
            if (must_be_kept) panic("this program cannot take over the state of the one before it");
            region_.reset();
        }
        recover_sessions();
        return outcome;
    }
    // Behind it, where clients attach something. `not_at_fault`: the incarnation before this one ended by order, so that what
    // it took from a ring is no attempt.
    template <class Server>
    void recover_attachments(Server&, bool not_at_fault) {
        SessionKeeper::recover_attachments(kHooks<Server>, not_at_fault);
    }

    // Of a caller, for the dispatcher. LimitReached: there are too many clients.
    template <class Server>
    Result<Session*> open_session(Server&, Badge badge) {
        const u32 place = view_.place_of(badge);
        if (place == kSessions) [[unlikely]] {
            EFT_TRY(const u32 opened, admit(kHooks<Server>, badge));
            return &handles_[opened];
        }
        if (is_unusual(place)) [[unlikely]]
            return refuse(place);
        return &handles_[place];
    }
    // Null if there is none.
    Session* session(Badge badge) {
        const u32 place = view_.place_of(badge);
        return place < kSessions ? &handles_[place] : nullptr;
    }
    // Of a place that a session has.
    Session& session_at(u32 place) { return handles_[place]; }
    template <class Visit>
    void for_each_session(Visit visit) {
        for (u32 place = 0; place < kSessions; ++place)
            if (has_session(place) && !is_stale(place) && !is_ending(place)) visit(handles_[place]);
    }

    const Shared& shared() const { return region_->shared; }
    Result<Shared*> edit_shared() { return edit(region_->shared); }
    // Only a part of the shared state, where the whole is large.
    template <class Part>
    Result<Part*> edit(const Part& part) {
        EFT_CHECK(save(std::as_bytes(std::span(&part, 1))));
        return const_cast<Part*>(&part);
    }

    // Puts an event into the queue of everybody who has subscribed, and wakes them: `raise<Service::Changed>({...})`.
    template <class Method>
    Status raise(const typename Method::Response& event) {
        if (!event.fits()) return Error::InvalidArgument;
        for (u32 place = 0; place < kSessions; ++place) {
            if (!has_session(place) || Method::queue(record(place)).head.subscribed == 0) continue;
            const auto& queue = Method::queue(record(place));
            EFT_TRY(auto* head, edit_part(place, queue.head));
            EFT_TRY(auto* entry, edit_part(place, queue.entry(head->last + 1)));
            *entry = queue.encode(event);
            ++head->last;
            slots().signal(event_slot(place, Method::kEvent));
        }
        return {};
    }

    // names has sessions whose clients have ended.
    template <class Server>
    void close_ended(Server&) {
        SessionKeeper::close_ended(kHooks<Server>);
    }

    // After each wake-up: takes what clients have submitted to their rings, wakes those who wait for what was completed, and
    // lets go of sessions that have ended. False: there is more, and others are to be heard before the next call.
    // A server of rings has a handler for each call of a ring, and may have
    //   bool progress()                         after entries were taken: begins what waits, completes what has ended; false:
    //                                           it wants another turn before this program sleeps
    //   Status attached(Session&, u32 index)    an area or ring has been mapped, also by a new incarnation; or an error
    //   void replacing(Session&, u32 index)     the client attaches another in its place: what may wait for ever is to be
    //                                           completed; Busy is the answer if something is in progress after that
    //   void detaching(Session&, u32 index)     nothing of it is in progress, and it will be unmapped
    //   void closed(Session&)                   the session ends: what this incarnation has for it goes
    //   bool lingers(Session&)                  its client is gone, and what it has attached is needed all the same: asked again
    //                                           after each turn, until it is not, or another client needs the session's place
    template <class Server>
    bool serve_rings(Server&) {
        return SessionKeeper::serve_rings(kHooks<Server>);
    }

    View& view() { return view_; }
    Region& region() { return region_; }

private:
    static constexpr Shape make_shape() {
        Shape shape{};
        shape.places = kSessions;
        shape.events = Service::kEvents;
        shape.attachments = Attachment::kCount;
        shape.attachment_slots = Attachment::kSlots;
        shape.wake_slot = shape.ring_slot = shape.broken = kNowhere;
        shape.resets = Service::kSessions == ipc::Sessions::Reset;
        shape.open = [](SessionKeeper& keeper, Badge badge) { return Status(of<StatefulServer>(keeper).view_.open(badge).error()); };
        if constexpr (Attachment::kCount != 0) shape.records = offsetof(Record, attachments);
        if constexpr (Attachment::kHasWake) shape.wake_slot = Attachment::kWake;
        if constexpr (Attachment::kHasArea) shape.area_max = Attachment::kAreaMax;
        if constexpr (MappedAttachment<Service>::kMaps) {
            shape.map = [](SessionKeeper& keeper, u32 place, u32 index, u64 area_bytes, bool not_at_fault) {
                auto& self = of<StatefulServer>(keeper);
                return self.mapped_[place][index].map(self.slots(), self.kept_slot(place, index), area_bytes, not_at_fault, self.reserves_areas_);
            };
            shape.unmap = [](SessionKeeper& keeper, u32 place, u32 index) { of<StatefulServer>(keeper).mapped_[place][index].unmap(); };
        }
        if constexpr (Attachment::kHasRing) {
            shape.broken = offsetof(Record, broken);
            shape.ring_slot = Attachment::kRing;
            shape.entries_in_progress = [](const SessionKeeper& keeper, u32 place, u32 index) {
                return static_cast<const StatefulServer&>(keeper).mapped_[place][index].consumer.in_progress();
            };
            shape.is_late = [](SessionKeeper& keeper, u32 place, u32 index, u64 now) {
                return of<StatefulServer>(keeper).mapped_[place][index].consumer.is_late(now, [](u32 label) {
                    const auto method = std::ranges::find(Service::kMethods, label & 0xffff, &ipc::MethodInfo::ordinal);
                    return method != std::end(Service::kMethods) ? stamps_of(method->within_ns, config().ticks_per_ms) : u64{0};
                });
            };
            shape.prepare_to_sleep = [](SessionKeeper& keeper, u32 place, u32 index, bool& wake) {
                auto& consumer = of<StatefulServer>(keeper).mapped_[place][index].consumer;
                wake = consumer.take_signal();
                return consumer.prepare_to_sleep();
            };
        }
        if constexpr (requires(Record& each) { each.last_reply; })
            shape.drop_last_reply = [](SessionKeeper& keeper, u32 place) { handle(keeper, place).once().drop_caps(); };
        if constexpr (Service::kEvents != 0)
            shape.subscribed = [](const SessionKeeper& keeper, u32 place, u32 event) {
                return Service::subscribed(static_cast<const StatefulServer&>(keeper).record(place), event);
            };
        return shape;
    }
    static constexpr Shape kShape = make_shape();

    template <class Server>
    static constexpr Hooks make_hooks() {
        Hooks hooks{};
        if constexpr (requires(Server& self, Session& session) { self.attached(session, 0u); })
            hooks.attached = [](SessionKeeper& keeper, u32 place, u32 index) { return of<Server>(keeper).attached(handle(keeper, place), index); };
        if constexpr (requires(Server& self, Session& session) { self.replacing(session, 0u); })
            hooks.replacing = [](SessionKeeper& keeper, u32 place, u32 index) { of<Server>(keeper).replacing(handle(keeper, place), index); };
        if constexpr (requires(Server& self, Session& session) { self.detaching(session, 0u); })
            hooks.detaching = [](SessionKeeper& keeper, u32 place, u32 index) { of<Server>(keeper).detaching(handle(keeper, place), index); };
        if constexpr (requires(Server& self, Session& session) { self.closed(session); })
            hooks.closed = [](SessionKeeper& keeper, u32 place) { of<Server>(keeper).closed(handle(keeper, place)); };
        if constexpr (requires(Server& self, Session& session) { self.lingers(session); })
            hooks.lingers = [](SessionKeeper& keeper, u32 place) { return of<Server>(keeper).lingers(handle(keeper, place)); };
        if constexpr (requires(Server& self) { self.progress(); })
            hooks.progress = [](SessionKeeper& keeper) { return of<Server>(keeper).progress(); };
        if constexpr (Attachment::kHasRing)
            hooks.poll = [](SessionKeeper& keeper, u32 place, u32 index) {
                return Service::poll_ring(of<Server>(keeper), handle(keeper, place), static_cast<StatefulServer&>(keeper).mapped_[place][index].consumer);
            };
        return hooks;
    }
    template <class Server>
    static constexpr Hooks kHooks = make_hooks<Server>();
    template <class Server>
    static Server& of(SessionKeeper& keeper) {
        return static_cast<Server&>(keeper);
    }
    static Session& handle(SessionKeeper& keeper, u32 place) { return static_cast<StatefulServer&>(keeper).handles_[place]; }

    const Record& record(u32 place) const { return region_->clients.sessions[place]; }
    template <class Part>
    Result<Part*> edit_part(u32 place, const Part& part) {
        EFT_CHECK(save_part(place, std::as_bytes(std::span(&part, 1))));
        return const_cast<Part*>(&part);
    }

    template <class Method, class Server>
    Result<typename Method::Response> attach_to(Server& self, ipc::Context& context, u32 place, typename Method::Request& request) {
        const u32 index = Method::index(request);
        EFT_CHECK(begin_attachment(kHooks<Server>, place, index, Method::area_bytes(request)));
        auto answer = attach_now<Method>(self, context, place, index, request);
        end_attachment(kHooks<Server>, place, index, answer.ok());
        return answer;
    }
    template <class Method, class Server>
    Result<typename Method::Response> attach_now(Server& self, ipc::Context& context, u32 place, u32 index, typename Method::Request& request) {
        Slot received[Attachment::kSlots];
        request.for_each_cap([&](unsigned capability, auto& field) { received[capability] = field.release(); });
        const Status kept = keep_attachment(kHooks<Server>, place, index, received);
        for (const Slot left : received) drop_slot(left);
        EFT_CHECK(kept);
        Result<typename Method::Response> answer = typename Method::Response{};
        if constexpr (requires { self.attach(context, handles_[place], std::move(request)); })
            answer = self.attach(context, handles_[place], std::move(request));
        if constexpr (Method::kGivesWake) {
            if (!answer.ok()) return answer;
            EFT_TRY(CapHandle wake, make_wake(static_cast<u64>(WakeBit::Rings)));
            answer->wake = std::move(wake);
        }
        return answer;
    }

    // A subscription goes on where it was if it is made again, by a subscriber that restarted.
    template <class Method, class Answer, class Request>
    Result<Answer> subscribe(u32 place, Request& request) {
        const auto& queue = Method::queue(record(place));
        const u32 slot = event_slot(place, Method::kEvent);
        EFT_TRY(auto* head, edit_part(place, queue.head));
        if (request.wake.present()) {
            EFT_CHECK(slots().keep(slot, request.wake.slot()));
            request.wake.release();
            if (head->subscribed == 0) head->acknowledged = head->last;
            head->subscribed = 1;
            if (queue.waiting()) slots().signal(slot);
        } else {
            slots().remove(slot);
            head->subscribed = 0;
        }
        Answer answer;
        answer.acknowledged = head->acknowledged;
        answer.last = head->last;
        return answer;
    }

    template <class Method>
    Result<typename Method::Response> next_event(u32 place, u64 after) {
        const auto& queue = Method::queue(record(place));
        if (queue.head.subscribed == 0) return Error::WrongState;
        if (after > queue.head.last) return Error::OutOfRange;
        if (after > queue.head.acknowledged) {
            EFT_TRY(auto* head, edit_part(place, queue.head));
            head->acknowledged = after;
        }
        return queue.oldest();
    }

    MappedAttachment<Service> mapped_[kSessions][std::max<u32>(Attachment::kCount, 1)];
    Session handles_[kSessions];
    u64 open_[kSessions] = {};
    bool reserves_areas_;
};

}  // namespace eft
