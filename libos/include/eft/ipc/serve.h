// One call on the server's side: check, load, hand to the handler, write the reply. Used by generated dispatchers.
//
// Everything that can be wrong with a message is found before the handler sees it. The handler's return type decides
// how it is answered: Result<Response> at once; Task<Result<Response>> later, from a coroutine of its own. An Empty
// response may be a plain Status.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/context.h>
#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>
#include <eft/ipc/method.h>
#include <eft/ipc/once.h>
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

// What a handler for a method with this response may return.
template <class Returned, class Response>
concept AnswersWith = std::is_same_v<typename TaskValue<Returned>::Type, Result<Response>> ||
    (std::is_empty_v<Response>&& std::is_same_v<typename TaskValue<Returned>::Type, Status>);

// Writes a reply into registers and page, and returns the error that the caller gets.
template <class Response, class Answer>
[[gnu::always_inline]] inline void write_reply(const Answer& answer, Registers& registers, Utcb& page) {
    if (!answer.ok()) {
        registers.tag = Tag(static_cast<u32>(answer.error()), 0);
        return;
    }
    if constexpr (std::is_same_v<Answer, Status>) {
        registers.tag = Tag(0, 0);
    } else {
        if (!answer->fits()) [[unlikely]] {  // the handler's mistake; its caller cannot repair it
            registers.tag = Tag(static_cast<u32>(Error::ProtocolViolation), 0);
            return;
        }
        MessageWriter<Response> out(registers, page);
        answer->encode(out);
        registers.tag = out.tag(0);
    }
}

// A session whose changes are taken back when the handler's answer is an error (state/stateful_server.h).
template <class Session>
concept TakesBack = requires(Session& session) { session.take_back(); };

// A handler that waits. The request, its tail and the right to answer live in this coroutine's frame.
template <class Method, class Server, class... Session>
Task<void> serve_later(Server& server, Deferred deferred, Context context, typename Method::Request request,
                       TailBuffer<Method::Request::kTailWords> tail, const void* old_tail, Session&... session) {
    if constexpr (Method::Request::kTailWords != 0) request.follow_tail(old_tail, tail.words);
    auto work = Method::handle(server, context, session..., request);
    auto answer = co_await work;
    if constexpr ((TakesBack<Session> || ...))
        if (!answer.ok()) (session.take_back(), ...);
    Registers registers;
    write_reply<typename Method::Response>(answer, registers, deferred.page());
    deferred.answer(registers);
    if constexpr (Method::kInflight != 0)
        if (auto* open_session = server.session(context.badge())) --open_session->requests_in_progress();
}

template <class Method, class Server, class... Session>
Outcome defer(Server& server, Context& context, IncomingMessage& message, typename Method::Request& request,
              TailBuffer<Method::Request::kTailWords>& tail, Session&... session) {
    if constexpr (Method::kInflight != 0)
        if (((session.requests_in_progress() >= Method::kInflight) || ...)) return message.refuse(Error::Busy);
    auto reply = context.loop().keep_reply();
    if (!reply.ok()) return message.refuse(reply.error());
    if constexpr (Method::kInflight != 0) (++session.requests_in_progress(), ...);
    const void* old_tail = &tail;
    start_detached(serve_later<Method, Server, Session...>(server, Deferred(context.loop(), *reply), context,
                                                           std::move(request), tail, old_tail, session...));
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

// Session is empty for services without sessions, else the one that the badge names.
template <class Method, class Server, class... Session>
Outcome serve(Server& server, Context& context, IncomingMessage& message, Session&... session) {
    using Request = typename Method::Request;
    using Response = typename Method::Response;
    using Returned = TaskValue<decltype(Method::handle(server, context, session..., std::declval<Request&>()))>;

    if constexpr (Method::kOnce) {
        static_assert(!Returned::kIsTask, "a `once` method ends in its own step: its reply commits with its effects");
        if ((session.once().holds(message.registers.tag) || ...)) {
            (session.once().replay(message.registers, message.page), ...);
            return Outcome::Reply;
        }
    }

    std::span<std::byte> area;
    if constexpr (Request::kHasArea) ((area = session.area()), ...);
    MessageReader<Request> in(message.registers, message.page, message.caps, area);
    if (!in.open() || !Request::check(in)) [[unlikely]]
        return message.refuse(Error::BadMessage);
    TailBuffer<Request::kTailWords> tail;
    in.keep_tail(tail);
    Request request = Request::load(in);

    if constexpr (Method::kCarrier != Carrier::Call) {
        static_cast<void>(Method::handle(server, context, session..., request));
        message.registers.tag = Tag(0, 0);
        return Outcome::NoReply;
    } else if constexpr (Returned::kIsTask) {
        return defer<Method>(server, context, message, request, tail, session...);
    } else {
        [[maybe_unused]] Tag request_tag = message.registers.tag;
        auto answer = Method::handle(server, context, session..., request);
        if constexpr ((TakesBack<Session> || ...))
            if (!answer.ok()) [[unlikely]]
                (session.take_back(), ...);
        write_reply<Response>(answer, message.registers, message.page);
        if constexpr (Method::kOnce)
            (remember_reply<Response>(session.once(), request_tag, answer, message, context), ...);
        if constexpr (Response::kCaps != 0)
            if (answer.ok()) answer->for_each_cap([&](unsigned, auto& field) { message.outgoing.keep(field); });
        return Outcome::Reply;
    }
}

}  // namespace eft::ipc
