// Several services at one endpoint, and how a client finds out which are there.
#include "gallery.h"

#include <eft/idl/counter.h>
#include <eft/idl/echo.h>
#include <eft/ipc/interfaces.h>

#include <doctest/doctest.h>

using namespace eft;

namespace {

struct Echo {
    Result<Empty> ping(ipc::Context&, const Empty&) { return Empty{}; }
    Result<echo::Words> repeat(ipc::Context&, const echo::Words& words) { return words; }
    Result<echo::Text> say(ipc::Context&, const echo::Text& text) { return text; }
};
struct EchoAndGallery : Echo, gallery::Server {};

template <class Service, class Server>
struct Endpoint {
    using Local = ipc::LocalServer<Service, Server>;
    explicit Endpoint(Server& server) : local(server) {}
    template <template <class> class Client>
    auto client(u64 badge = 1) {
        return Client<ipc::LocalTransport<Local>>(local, Badge{badge});
    }
    Local local;
};

}  // namespace

TEST_CASE("one object serves two interfaces at one endpoint") {
    using Both = ipc::Interfaces<echo::Echo, gallery::Gallery>;
    EchoAndGallery server;
    Endpoint<Both, EchoAndGallery> endpoint(server);
    CHECK(endpoint.client<echo::EchoClient>().repeat({.a = 5})->a == 5);
    CHECK(endpoint.client<gallery::GalleryClient>().enter({6})->value == 7);
    CHECK(endpoint.client<counter::CounterClient>().add({1}).error() == Error::NoSuchMethod);
    // Only one of the two knows sessions.
    CHECK(endpoint.client<echo::EchoClient>(99).ping().ok());
    CHECK(endpoint.client<gallery::GalleryClient>(99).enter({6}).error() == Error::StaleSession);
}

TEST_CASE("each interface may have an object of its own") {
    using Both = ipc::Interfaces<gallery::Gallery, echo::Echo>;
    Echo echo;
    gallery::Server gallery;
    std::tuple<gallery::Server&, Echo&> servers(gallery, echo);
    Endpoint<Both, decltype(servers)> endpoint(servers);
    CHECK(endpoint.client<echo::EchoClient>().repeat({.d = 5})->d == 5);
    CHECK(endpoint.client<gallery::GalleryClient>().enter({6})->value == 7);
    CHECK(gallery.handled == 1);
}

TEST_CASE("a client asks which interfaces are there, knowing none, and without a session") {
    using Both = ipc::Interfaces<gallery::Gallery, echo::Echo>;
    EchoAndGallery server;
    Endpoint<Both, EchoAndGallery> endpoint(server);
    auto stranger = endpoint.client<ipc::EndpointClient>(99);
    Result<Description> about = stranger.what_is_there();
    REQUIRE(about.ok());
    CHECK(about->name == "Gallery");
    CHECK(std::ranges::equal(about->interfaces, std::array{gallery::Gallery::kInterfaceId, echo::Echo::kInterfaceId}));
    auto echo = endpoint.client<echo::EchoClient>(99);
    Result<Description> second = echo.describe_interface();
    REQUIRE(second.ok());
    CHECK(second->name == "Echo");
    CHECK(second->methods.size() == 3);
    CHECK(second->interfaces.size() == 2);
}

TEST_CASE("a service alone answers the same question") {
    Echo echo;
    Endpoint<echo::Echo, Echo> endpoint(echo);
    auto stranger = endpoint.client<ipc::EndpointClient>();
    Result<Description> about = stranger.what_is_there();
    REQUIRE(about.ok());
    CHECK(about->name == "Echo");
    CHECK(std::ranges::equal(about->interfaces, std::array{echo::Echo::kInterfaceId}));

    gallery::Server gallery;
    Endpoint<gallery::Gallery, gallery::Server> with_sessions(gallery);
    for (u64 badge : {1, 99}) {
        auto somebody = with_sessions.client<ipc::EndpointClient>(badge);
        CHECK(somebody.what_is_there()->name == "Gallery");
        auto client = with_sessions.client<gallery::GalleryClient>(badge);
        CHECK(client.describe_interface()->version == 3);
    }
}
