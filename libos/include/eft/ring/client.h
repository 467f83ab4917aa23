// The typed client of a ring; generated classes (BlockRing) derive from it and name the calls.
//
// Each call has two forms: submit_read() gives a ticket whose completion take_completion() returns later, in any order;
// `co_await ring.read(request)` suspends the coroutine until the completion is there. Somebody calls on_wake() whenever
// the ring's notification was signalled, and prepare_to_sleep() before waiting for it.
//
// The death of the server is not seen here: a new incarnation does unfinished entries again. Where there is none for the
// time being, hold() ends what waits with ServiceHeld, until go_on(). Where the session is given up, fail() ends it for good.
//
// A coroutine that is cancelled while it waits leaves its entry in the ring: the server still works on it, and may
// still write to its part of the area, until in_flight(ticket) is false.
#pragma once

#include <eft/ring/producer.h>
#include <eft/ring/words.h>
#include <eft/wait_list.h>

#include <concepts>

namespace eft::ring {

// How a side wakes the other: `signal()` on the notification that it was given.
template <class T>
concept Wake = requires(T& wake) {
    wake.signal();
};

// The response of a completion of a call of this method. BadMessage if it is none.
template <class Method>
Result<typename Method::Response> response_of(const Completion& completion) {
    if (completion.status != Error::None) return completion.status;
    if (completion.label != Method::kLabel) return Error::InvalidArgument;  // the caller's mistake
    WordReader in(completion.words);
    if (!Method::Response::check(in)) return Error::BadMessage;
    return Method::Response::load(in);
}

template <class Service, Wake W>
class Client {
public:
    static constexpr u32 kEntries = Service::kRingEntries;
    // The memory that create() needs.
    static constexpr u64 kMemoryBytes =
        Geometry::of(kEntries, Service::kRingRequestWords, Service::kRingResponseWords, 0).memory_bytes();

    Client() = default;
    explicit Client(W wake) : wake_(std::move(wake)) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Formats the ring's memory, before it is given to the server with Attach.
    Status create(std::span<std::byte> memory, u64 area_bytes) {
        auto producer =
            Producer<kEntries>::create(memory, Service::kRingRequestWords, Service::kRingResponseWords, area_bytes);
        if (!producer.ok()) return producer.error();
        producer_ = *producer;
        failed_ = Error::None;
        return {};
    }

    // The oldest completion that no coroutine waits for; none if there is none, or ServiceHeld while hold() lasts.
    Result<std::optional<Completion>> take_completion() {
        if (has_failed()) return failed_;
        auto taken = producer_.take([this](u64 ticket) { return !waiter(ticket).awaited; });
        if (!taken.ok()) fail(taken.error());
        else if (!taken->has_value() && is_held()) return failed_;
        return taken;
    }

    // The notification was signalled: resumes the coroutines whose completions are there. What was submitted by ticket
    // stays for take_completion(). What they submit and is completed at once has its turn, too, but no more than a ring of them:
    // otherwise they would keep the program from all else. A coroutine that is resumed must not destroy this object.
    void on_wake() {
        for (u32 most = kEntries; most != 0 && !has_failed(); --most) {
            auto taken = producer_.take([this](u64 ticket) { return waiter(ticket).awaited; });
            if (!taken.ok()) return fail(taken.error());
            if (!taken->has_value()) break;
            Waiter& to = waiter((*taken)->ticket);
            to.awaited = false;
            to.give(**taken);
        }
        if (!producer_.full()) want_room_.wake_all({});
    }

    bool is_full() const { return producer_.full(); }
    // Until an entry is free, for coroutines that may be more than the ring has entries for. A request that waits keeps its
    // entry, and the ring does not come round to those behind it.
    Task<Status> room() {
        for (;;) {
            EFT_CO_CHECK(usable());
            if (!producer_.full()) co_return Status{};
            eft::Waiter waiter(want_room_);
            EFT_CO_CHECK(co_await waiter.woken);
        }
    }

    // While this is there the server is not signalled for what is submitted: when it ends, once. So a server that is more
    // important than its client is not woken for each entry. It is not kept while the program waits for anything.
    class [[nodiscard]] Batch {
    public:
        explicit Batch(Client& client) : client_(client) { ++client_.batches_; }
        Batch(const Batch&) = delete;
        ~Batch() {
            if (--client_.batches_ == 0 && std::exchange(client_.signal_due_, false)) client_.wake_.signal();
        }

    private:
        Client& client_;
    };

    ConsumerState consumer_state() const { return producer_.consumer_state(); }
    // False: completions are there already.
    bool prepare_to_sleep() { return has_failed() || producer_.prepare_to_sleep(); }
    // For take_completion().
    bool has_completions() const { return !has_failed() && producer_.anything_done(); }
    bool in_flight(u64 ticket) const { return producer_.in_flight(ticket); }
    u64 in_flight() const { return producer_.in_flight(); }
    Producer<kEntries>& producer() { return producer_; }

    // Every coroutine that waits, and every later call, gets `error`.
    void fail(Error error) {
        failed_ = error;
        for (Waiter& each : waiters_) each.ends = each.awaited;
        for (Waiter& each : waiters_)
            if (std::exchange(each.ends, false)) each.give({.status = error});
        want_room_.wake_all(error);
    }
    // The service is held: as fail(ServiceHeld), until go_on(). The entries stay in the ring. When the service is started
    // again it does them, and may write to their parts of the area; nobody waits for their completions any more.
    void hold() {
        if (failed_ == Error::None) fail(Error::ServiceHeld);
    }
    void go_on() {
        if (is_held()) failed_ = Error::None;
    }
    bool is_held() const { return failed_ == Error::ServiceHeld; }
    // For good.
    bool has_failed() const { return failed_ != Error::None && !is_held(); }
    // `owner.look()` is called before a call fails because of hold(), and calls go_on() if the service is back. The owner
    // outlives this.
    template <class Owner>
    void on_held(Owner& owner) {
        owner_ = &owner;
        look_ = [](void* object) { static_cast<Owner*>(object)->look(); };
    }

    // The session of the ring, and whom to tell that an answer in it is doubted.
    void on_doubt(Slot session, void (*tell)(Slot session, u32 label, Error error)) {
        session_ = session;
        tell_ = tell;
    }
    // An error that another incarnation might not answer (`suspect`): the supervisor was told, and the request is to be submitted
    // again, once.
    template <class Method>
    bool doubts(Error error, bool& doubted) const {
        if constexpr (requires { Method::suspects(error); }) {
            if (doubted || !tell_ || !Method::suspects(error)) return false;
            tell_(session_, Method::kLabel, error);
            doubted = true;
            return true;
        }
        return false;
    }

    // Why a call would fail; ServiceHeld only if the service is not back.
    Status usable() {
        if (is_held() && look_) [[unlikely]]
            look_(owner_);
        return failed_;
    }

protected:
    template <class Method>
    Result<u64> submit(const typename Method::Request& request, u32 attempts = 0) {
        EFT_CHECK(usable());
        u64 words[kMaxWords] = {};
        WordWriter out(words);
        request.encode(out);
        bool needs_signal = false;
        auto ticket = producer_.submit(Method::kLabel, words, needs_signal, attempts);
        if (needs_signal && batches_ == 0) wake_.signal();
        signal_due_ |= needs_signal && batches_ != 0;
        return ticket;
    }

    template <class Method>
    class [[nodiscard]] Call {
    public:
        Call(Client& client, Result<u64> ticket) : client_(client), ticket_(ticket) {
            if (ticket_.ok()) client_.await_completion(*ticket_);
        }
        bool await_ready() const noexcept { return !ticket_.ok(); }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
            Waiter& waiter = client_.waiter(*ticket_);
            waiter.completion = &completion_;
            waiter.point.suspend(waiting);
        }
        Result<typename Method::Response> await_resume() {
            if (!ticket_.ok()) return ticket_.error();
            return response_of<Method>(completion_);
        }
        // So often a server had taken it, when it was completed.
        u32 attempts() const { return completion_.attempts; }

    private:
        Client& client_;
        Result<u64> ticket_;
        Completion completion_;
    };

    // As a Call; where the answer is StaleSession, the session's client opens again what the request names, and the request
    // is submitted again. It keeps its count of attempts, so that one which kills its server is given up all the same; the
    // incarnation that answered StaleSession has not tried.
    template <class Opens, class Method, class Session>
    Task<Result<typename Method::Response>> call_and_open_again(Session& session, typename Method::Request request) {
        u32 attempts = 0;
        bool doubted = false;
        for (unsigned reopened = 0;; ++reopened) {
            const u32 generation = session.template generation<Opens, Method>(request);
            const Result<u64> ticket = submit<Method>(request, attempts);
            auto call = Call<Method>(*this, ticket);
            Result<typename Method::Response> answer = co_await call;
            if (!answer.ok() && doubts<Method>(answer.error(), doubted)) {
                attempts = 0;
                continue;
            }
            if (answer.error() != Error::StaleSession) co_return answer;
            if (reopened == kMostReopenings) co_return Error::ServiceFailed;
            attempts = call.attempts();
            if (attempts != 0) --attempts;
            if (generation != session.template generation<Opens, Method>(request)) continue;
            const auto open_again = [&] { return session.template open_again<Method>(request); };
            if constexpr (requires { session.transport().run(open_again); }) {  // it must not wait here: ipc/detour.h
                EFT_CO_CHECK(co_await session.transport().run(open_again));
            } else {
                EFT_CO_CHECK(open_again());
            }
        }
    }

private:
    static constexpr unsigned kMostReopenings = 16;  // a server that forgets for ever is not asked for ever

    struct Waiter {
        WaitPoint point;
        Completion* completion = nullptr;  // of the coroutine that waits
        bool awaited = false;
        bool ends = false;  // fail() is about to tell it

        // Nobody, if the coroutine was cancelled or told that the service is held.
        void give(const Completion& what) {
            if (!point.occupied()) return;
            *completion = what;
            point.resume();
        }
    };
    Waiter& waiter(u64 ticket) { return waiters_[ticket % kEntries]; }
    void await_completion(u64 ticket) { waiter(ticket).awaited = true; }

    W wake_;
    Slot session_ = Slot::None;
    void (*tell_)(Slot session, u32 label, Error error) = nullptr;
    Producer<kEntries> producer_;
    Error failed_ = Error::WrongState;  // until create()
    u32 batches_ = 0;
    bool signal_due_ = false;
    void* owner_ = nullptr;
    void (*look_)(void*) = nullptr;
    Waiter waiters_[kEntries];
    WaitList want_room_;
};

}  // namespace eft::ring
