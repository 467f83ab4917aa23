// Several services at one endpoint: the upper half of a message's label says which of them it is for.
//
//   using Both = ipc::Interfaces<block::Block, statistics::Statistics>;
//   loop.run([&](auto& context, auto& message) { return Both::dispatch(server, context, message); });
//
// `server` has the handlers of all of them; or it is a std::tuple of references to one object for each.
#pragma once

#include <eft/ipc/describe.h>

#include <tuple>
#include <utility>

namespace eft::ipc {

template <class First, class... Others>
struct Interfaces {
    static constexpr u16 kIds[] = {First::kInterfaceId, Others::kInterfaceId...};
    static_assert(sizeof...(Others) < Description::kInterfacesMax);

    static consteval bool distinct() {
        for (std::size_t i = 0; i < std::size(kIds); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (kIds[i] == kIds[j]) return false;
        return true;
    }
    static_assert(distinct(), "a service stands here twice");

    template <class Server>
    static Outcome dispatch(Server& server, Context& context, IncomingMessage& message) {
        return dispatch_each<First, Others...>(
            message, [&]<class Service, std::size_t>() { return Service::dispatch(server, context, message); });
    }
    template <class... Servers>
    static Outcome dispatch(std::tuple<Servers&...>& servers, Context& context, IncomingMessage& message) {
        static_assert(sizeof...(Servers) == std::size(kIds), "one object for each service");
        return dispatch_each<First, Others...>(message, [&]<class Service, std::size_t Index>() {
            return Service::dispatch(std::get<Index>(servers), context, message);
        });
    }

private:
    template <class... Services, class Dispatch>
    static Outcome dispatch_each(IncomingMessage& message, Dispatch dispatch) {
        const u32 label = message.label();
        if (label == kWhatIsThereLabel) [[unlikely]]
            return describe<First>(message, kIds);
        Outcome outcome = Outcome::Reply;
        const bool found = [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            return (((label >> 16) == Services::kInterfaceId &&
                     (outcome = label == Services::kDescribeLabel ? describe<Services>(message, kIds)
                                                                  : dispatch.template operator()<Services, Index>(),
                      true)) ||
                    ...);
        }
        (std::index_sequence_for<Services...>());
        return found ? outcome : message.refuse(Error::NoSuchMethod);
    }
};

}  // namespace eft::ipc
