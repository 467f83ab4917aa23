// Ordinal 0 of every service: what it is, for whoever meets it at run time; and label 0, for whoever does not know what
// is there.
#pragma once

#include <eft/idl/eft.h>
#include <eft/ipc/client.h>
#include <eft/ipc/serve.h>

#include <array>

namespace eft::ipc {

// No service has the id 0: every endpoint answers this with the description of its first service.
constexpr u32 kWhatIsThereLabel = 0;

template <class Service>
struct DescribeMethod {
    using Request = Empty;
    using Response = Description;
    static constexpr u32 kLabel = Service::kDescribeLabel;
    static constexpr Carrier kCarrier = Carrier::Call;
    static constexpr Restart kRestart = Restart::Retry;
    static constexpr bool kOnce = false;
    static constexpr u64 kWithinNs = 0;
    static constexpr bool kForgottenSession = false;
};

// What `server.session(badge)` points to.
template <class Server>
using SessionOf = std::remove_pointer_t<decltype(std::declval<Server&>().session(Badge::None))>;

// A session that is generated is opened by its first request (state/stateful_server.h); a server may as well keep its own.
template <class Server>
[[gnu::always_inline]] inline Result<SessionOf<Server>*> session_of_caller(Server& server, Badge badge) {
    if constexpr (requires { server.open_session(server, badge); }) {
        return server.open_session(server, badge);
    } else {
        if (auto* session = server.session(badge)) [[likely]]
            return session;
        return Error::StaleSession;
    }
}

// `interfaces` are the ids of all services at this endpoint.
template <class Service>
[[gnu::noinline]] Outcome describe(IncomingMessage& message, std::span<const u16> interfaces) {
    constexpr std::span<const MethodInfo> kMethods = Service::kMethods;
    static_assert(kMethods.size() <= Description::kMethodsMax);
    std::array<MethodEntry, kMethods.size()> methods;
    std::array<char, Description::kNamesMax> names;
    std::size_t length = 0;
    for (std::size_t i = 0; i < kMethods.size(); ++i) {
        methods[i] = {kMethods[i].ordinal, method_flags(kMethods[i])};
        if (length + kMethods[i].name.size() + 1 > names.size()) break;
        if (i != 0) names[length++] = ' ';
        for (char c : kMethods[i].name) names[length++] = c;
    }
    Result<Description> answer = Description{.name = Service::kName,
                                             .version = Service::kVersion,
                                             .methods = methods,
                                             .names = std::string_view(names.data(), length),
                                             .interfaces = interfaces};
    write_reply<Description>(answer, message.registers, message.page, message.outgoing);
    return Outcome::Reply;
}

// What is no call to this service: a question what it is, or else this error.
template <class Service>
[[gnu::always_inline]] inline Outcome describe_or(IncomingMessage& message, Error error) {
    static constexpr u16 kThis[] = {Service::kInterfaceId};
    if (message.label() != Service::kDescribeLabel && message.label() != kWhatIsThereLabel) return message.refuse(error);
    return with_copy(message, [](IncomingMessage& copy) { return describe<Service>(copy, kThis); });
}

// Asks an endpoint of which nothing is known.
template <Transport T>
class EndpointClient : public Client<T> {
    struct WhatIsThereMethod {
        using Request = Empty;
        using Response = Description;
        static constexpr u32 kLabel = kWhatIsThereLabel;
        static constexpr Carrier kCarrier = Carrier::Call;
        static constexpr Restart kRestart = Restart::Retry;
        static constexpr bool kForgottenSession = false;
        static constexpr bool kOnce = false;
        static constexpr u64 kWithinNs = 0;
    };

public:
    using Client<T>::Client;
    Result<Description> what_is_there() { return Client<T>::template call<WhatIsThereMethod>({}); }
};

}  // namespace eft::ipc
