// A server whose state survives it: what the generated dispatcher needs of sessions, and what a handler needs of memory.
// A server of an interface with `session:"Table"` derives from it, and main() is run_server<Server>() (run_server.h).
// Long because state, attachments and events of a session are one record, which changes in one transaction.
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
#include <eft/process.h>
#include <eft/state/attachments.h>
#include <eft/state/client_sessions.h>
#include <eft/text.h>
#include <eft/wake.h>

#include <algorithm>
#include <array>

namespace eft {

struct NoSharedState {};

template <class ServiceType, class Shared = NoSharedState, u32 SessionCount = 16>
class StatefulServer {
    using Record = typename ServiceType::SessionRecord;
    using SessionState = decltype(Record::state);
    using Attachment = typename ServiceType::Attachment;
    static constexpr bool kReset = ServiceType::kSessions == ipc::Sessions::Reset;
    static constexpr u32 kSlotsOfPlace = ServiceType::kEvents + Attachment::kCount * Attachment::kSlots;

    struct Memory {
        Shared shared;
        SessionTable<Record, SessionCount> clients;
    };
    // Room for the last `once` reply, for an event to every session, and for what a handler changes.
    static constexpr std::size_t kEventLogBytes =
        ServiceType::kEvents == 0 ? 0 : SessionCount * (ServiceType::kEventWords * sizeof(u64) + 128);
    static constexpr std::size_t kLogBytes = std::max<std::size_t>(
        4096 - sizeof(RegionHeader), (1024 + sizeof(Record) + kEventLogBytes + 63) / 64 * 64);

public:
    using Service = ServiceType;
    using Region = StateRegion<Memory, kLogBytes>;
    using Clients = ClientSessions<Region, Record, SessionCount>;
    using View = typename Clients::View;
    static constexpr u32 kSessions = SessionCount;
    static constexpr u32 kSlots = SessionCount * kSlotsOfPlace;

    // One client, for handlers.
    class Session {
    public:
        const SessionState& operator*() const { return record().state; }
        const SessionState* operator->() const { return &record().state; }
        // To be changed at will in this step. LimitReached: too much is changed in one step.
        Result<SessionState*> edit() { return server_->edit_part(place_, record().state); }
        Badge badge() const { return server_->clients_.badge_at(place_); }
        u32 place() const { return place_; }

        // What the client has attached, for the `index`th time. Nothing is there, and signal() does nothing, if it has not.
        bool attached(u32 index = 0) const { return record().attachments[index].attached != 0; }
        // Mapped here; the client can write it at any time. It stays while the session has something in progress.
        std::span<std::byte> area(u32 index = 0) const { return server_->mapped_.at(place_, index).area.bytes(); }
        // The slot of a capability: kept(Service::Attachment::kArea).
        Slot kept(u32 capability, u32 index = 0) const { return server_->slots_.at(kept_slot(place_, index) + capability); }
        void signal(u32 index = 0) {
            if (attached(index)) server_->slots_.signal(kept_slot(place_, index) + Attachment::kWake);
        }
        // It ends when nothing of it is in progress: what has not begun yet is to be answered with an error.
        bool is_ending() const { return server_->ended_[place_] || server_->is_broken(place_); }

        // For the dispatcher.
        auto& once() { return const_cast<Record&>(record()).last_reply; }
        u16& requests_in_progress() { return server_->view().requests_in_progress_at(place_); }
        void take_back() { server_->undo_log().abort(); }
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
        const Record& record() const { return server_->record(place_); }
        StatefulServer* server_ = nullptr;
        u32 place_ = 0;
    };

    StatefulServer(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots)
        : region_(memory, layout_version), slots_(slots), clients_(region_, region_->clients) {
        for (u32 place = 0; place < kSessions; ++place) {
            handles_[place].server_ = this;
            handles_[place].place_ = place;
        }
    }
    StatefulServer(const StatefulServer&) = delete;

    // Before the first request. State that cannot be used (OtherLayout, Damaged) is given up for a new one.
    RecoveryOutcome recover(u64 replies_delivered) {
        const RecoveryOutcome outcome = region_.recover(replies_delivered);
        if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) region_.reset();
        static_cast<void>(view().restore());
        for (u32 place = 0; place < kSessions; ++place) {
            stale_[place] = kReset && clients_.at(place);
            if constexpr (Service::kEvents != 0) recover_subscriptions(place);
        }
        return outcome;
    }
    // Behind it, where clients attach something: what lies in a slot without a record is from a step that was cut short.
    // `not_at_fault`: the incarnation before this one ended by order, so that what it took from a ring is no attempt.
    template <class Server>
    void recover_attachments(Server& self, bool not_at_fault) {
        for (u32 place = 0; place < kSessions; ++place)
            for (u32 index = 0; index < Attachment::kCount; ++index) {
                if (!clients_.at(place) || is_broken(place) || record(place).attachments[index].attached == 0) {
                    empty_slots(kept_slot(place, index), Attachment::kSlots);
                } else if (!open_attachment(self, place, index, record(place).attachments[index].area_bytes, not_at_fault).ok()) {
                    report_session("a session's attachment cannot be mapped again", place);
                    break_session(place);
                    detach(self, place, index);
                } else if constexpr (Attachment::kHasWake && !Attachment::kHasRing) {
                    handles_[place].signal(index);  // the dead one may have owed it
                }
            }
        look_again_ = true;
    }

    // Of a caller, for the dispatcher. LimitReached: there are too many clients.
    template <class Server>
    Result<Session*> open_session(Server& self, Badge badge) {
        const u32 place = view().place_of(badge);
        if (place == kSessions) [[unlikely]]
            return admit(self, badge);
        if (kReset && stale_[place]) [[unlikely]]
            return forget(place);
        if (is_broken(place)) [[unlikely]]
            return Error::ProtocolViolation;
        return &handles_[place];
    }
    // Null if there is none.
    Session* session(Badge badge) {
        const u32 place = view().place_of(badge);
        return place < kSessions ? &handles_[place] : nullptr;
    }
    // Of a place that a session has.
    Session& session_at(u32 place) { return handles_[place]; }
    template <class Visit>
    void for_each_session(Visit visit) {
        for (u32 place = 0; place < kSessions; ++place)
            if (clients_.at(place) && !stale_[place] && !handles_[place].is_ending()) visit(handles_[place]);
    }

    const Shared& shared() const { return region_->shared; }
    Result<Shared*> edit_shared() { return edit(region_->shared); }
    // Only a part of the shared state, where the whole is large.
    template <class Part>
    Result<Part*> edit(const Part& part) {
        EFT_CHECK(join_transaction());
        EFT_CHECK(undo_log().before_change(std::as_bytes(std::span(&part, 1))));
        return const_cast<Part*>(&part);
    }

    // Puts an event into the queue of everybody who has subscribed, and wakes them: `raise<Service::Changed>({...})`.
    template <class Method>
    Status raise(const typename Method::Response& event) {
        if (!event.fits()) return Error::InvalidArgument;
        for (u32 place = 0; place < kSessions; ++place) {
            if (!clients_.at(place) || Method::queue(record(place)).head.subscribed == 0) continue;
            const auto& queue = Method::queue(record(place));
            EFT_TRY(auto* head, edit_part(place, queue.head));
            EFT_TRY(auto* entry, edit_part(place, queue.entry(head->last + 1)));
            *entry = queue.encode(event);
            ++head->last;
            slots_.signal(slot_of(place, Method::kEvent));
        }
        return {};
    }

    // The end of a step without a reply.
    void commit_step() {
        view().seal();
        undo_log().close();
    }
    bool in_transaction() { return undo_log().phase() != UndoLog::Phase::Closed; }

    // names has sessions whose clients have ended.
    template <class Server, class Names>
    void close_ended(Server& self, Names& broker) {
        clients_.close_ended(broker, [this](u32 place) { ended_[place] = true; });
        close_idle(self);
    }

    // After each wake-up: takes what clients have submitted to their rings, wakes those who wait for what was completed, and
    // lets go of sessions that have ended. False: there is more, and others are to be heard before the next call.
    // A server of rings has a handler for each call of a ring, and may have
    //   bool progress()                         after entries were taken: begins what waits, completes what has ended; false:
    //                                           it wants another turn before this program sleeps
    //   Status attached(Session&, u32 index)    an area or ring has been mapped, also by a new incarnation; or an error
    //   void detaching(Session&, u32 index)     nothing of it is in progress, and it will be unmapped
    //   void closed(Session&)                   the session ends: what this incarnation has for it goes
    template <class Server>
    bool serve_rings(Server& self) {
        look_again_ = false;
        bool quiet = false;
        for (u32 round = 0; round < kRounds && !quiet; ++round) {
            if constexpr (Attachment::kHasRing) poll_rings(self);
            quiet = true;
            if constexpr (requires { self.progress(); }) quiet = self.progress();
            commit_step();
            close_idle(self);
            if constexpr (Attachment::kHasRing) quiet &= prepare_to_sleep();
        }
        return quiet;
    }
    // serve_rings() is due before this program sleeps: a client has attached something, or a server says so, whose handler of
    // a call has completed entries.
    void look_again() { look_again_ = true; }
    bool wants_look() const { return look_again_; }

    View& view() { return clients_.view(); }
    Region& region() { return region_; }

private:
    static constexpr u32 kRounds = 16;
    static constexpr u32 slot_of(u32 place, u32 event) { return place * kSlotsOfPlace + event; }
    static constexpr u32 kept_slot(u32 place, u32 index) { return place * kSlotsOfPlace + Service::kEvents + index * Attachment::kSlots; }
    bool is_broken(u32 place) const {
        if constexpr (Attachment::kHasRing) return record(place).broken != 0;
        else return false;
    }
    void empty_slots(u32 first, u32 count) {
        for (u32 slot = first; slot < first + count; ++slot) slots_.remove(slot);
    }
    auto& undo_log() { return region_.log(); }
    const Record& record(u32 place) const { return region_->clients.sessions[place]; }

    Status join_transaction() { return in_transaction() ? Status() : undo_log().begin(); }
    template <class Part>
    Result<Part*> edit_part(u32 place, const Part& part) {
        EFT_CHECK(join_transaction());
        return view().edit_part(place, part);
    }

    template <class Server>
    [[gnu::noinline, gnu::cold]] Result<Session*> admit(Server& self, Badge badge) {
        if (badge == Badge::None) return Error::StaleSession;
        close_idle(self);
        EFT_CHECK(undo_log().begin());
        if (auto opened = view().open(badge); !opened.ok()) {
            undo_log().abort();
            return opened.error();
        }
        commit_step();
        const u32 place = view().place_of(badge);
        stale_[place] = ended_[place] = false;
        empty_slots(slot_of(place, 0), Service::kEvents);
        return &handles_[place];
    }
    // Commits with the answer: a client that was not told finds the next incarnation as ignorant.
    [[gnu::noinline, gnu::cold]] Result<Session*> forget(u32 place) {
        EFT_CHECK(undo_log().begin());
        EFT_CHECK(view().close(clients_.badge_at(place)));
        return Error::StaleSession;
    }
    // A subscriber may wait for a signal that the dead one owed it.
    void recover_subscriptions(u32 place) {
        for (u32 event = 0; event < Service::kEvents; ++event) {
            const bool subscribed = clients_.at(place) && Service::subscribed(record(place), event);
            if (subscribed) slots_.signal(slot_of(place, event));
            else slots_.remove(slot_of(place, event));
        }
    }
    template <class Server>
    void close_idle(Server& self) {
        for (u32 place = 0; place < kSessions; ++place) {
            if (!clients_.at(place) || !handles_[place].is_ending()) continue;
            if (mapped_.in_progress(place) != 0 || handles_[place].requests_in_progress() != 0) continue;
            if constexpr (Attachment::kCount != 0)
                for (u32 index = 0; index < Attachment::kCount; ++index) {
                    if constexpr (Attachment::kHasWake) handles_[place].signal(index);  // who waits asks, and is told
                    detach(self, place, index);
                }
            if (!ended_[place]) continue;
            ended_[place] = false;
            if constexpr (requires { self.closed(handles_[place]); }) self.closed(handles_[place]);
            if constexpr (requires(Record& each) { each.last_reply; }) handles_[place].once().drop_caps();
            empty_slots(slot_of(place, 0), Service::kEvents);
            static_cast<void>(clients_.close_now(place));
        }
    }

    template <class Method, class Server>
    Result<typename Method::Response> attach_to(Server& self, ipc::Context& context, u32 place, typename Method::Request& request) {
        const u32 index = Method::index(request);
        const u64 area_bytes = Method::area_bytes(request);
        if (index >= Attachment::kCount) return Error::OutOfRange;
        if constexpr (Attachment::kHasArea)
            if (area_bytes == 0 || area_bytes % kPageSize != 0 || area_bytes > Attachment::kAreaMax) return Error::InvalidArgument;
        if (mapped_.in_progress(place, index) != 0) return Error::Busy;
        detach(self, place, index);
        auto answer = attach_now<Method>(self, context, place, index, request);
        if (!answer.ok()) {
            undo_log().abort();
            detach(self, place, index);
            empty_slots(kept_slot(place, index), Attachment::kSlots);
            return answer;
        }
        look_again_ = true;  // entries may be there already
        if constexpr (Attachment::kHasWake && !Attachment::kHasRing) slots_.signal(kept_slot(place, index) + Attachment::kWake);
        return answer;
    }
    // The capabilities in the slots are intents: a death before the commit leaves them for recover_attachments() to remove.
    template <class Method, class Server>
    Result<typename Method::Response> attach_now(Server& self, ipc::Context& context, u32 place, u32 index, typename Method::Request& request) {
        EFT_TRY(auto* kept, edit_part(place, record(place).attachments[index]));
        *kept = {Method::area_bytes(request), 1, 0};
        Status moved;
        request.for_each_cap([&](unsigned capability, auto& field) {
            if (moved.ok()) moved = slots_.keep(kept_slot(place, index) + capability, field.slot());
            if (moved.ok()) field.release();
        });
        EFT_CHECK(moved);
        EFT_CHECK(open_attachment(self, place, index, kept->area_bytes, false));
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
    template <class Server>
    Status open_attachment(Server& self, u32 place, u32 index, u64 area_bytes, bool not_at_fault) {
        Status opened = mapped_.open(slots_, kept_slot(place, index), place, index, area_bytes, not_at_fault);
        if constexpr (requires { self.attached(handles_[place], index); })
            if (opened.ok()) opened = self.attached(handles_[place], index);
        if (!opened.ok()) mapped_.close(place, index);
        return opened;
    }
    // Nothing of it is in progress. The record goes before the capabilities.
    template <class Server>
    void detach(Server& self, u32 place, u32 index) {
        if (mapped_.is_open(place, index)) {
            if constexpr (requires { self.detaching(handles_[place], index); }) self.detaching(handles_[place], index);
            mapped_.close(place, index);
        }
        if (record(place).attachments[index].attached == 0) return;
        static_cast<void>(clients_.change_now(place, [&](Record& changed) { changed.attachments[index] = {}; }));
        empty_slots(kept_slot(place, index), Attachment::kSlots);
    }

    template <class Server>
    void poll_rings(Server& self) {
        for (u32 place = 0; place < kSessions; ++place) {
            if (!clients_.at(place) || handles_[place].is_ending()) continue;
            for (u32 index = 0; index < Attachment::kCount && !is_broken(place); ++index) {
                if (!mapped_.is_open(place, index)) continue;
                const Status polled = Service::poll_ring(self, handles_[place], mapped_.at(place, index).consumer);
                commit_step();
                if (polled.ok()) continue;
                report_session("a client broke the rules of its ring: session", place);
                break_session(place);
            }
        }
    }
    // Each client is told once. True: nobody has submitted anything since.
    bool prepare_to_sleep() {
        bool quiet = true;
        for (u32 place = 0; place < kSessions; ++place)
            for (u32 index = 0; index < Attachment::kCount; ++index) {
                if (!mapped_.is_open(place, index) || handles_[place].is_ending()) continue;
                auto& consumer = mapped_.at(place, index).consumer;
                if (consumer.take_signal()) handles_[place].signal(index);
                quiet &= consumer.prepare_to_sleep();
            }
        return quiet;
    }
    void break_session(u32 place) {
        if constexpr (Attachment::kHasRing)
            static_cast<void>(clients_.change_now(place, [](Record& changed) { changed.broken = 1; }));
    }
    void report_session(const char* what, u32 place) {
        FixedText<120> line;
        log(line.append(what).append(" ").decimal(raw(clients_.badge_at(place))).view());
    }

    // A subscription goes on where it was if it is made again, by a subscriber that restarted.
    template <class Method, class Answer, class Request>
    Result<Answer> subscribe(u32 place, Request& request) {
        const auto& queue = Method::queue(record(place));
        const u32 slot = slot_of(place, Method::kEvent);
        EFT_TRY(auto* head, edit_part(place, queue.head));
        if (request.wake.present()) {
            EFT_CHECK(slots_.keep(slot, request.wake.slot()));
            request.wake.release();
            if (head->subscribed == 0) head->acknowledged = head->last;
            head->subscribed = 1;
            if (queue.waiting()) slots_.signal(slot);
        } else {
            slots_.remove(slot);
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

    Region region_;
    SessionSlots& slots_;
    Clients clients_;
    Attachments<Service, kSessions> mapped_;
    std::array<Session, kSessions> handles_;
    std::array<bool, kSessions> stale_{};  // of a dead incarnation, and not told yet
    std::array<bool, kSessions> ended_{};  // its client is gone, and a request of it is in progress
    bool look_again_ = false;
};

}  // namespace eft
