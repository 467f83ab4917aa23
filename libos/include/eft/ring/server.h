// The typed server of a ring: what a session holds for its client's ring, and how an entry reaches its handler.
//
// A handler of a ring call is `read(ring::Pending<Done>, Session&, const Read&)`. It returns
//   Result<Done>        the entry is completed at once,
//   Task<Result<Done>>  … when the coroutine ends (take the request by value),
//   void                … by pending.complete(), at any time, for example from an interrupt.
// The server calls Service::poll_ring() when the ring's notification was signalled and whenever it has completed
// something, signals the client if take_signal() says so, and waits only when prepare_to_sleep() is true.
#pragma once

#include <eft/ipc/serve.h>
#include <eft/ring/consumer.h>
#include <eft/ring/words.h>
#include <eft/step.h>

namespace eft::ring {

// The right to complete one entry with a Response. A number that may be copied and kept in a driver's own tables; the
// consumer must outlive it.
template <class Response>
class Pending {
public:
    Pending() = default;
    template <u32 Count>
    Pending(Consumer<Count>& consumer, u64 ticket)
        : consumer_(&consumer),
          ticket_(ticket),
          complete_([](void* to, u64 number, Error status, std::span<const u64> words) {
              static_cast<Consumer<Count>*>(to)->complete(number, status, words);
          }) {}

    u64 ticket() const { return ticket_; }
    // The same entry, for a table that holds entries of several calls; to be completed with an error, or without words.
    template <class Other>
    Pending<Other> as() const {
        Pending<Other> other;
        other.consumer_ = consumer_;
        other.ticket_ = ticket_;
        other.complete_ = complete_;
        return other;
    }

    void complete(Error error) const { complete_(consumer_, ticket_, error, {}); }
    void complete(const Response& response) const {
        u64 words[kMaxWords] = {};
        WordWriter out(words);
        response.encode(out);
        complete_(consumer_, ticket_, Error::None, std::span<const u64>(words));
    }
    void complete(const Result<Response>& result) const {
        if (result.ok())
            complete(*result);
        else
            complete(result.error());
    }

private:
    template <class Other>
    friend class Pending;
    void* consumer_ = nullptr;
    u64 ticket_ = 0;
    void (*complete_)(void*, u64, Error, std::span<const u64>) = nullptr;
};

// What a handler for a ring call with this response may return.
template <class Returned, class Response>
concept CompletesWith = std::is_void_v<Returned> || ipc::AnswersWith<Returned, Response>;

// Status stands for an Empty response.
template <class Response>
Result<Response> as_response(Result<Response> result) {
    return result;
}
template <class Response>
requires std::is_empty_v<Response> Result<Response> as_response(Status status) {
    if (!status.ok()) return status.error();
    return Response{};
}

template <class Method, class Server, class Session>
Task<void> serve_entry_later(Server& server, Session& session, Pending<typename Method::Response> pending,
                             typename Method::Request request) {
    auto work = Method::handle(server, pending, session, request);
    auto answer = co_await work;
    pending.complete(as_response<typename Method::Response>(answer));
}

template <class Method, u32 Count, class Server, class Session>
void serve_entry(Consumer<Count>& consumer, const Taken& taken, Server& server, Session& session) {
    using Request = typename Method::Request;
    using Response = typename Method::Response;
    entry_taken();
    Pending<Response> pending(consumer, taken.ticket);
    WordReader in(taken.words, consumer.area());
    if (!Request::check(in)) return pending.complete(Error::BadMessage);
    Request request = Request::load(in);
    using Returned = decltype(Method::handle(server, pending, session, request));
    if constexpr (std::is_void_v<Returned>) {
        Method::handle(server, pending, session, request);
    } else if constexpr (ipc::TaskValue<Returned>::kIsTask) {
        const StepFor served(step_session(), next_request());
        start_detached(serve_entry_later<Method>(server, session, pending, request));
    } else {
        pending.complete(as_response<Response>(Method::handle(server, pending, session, request)));
    }
}

}  // namespace eft::ring
