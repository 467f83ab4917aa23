// One call on the server's side: check, load, hand to the handler, write the reply. Used by generated dispatchers.
//
// Everything that can be wrong with a message is found before the handler sees it. The handler's return type decides
// how it is answered: Result<Response> at once; Task<Result<Response>> later, from a coroutine of its own. An Empty
// response may be a plain Status.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/call_result.h>
#include <eft/ipc/context.h>
#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>
#include <eft/ipc/method.h>
#include <eft/ipc/once.h>
#include <eft/ipc/waiting_requests.h>
#include <eft/task.h>

namespace eft::ipc {

template <class T>
struct TaskValue {
    static constexpr bool kIsTask = false;
    using Type = T;
};
template <class T>
struct TaskValue<Task<T>> {
    static constexpr bool kIsTask = true;
    using Type = T;
};

struct NoOwnErrors;

// What a handler for a method with this response, and errors of its own, may return.
template <class Returned, class Response, class Own = NoOwnErrors>
concept AnswersWith = std::is_same_v<typename TaskValue<Returned>::Type, Result<Response>> ||
    std::is_same_v<typename TaskValue<Returned>::Type, CallResult<Response, Own>> ||
    (std::is_empty_v<Response> && (std::is_same_v<typename TaskValue<Returned>::Type, Status> ||
                                   std::is_same_v<typename TaskValue<Returned>::Type, CallStatus<Own>>));

// Writes a reply into registers and page. What is made for it alone goes when it has gone, with `outgoing`.
template <class Response, class Answer>
[[gnu::always_inline]] inline void write_reply(const Answer& answer, Registers& registers, Utcb& page,
                                               OutgoingCaps& outgoing) {
    if (!answer.ok()) {
        registers.tag = Tag(static_cast<u32>(answer.error()), 0);
        return;
    }
    if constexpr (std::is_base_of_v<Status, Answer>) {
        registers.tag = Tag(0, 0);
    } else {
        if (!answer->fits()) [[unlikely]] {  // the handler's mistake; its caller cannot repair it
            registers.tag = Tag(static_cast<u32>(Error::ProtocolViolation), 0);
            return;
        }
        MessageWriter<Response> out(registers, page);
        answer->encode(out);
        registers.tag = out.complete() ? out.tag(0) : Tag(static_cast<u32>(Error::ProtocolViolation), 0);
        if constexpr (Response::kNarrows) out.keep_narrowed(outgoing);
    }
}

// A session whose changes are taken back when the handler's answer is an error (state/stateful_server.h).
template <class Session>
concept TakesBack = requires(Session& session) { session.take_back(); };

// Counts a request that waits in its session, whose place is not reused meanwhile.
template <class... Session>
class InProgress {
public:
    explicit InProgress(Session&... session) : counts_{&session.requests_in_progress()...} {
        for (u16* count : counts_) ++*count;
    }
    InProgress(const InProgress&) = delete;
    InProgress& operator=(const InProgress&) = delete;
    ~InProgress() {
        for (u16* count : counts_) --*count;
    }

private:
    std::array<u16*, sizeof...(Session)> counts_;
};

// A handler that waits. The request, its tail and the right to answer live in this coroutine's frame. It is counted until
// after its answer; where its session ends first, it is cancelled.
template <class Method, class Server, class... Session>
Task<void> serve_later(Server& server, Deferred deferred, Context context, Received<typename Method::Request> request,
                       TailBuffer<Method::Request::kTailWords> tail, const void* old_tail, u64 started,
                       Session&... session) {
    const InProgress<Session...> counted(session...);
    if constexpr (Method::Request::kTailWords != 0) request.follow_tail(old_tail, tail.words);
    auto work = Method::handle(server, context, session..., request);
    auto answer = co_await work;
    if constexpr ((TakesBack<Session> || ...))
        if (!answer.ok()) (session.take_back(), ...);
    if constexpr (Method::kWithinNs != 0)
        context.loop().timed_answer(Method::kLabel, raw(context.badge()), started, Method::kWithinNs);
    Registers registers;
    OutgoingCaps outgoing;
    write_reply<typename Method::Response>(answer, registers, deferred.page(), outgoing);
    deferred.answer(registers);
}

template <class Method, class Server, class... Session>
Outcome defer(Server& server, Context& context, IncomingMessage& message, Received<typename Method::Request>& request,
              TailBuffer<Method::Request::kTailWords>& tail, u64 started, Session&... session) {
    if constexpr (Method::kInflight != 0)
        if (((session.requests_in_progress() >= Method::kInflight) || ...)) return message.refuse(Error::Busy);
    auto reply = context.loop().keep_reply();
    if (!reply.ok()) return message.refuse(reply.error());
    const void* old_tail = &tail;
    auto work = serve_later<Method, Server, Session...>(server, Deferred(context.loop(), *reply), context, std::move(request), tail,
                                                        old_tail, started, session...);
    WaitingRequests::start(raw(context.badge()), &server, std::move(work));
    return Outcome::Deferred;
}

// The reply of a `once` method is remembered in the session before it goes out.
template <class Response, class Answer, class Record>
void remember_reply(Record& record, Tag request, Answer& answer, IncomingMessage& message, Context& context) {
    if (request.sequence() == 0) return;
    context.loop().before_change(std::as_writable_bytes(std::span(&record, 1)));
    record.drop_caps();
    record.remember(request, message.registers, message.page);
    if constexpr (Response::kCaps != 0)
        if (answer.ok())
            answer->for_each_cap([&](unsigned index, auto& field) {
                if (!field.owned()) return;
                record.owned_caps |= 1u << index;
                field.release();
            });
}

template <class Method, class Server, class... Session>
[[gnu::always_inline]] inline Outcome serve_here(Server& server, Context& context, IncomingMessage& message, Session&... session) {
    using Request = typename Method::Request;
    using Response = typename Method::Response;
    using Returned = TaskValue<decltype(Method::handle(server, context, session..., std::declval<Received<Request>&>()))>;

    if constexpr (Method::kOnce) {
        static_assert(!Returned::kIsTask, "a `once` method ends in its own step: its reply commits with its effects");
        if ((session.once().holds(message.registers.tag) || ...)) {
            (session.once().replay(message.registers, message.page), ...);
            return Outcome::Reply;
        }
    }

    u64 started = 0;
    if constexpr (Method::kWithinNs != 0) started = context.loop().time_stamp();
    std::span<std::byte> area;
    if constexpr (Request::kHasArea) ((area = session.area()), ...);
    MessageReader<Request> in(message.registers, message.page, message.caps, area);
    if (!in.open() || !Request::check(in)) [[unlikely]]
        return message.refuse(Error::BadMessage);
    TailBuffer<Request::kTailWords> tail;
    in.keep_tail(tail);
    Received<Request> request = Request::load(in);

    if constexpr (Method::kCarrier != Carrier::Call) {
        static_cast<void>(Method::handle(server, context, session..., request));
        message.registers.tag = Tag(0, 0);
        return Outcome::NoReply;
    } else if constexpr (Returned::kIsTask) {
        return defer<Method>(server, context, message, request, tail, started, session...);
    } else {
        [[maybe_unused]] Tag request_tag = message.registers.tag;
        auto answer = Method::handle(server, context, session..., request);
        if constexpr (Method::kWithinNs != 0)
            context.loop().timed_answer(Method::kLabel, raw(context.badge()), started, Method::kWithinNs);
        if constexpr ((TakesBack<Session> || ...))
            if (!answer.ok()) [[unlikely]]
                (session.take_back(), ...);
        write_reply<Response>(answer, message.registers, message.page, message.outgoing);
        if constexpr (Method::kOnce)
            (remember_reply<Response>(session.once(), request_tag, answer, message, context), ...);
        if constexpr (Response::kCaps != 0)
            if (answer.ok()) answer->for_each_cap([&](unsigned, auto& field) { message.outgoing.keep(field); });
        return Outcome::Reply;
    }
}

// Runs `work` with a copy of the message whose address may get out.
template <class Work>
[[gnu::always_inline]] inline Outcome with_copy(IncomingMessage& message, Work work) {
    IncomingMessage copy(std::move(message));
    const Outcome outcome = work(copy);
    message.registers = copy.registers;
    return outcome;
}

template <class Method, class Server, class... Session>
[[gnu::noinline]] Outcome serve_apart(Server& server, Context context, IncomingMessage& message, Session&... session) {
    return serve_here<Method>(server, context, message, session...);
}

// Little code deals with it, which is worth to be inlined.
template <class Table>
constexpr bool kShort = Table::kFlatWords <= kRegisterWords && Table::kTailWords <= 16 && Table::kCaps == 0 && !Table::kHasArea;

// Session is empty for services without sessions, else the one that the badge names.
template <class Method, class Server, class... Session>
[[gnu::always_inline]] inline Outcome serve(Server& server, const Context& context, IncomingMessage& message, Session&... session) {
    using Returned = TaskValue<decltype(Method::handle(server, std::declval<Context&>(), session..., std::declval<Received<typename Method::Request>&>()))>;
    if constexpr (kShort<typename Method::Request> && kShort<typename Method::Response> && !Method::kOnce && !Returned::kIsTask) {
        Context own = context;
        return serve_here<Method>(server, own, message, session...);
    } else {
        return with_copy(message, [&](IncomingMessage& copy) { return serve_apart<Method>(server, context, copy, session...); });
    }
}

}  // namespace eft::ipc
