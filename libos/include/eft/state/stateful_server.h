// A server whose state survives it: what the generated dispatcher needs of sessions, and what a handler needs of memory.
// A server of an interface with `session:"Table"` derives from it, and main() is run_server<Server>() (run_server.h).
//
//   struct State { u64 value = 0; };                                       // shared by all clients
//   struct Server : StatefulServer<counter::Counter, State> {
//       using StatefulServer::StatefulServer;
//       Result<counter::Value> add(ipc::Context&, Session& session, const counter::Amount& amount) {
//           EFT_TRY(counter::Client * mine, session.edit());               // of this client: the interface's table
//           EFT_TRY(State * state, edit_shared());
//           ...
//
//   | shared | badges, checks, SessionRecord[Sessions]: state, last `once` reply, event queues |   in a state region
//
// The first request of a badge opens its session, a closed one (names tells) ends it: when its last request has ended.
// A step's changes are one transaction, without a word of the handler's: the first edit() begins it, it commits with the
// reply, and an answer that is an error takes it back. A step without a reply commits at its end. There is no co_await
// between an edit and the answer; run_server() stops the server where there is.
//
// on_restart:"reattach": sessions are as the last reply left them. on_restart:"reset": each session that the dead
// incarnation had is told StaleSession once, by an answer that forgets it, and starts over with the next request.
#pragma once

#include <eft/ipc/context.h>
#include <eft/ipc/event_queue.h>
#include <eft/ipc/method.h>
#include <eft/ipc/once.h>
#include <eft/state/client_sessions.h>

#include <algorithm>
#include <array>

namespace eft {

// The slots in which notifications of subscribers outlive the incarnation, by number.
class SessionSlots {
public:
    // Moves a received capability there, in place of what lies there.
    virtual Status keep(u32 index, Slot received) = 0;
    virtual void remove(u32 index) = 0;
    virtual void signal(u32 index) = 0;

protected:
    ~SessionSlots() = default;
};

struct NoSharedState {};

template <class ServiceType, class Shared = NoSharedState, u32 SessionCount = 16>
class StatefulServer {
    using Record = typename ServiceType::SessionRecord;
    using SessionState = decltype(Record::state);
    static constexpr bool kReset = ServiceType::kSessions == ipc::Sessions::Reset;

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
    static constexpr u32 kSlots = SessionCount * Service::kEvents;

    // One client, for handlers.
    class Session {
    public:
        const SessionState& operator*() const { return record().state; }
        const SessionState* operator->() const { return &record().state; }
        // To be changed at will in this step. LimitReached: too much is changed in one step.
        Result<SessionState*> edit() { return server_->edit_part(place_, record().state); }
        Badge badge() const { return server_->clients_.badge_at(place_); }
        u32 place() const { return place_; }

        // For the dispatcher.
        auto& once() { return const_cast<Record&>(record()).last_reply; }
        u16& requests_in_progress() { return server_->view().requests_in_progress_at(place_); }
        void take_back() { server_->log().abort(); }
        template <class Method>
        Result<typename Method::Response> next_event(u64 after) {
            return server_->template next_event<Method>(place_, after);
        }
        template <class Method, class Answer, class Request>
        Result<Answer> subscribe(Request&& request) {
            return server_->template subscribe<Method, Answer>(place_, request);
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

    // Of a caller, for the dispatcher. LimitReached: there are too many clients.
    Result<Session*> open_session(Badge badge) {
        const u32 place = view().place_of(badge);
        if (place == kSessions) [[unlikely]]
            return admit(badge);
        if (kReset && stale_[place]) [[unlikely]]
            return forget(place);
        return &handles_[place];
    }
    // Null if there is none.
    Session* session(Badge badge) {
        const u32 place = view().place_of(badge);
        return place < kSessions ? &handles_[place] : nullptr;
    }
    template <class Visit>
    void for_each_session(Visit visit) {
        for (u32 place = 0; place < kSessions; ++place)
            if (clients_.at(place) && !stale_[place] && !ended_[place]) visit(handles_[place]);
    }

    const Shared& shared() const { return region_->shared; }
    Result<Shared*> edit_shared() { return edit(region_->shared); }
    // Only a part of the shared state, where the whole is large.
    template <class Part>
    Result<Part*> edit(const Part& part) {
        EFT_CHECK(join_transaction());
        EFT_CHECK(log().before_change(std::as_bytes(std::span(&part, 1))));
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
        log().close();
    }
    bool in_transaction() { return log().phase() != UndoLog::Phase::Closed; }

    // names has sessions whose clients have ended.
    template <class Names>
    void close_ended(Names& broker) {
        clients_.close_ended(broker, [this](u32 place) { ended_[place] = true; });
        close_idle();
    }

    View& view() { return clients_.view(); }
    Region& region() { return region_; }

private:
    static constexpr u32 slot_of(u32 place, u32 event) { return place * Service::kEvents + event; }
    auto& log() { return region_.log(); }
    const Record& record(u32 place) const { return region_->clients.sessions[place]; }

    Status join_transaction() { return in_transaction() ? Status() : log().begin(); }
    template <class Part>
    Result<Part*> edit_part(u32 place, const Part& part) {
        EFT_CHECK(join_transaction());
        return view().edit_part(place, part);
    }

    [[gnu::noinline, gnu::cold]] Result<Session*> admit(Badge badge) {
        if (badge == Badge::None) return Error::StaleSession;
        close_idle();
        EFT_CHECK(log().begin());
        if (auto opened = view().open(badge); !opened.ok()) {
            log().abort();
            return opened.error();
        }
        commit_step();
        const u32 place = view().place_of(badge);
        stale_[place] = ended_[place] = false;
        for (u32 event = 0; event < Service::kEvents; ++event) slots_.remove(slot_of(place, event));
        return &handles_[place];
    }
    // Commits with the answer: a client that was not told finds the next incarnation as ignorant.
    [[gnu::noinline, gnu::cold]] Result<Session*> forget(u32 place) {
        EFT_CHECK(log().begin());
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
    void close_idle() {
        for (u32 place = 0; place < kSessions; ++place) {
            if (!ended_[place] || handles_[place].requests_in_progress() != 0) continue;
            ended_[place] = false;
            if constexpr (requires(Record& each) { each.last_reply; }) handles_[place].once().drop_caps();
            for (u32 event = 0; event < Service::kEvents; ++event) slots_.remove(slot_of(place, event));
            static_cast<void>(clients_.close_now(place));
        }
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
    std::array<Session, kSessions> handles_;
    std::array<bool, kSessions> stale_{};  // of a dead incarnation, and not told yet
    std::array<bool, kSessions> ended_{};  // its client is gone, and a request of it is in progress
};

}  // namespace eft
