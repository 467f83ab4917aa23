// The client's side of a call, with what the interface declares about the death of the server. Generated clients derive
// from Client and name their methods.
//
// What comes back from a server is checked like what goes in. Strings and vectors of a response point into the thread's
// message page: they are valid until its next call. Requests are encoded again for a repeat, from the caller's struct,
// so that nothing is kept on the way; capabilities are derived by the kernel, so originals never leave.
//
// A request whose server died under it twice is not sent a third time: ServiceFailed. The same if the supervisor closed
// the session in the meantime, because it killed its server too often.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>
#include <eft/ipc/method.h>
#include <eft/ipc/unsettled.h>

#include <concepts>

namespace eft::ipc {

// How a client reaches its server. Each function answers with the system call's own error; the server's is in the tag.
template <class T>
concept Transport = requires(T& transport, Registers& registers) {
    { transport.call(registers) } -> std::same_as<Error>;
    { transport.send(registers) } -> std::same_as<Error>;
    { transport.poll_send(registers) } -> std::same_as<Error>;
    { transport.page() } -> std::same_as<Utcb&>;
};

// Of a successful reply whose tag is always the same: a message without tail and capabilities.
template <class Table>
constexpr bool kHasUsualTag = Table::kTailWords == 0 && Table::kCaps == 0;
template <class Table>
constexpr Tag kUsualTag = Tag(0, Table::kFlatWords);

template <Transport T>
class Client {
public:
    template <class... Arguments>
    requires std::constructible_from<T, Arguments...>
    explicit Client(Arguments&&... arguments) : transport_(std::forward<Arguments>(arguments)...) {}

    T& transport() { return transport_; }
    // A client can stand where a capability to its session is sent.
    Slot slot() const
        requires requires(const T& transport) { transport.slot(); }
    {
        return transport_.slot();
    }

    // Opens the session again after its server restarted: called with the client, which still has its old capability;
    // asks the parent again, replaces the transport, attaches. Its own calls through this client are not repeated.
    // The owner has a member `Status reopen(Client&)` and outlives the client.
    template <class Owner>
    void on_reopen(Owner& owner) {
        owner_ = &owner;
        reopen_ = [](void* object, Client& client) { return static_cast<Owner*>(object)->reopen(client); };
    }

    // What the interface's calls open (`opens`) is kept there and opened again where a restarted server has forgotten it;
    // see opens.h. A generated client has it only for its own interface's Opens.
    template <class Opens>
    void keep_opens(Opens& opens) {
        opens_ = &opens;
        open_again_ = [](void* object, Client& client, u32 opening, u64 key) {
            return static_cast<Opens*>(object)->open_again(client, opening, key);
        };
    }
    // Of a request that travelled otherwise (through a ring) and was answered StaleSession: opens again what it names. The
    // generation says whether somebody else has done so since it was sent.
    template <class Method>
    Status open_again(const typename Method::Request& request) {
        Attempts attempts;
        return reopen(Error::StaleSession, Method::kRestart, needed_by<Method>(request), attempts);
    }
    template <class Opens, class Method>
    u32 generation(const typename Method::Request& request) const {
        return opens_ ? static_cast<Opens*>(opens_)->template of<typename Method::Opener>().generation(Method::key(request)) : 0;
    }
    // For Opens: without any repeat.
    template <class Method, class Message>
    Result<Received<typename Method::Response>> send_kept(const Message& message) {
        Registers registers;
        message.send(registers, transport_.page());
        Error error = transport_.call(registers);
        if (error == Error::None) error = static_cast<Error>(registers.tag.label());
        if (error != Error::None) return error;
        return receive<Method>(registers);
    }
    template <class Method>
    Status send_closing(u64 key) {
        return call<Method>(Method::with_key(key)).error();
    }

    // The number of the last `once` call. A caller that restarts sets what it has kept, and repeats with the same.
    u16 sequence() const { return sequence_; }
    void set_sequence(u16 last) { sequence_ = last; }
    // Lossy messages that nobody was there to take.
    u64 dropped() const { return dropped_; }

protected:
    // Inlined into the program: a short message goes from its variables to the processor's registers.
    template <class Method>
    [[gnu::always_inline]] Result<Received<typename Method::Response>> call(const typename Method::Request& request) {
        if (!request.fits()) [[unlikely]]
            return Error::InvalidArgument;
        u16 sequence = Method::kOnce ? next_sequence() : 0;
        Registers registers;
        Error error = exchange<Method>(request, registers, sequence);
        if constexpr (kHasUsualTag<typename Method::Response>) {  // recognised as a whole
            constexpr Tag usual = kUsualTag<typename Method::Response>;
            if (error == Error::None && registers.tag.value == usual.value) [[likely]] {
                registers.tag = usual;
                return receive<Method>(registers);
            }
        }
        if (error == Error::None) error = static_cast<Error>(registers.tag.label());
        if (error == Error::None) [[likely]]
            return receive<Method>(registers);
        constexpr bool kHandled = Method::kRestart == Restart::Retry || Method::kRestart == Restart::Reopen;
        if constexpr (!kHandled && !Method::kForgottenSession)
            return error;
        else if constexpr (std::is_copy_constructible_v<typename Method::Request>)
            return call_again<Method>(typename Method::Request(request), sequence, error);  // the original needs no memory
        else
            return call_again<Method>(request, sequence, error);
    }

    // Of a call that opens something, and of the one that closes it again.
    template <class Opens, class Method>
    Result<Received<typename Method::Response>> open(const typename Method::Request& request) {
        if (!opens_) return call<Method>(request);
        if (!request.fits()) return Error::InvalidArgument;
        auto& kept = static_cast<Opens*>(opens_)->template of<Method>();
        if (const Status room = kept.prepare(request); !room.ok()) return room.error();
        auto answer = call<Method>(request);
        if (answer.ok()) kept.keep(request, *answer);
        return answer;
    }
    template <class Opens, class Method>
    Result<Received<typename Method::Response>> close(const typename Method::Request& request) {
        if (opens_) static_cast<Opens*>(opens_)->template of<typename Method::Opener>().forget(Method::key(request));
        return call<Method>(request);
    }

    template <class Method>
    Status send(const typename Method::Request& request) {
        if (!request.fits()) [[unlikely]]
            return Error::InvalidArgument;
        Registers registers;
        MessageWriter<typename Method::Request> out(registers, transport_.page());
        request.encode(out);
        if (!out.complete()) [[unlikely]]
            return Error::InvalidArgument;
        registers.tag = out.tag(Method::kLabel);
        if constexpr (Method::kCarrier == Carrier::OnewayLossy) {
            Error error = transport_.poll_send(registers);
            if (error != Error::WouldBlock) return error;
            ++dropped_;
            return {};
        } else {
            return transport_.send(registers);
        }
    }

private:
    // A server that dies once while its session is opened again costs two of them: PeerDied, then StaleSession.
    static constexpr unsigned kReopenings = 3;
    struct Attempts {
        unsigned deaths = 0;
        unsigned reopened = 0;
        bool doubted = false;
    };
    // What of the session's opens a request names: the label of the call that opened it, and its number there. 0: all.
    struct Needed {
        u32 opening = 0;
        u64 key = 0;
    };
    template <class Method>
    static Needed needed_by(const typename Method::Request& request) {
        if constexpr (requires { typename Method::Opener; }) return {Method::Opener::kLabel, Method::key(request)};
        return {};
    }

    template <class Method>
    [[gnu::noinline, gnu::cold]] Result<Received<typename Method::Response>> call_again(const typename Method::Request& request,
                                                                              u16 sequence, Error error) {
        Registers registers;
        Attempts attempts;
        do {
            if (!doubts<Method>(error, attempts)) {
                const Error verdict = after_failure(error, Method::kRestart, Method::kForgottenSession, needed_by<Method>(request), attempts);
                if (verdict != Error::None) return verdict;
            }
            error = exchange<Method>(request, registers, sequence);
            if (error == Error::None) error = static_cast<Error>(registers.tag.label());
        } while (error != Error::None);
        return receive<Method>(registers);
    }

    template <class Method>
    [[gnu::always_inline]] Error exchange(const typename Method::Request& request, Registers& registers, u16 sequence) {
        MessageWriter<typename Method::Request> out(registers, transport_.page());
        request.encode(out);
        if (!out.complete()) [[unlikely]]
            return Error::InvalidArgument;
        registers.tag = out.tag(Method::kLabel, sequence);
        if constexpr (Method::kWithinNs != 0 && requires { transport_.timed_reply(0u, u64{0}, u64{0}); }) {
            const u64 started = transport_.time_stamp();
            const Error error = transport_.call(registers);
            if (error != Error::PeerDied) transport_.timed_reply(Method::kLabel, started, Method::kWithinNs);
            return error;
        } else {
            return transport_.call(registers);
        }
    }

    template <class Method>
    [[gnu::always_inline]] Result<Received<typename Method::Response>> receive(Registers& registers) {
        using Response = typename Method::Response;
        ReceivedCaps caps([this]() -> Utcb& { return transport_.page(); }, registers.tag);
        MessageReader<Response> in(registers, transport_.page(), caps);
        if (!in.open() || !Response::check(in)) [[unlikely]]
            return Error::BadMessage;
        return Response::load(in);
    }

    // True: the supervisor was told, and the request is to be sent again, which is done once.
    template <class Method>
    bool doubts(Error error, Attempts& attempts) {
        if constexpr (requires { Method::suspects(error), transport_.doubted_reply(0u, error); }) {
            if (attempts.doubted || !Method::suspects(error)) return false;
            attempts.doubted = true;
            transport_.doubted_reply(Method::kLabel, error);
            return true;
        }
        return false;
    }

    // None: send the request again.
    // `forgotten`: StaleSession says that nothing of the request has happened, and that the server has begun the session
    // again. Whoever keeps nothing there need not know.
    Error after_failure(Error error, Restart restart, bool forgotten, Needed needed, Attempts& attempts) {
        if (reopening_) return error;
        if (forgotten && error == Error::StaleSession && !can_reopen(restart))
            return ++attempts.reopened > kReopenings ? error : Error::None;
        if (restart == Restart::Fail || restart == Restart::Unhandled)
            return forgotten && error == Error::StaleSession ? reopen(error, restart, needed, attempts) : error;
        if (error == Error::PeerDied) {
            if (++attempts.deaths == 2) return Error::ServiceFailed;
            return restart == Restart::Retry ? Error::None : reopen(error, restart, needed, attempts);
        }
        if (error == Error::InvalidCapability && attempts.deaths != 0) error = Error::ServiceFailed;
        bool session_gone =
            error == Error::StaleSession || (restart == Restart::Reopen && error == Error::InvalidCapability);
        return session_gone ? reopen(error, restart, needed, attempts) : error;
    }

    bool opens_again(Restart restart) const { return restart == Restart::Reopen && open_again_; }
    bool can_reopen(Restart restart) const { return reopen_ || opens_again(restart); }

    // A server that dies meanwhile has forgotten the beginning: all of it again.
    Error reopen(Error why, Restart restart, Needed needed, Attempts& attempts) {
        if (!can_reopen(restart)) return why;
        Status opened = why;
        do {
            if (++attempts.reopened > kReopenings) return opened.error();
            reopening_ = true;
            opened = reopen_ ? reopen_(owner_, *this) : Status();
            if (opened.ok() && opens_again(restart)) opened = open_again_(opens_, *this, needed.opening, needed.key);
            reopening_ = false;
        } while (opened.error() == Error::PeerDied || opened.error() == Error::StaleSession);
        return opened.error();
    }

    u16 next_sequence() {
        if (++sequence_ == 0) ++sequence_;  // 0 means: no number
        return sequence_;
    }

    [[no_unique_address]] T transport_;
    u16 sequence_ = 0;
    bool reopening_ = false;
    u64 dropped_ = 0;
    void* owner_ = nullptr;
    Status (*reopen_)(void*, Client&) = nullptr;
    void* opens_ = nullptr;
    Status (*open_again_)(void*, Client&, u32 opening, u64 key) = nullptr;
};

}  // namespace eft::ipc
