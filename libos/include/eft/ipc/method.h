// What an interface says about its methods, as constants: for the stubs, and as a table for tests. People's tools read
// descriptors (idl/descriptor).
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>

#include <span>
#include <string_view>

namespace eft::ipc {

// What a client's stub does after the server died, or forgot the session, in the middle of a call.
enum class Restart : u8 {
    Unhandled,  // nothing is declared: the result type makes the caller decide (Unsettled)
    Fail,       // PeerDied is the result
    Retry,      // repeat the same request, once
    Reopen,     // let the client's owner open the session again, then repeat the request, once
};

// What becomes of a service's sessions when its server restarts.
enum class Sessions : u8 {
    None,      // the server does not know its clients
    Reattach,  // they survive in the state region
    Reset,     // they are gone: StaleSession, and stubs open them again
};

enum class Carrier : u8 {
    Call,
    Oneway,       // send, waits until it is taken
    OnewayLossy,  // polled send; dropped where nobody waits
    Ring,
};

// What of a message its receiver gets: a FlatBuffer (encoding 3) is looked at where it lies, everything else is copied out.
template <class Table>
struct ReceivedAs {
    using Type = Table;
};
template <class Table>
requires requires { typename Table::View; }
struct ReceivedAs<Table> {
    using Type = typename Table::View;
};
template <class Table>
using Received = typename ReceivedAs<Table>::Type;

// Of errors that a server has answered (`suspect`): those that are not the stub's own business, or the supervisor's.
constexpr bool is_an_answer(Error error) {
    return error != Error::None && error != Error::PeerDied && error != Error::InvalidCapability && error != Error::StaleSession && error != Error::Busy &&
           error != Error::ServiceHeld && error != Error::ServiceFailed && error != Error::PermissionDenied;
}
// Those that no server of this interface answers which is in order.
constexpr bool is_absurd(Error error, bool has_errors_of_its_own) {
    constexpr u32 kFirstOwn = 256;
    const u32 value = static_cast<u32>(error);
    if (value >= kFirstOwn) return !has_errors_of_its_own;
    return error == Error::NoSuchMethod || error == Error::BadMessage || value > static_cast<u32>(Error::WrongState);
}

struct MethodInfo {
    std::string_view name;
    u16 ordinal;
    Carrier carrier;
    Restart restart;
    bool idempotent;
    bool atomic;
    bool once;
    u64 within_ns;           // 0: no bound on the time of a reply
    unsigned request_words;  // flat words
    unsigned response_words;
};

// Bits of MethodEntry.flags in the answer to ordinal 0.
enum MethodFlag : u16 {
    kMethodIdempotent = 1,
    kMethodAtomic = 2,
    kMethodOnce = 4,
    kMethodOneway = 8,
    kMethodRing = 16,
};

constexpr u16 method_flags(const MethodInfo& method) {
    u16 flags = 0;
    if (method.idempotent) flags |= kMethodIdempotent;
    if (method.atomic) flags |= kMethodAtomic;
    if (method.once) flags |= kMethodOnce;
    if (method.carrier == Carrier::Oneway || method.carrier == Carrier::OnewayLossy) flags |= kMethodOneway;
    if (method.carrier == Carrier::Ring) flags |= kMethodRing;
    return flags;
}

}  // namespace eft::ipc
