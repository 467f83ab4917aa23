// A server of the test interface Gallery, and a client that reaches it in process.
#pragma once

#include <eft/idl/shapes.h>
#include <eft/ipc/local_transport.h>
#include <eft/ipc/mock.h>

#include <memory>
#include <vector>

namespace gallery {

using namespace eft;
using namespace eft::test::shapes;

struct Session : ipc::MockSession<Gallery::kOnceWords> {
    std::span<std::byte> area() { return std::span(memory).first(256); }
};

struct Server {
    Session only;
    u64 badge = 1;
    u64 spent = 0;
    unsigned handled = 0;
    std::vector<u64> told;
    Completion<u64>* gate = nullptr;  // Show waits for it, if there is one
    std::vector<u64> lent;            // objects of the capabilities that Lend kept
    std::vector<ipc::LocalHandle> kept;

    Session* session(Badge who) { return raw(who) == badge ? &only : nullptr; }

    Result<Scalars> copy(ipc::Context&, Session&, const Scalars& scalars) { return ++handled, scalars; }
    Result<Structs> frame(ipc::Context&, Session&, const Structs& structs) { return ++handled, structs; }
    Task<Result<Views>> show(ipc::Context&, Session&, Views views) {
        ++handled;
        if (gate) co_await *gate;
        co_return views;
    }
    // Keeps the first, gives the second back, lends the third again.
    Result<Caps> lend(ipc::Context&, Session&, Caps&& caps) {
        ++handled;
        lent.push_back(ipc::local_caps().object(caps.first.slot()));
        kept.push_back(caps.first.take<ipc::LocalHandle>());
        return Caps{.first = kept.back(),
                    .number = caps.number + 1,
                    .second = std::move(caps.second),
                    .third = std::move(caps.third)};
    }
    Result<Number> paint(ipc::Context&, Session&, const Place& place) {
        for (std::byte& each : place.data.bytes()) each = std::byte{0xee};
        return Number{place.data.size()};
    }
    Result<Number> spend(ipc::Context&, Session&, const Number& number) {
        if (number.value > 1000) return to_error(Failure::TooHot);
        return Number{spent += number.value};
    }
    Result<Number> buy(ipc::Context& context, Session&, const Number& number) {
        if (context.sequence() == 0) return Error::InvalidArgument;
        return Number{spent += number.value};
    }
    Status tell(ipc::Context&, Session&, const Number& number) { return told.push_back(number.value), Status{}; }
    void whisper(ipc::Context&, Session&, const Number& number) { told.push_back(number.value); }
    Result<Number> enter(ipc::Context&, Session&, const Number& number) { return ++handled, Number{number.value + 1}; }
    Result<Caps> grant(ipc::Context&, Session&, const Number& number) {
        ++handled;
        auto& all = ipc::local_caps();
        return Caps{.first = ipc::LocalHandle(all.create(number.value)),
                    .second = ipc::LocalHandle(all.create(number.value + 1))};
    }
};
static_assert(GalleryServer<Server>);

using Local = ipc::LocalServer<Gallery, Server>;
using Client = GalleryClient<ipc::LocalTransport<Local>>;

struct World {
    Server server;
    Local local{server};
    Client client{local, Badge{1}};
};

}  // namespace gallery
