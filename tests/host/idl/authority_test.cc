// Kinds of session: badges, what the dispatcher refuses before a handler runs, and what it lets through.
#include <eft/idl/hostile/kinds.h>
#include <eft/idl/mock/kinds.h>
#include <eft/ipc/local_transport.h>
#include <eft/state/stateful_server.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test::kinds;

namespace {

using Kind = Vault::SessionKind;

struct VaultServer_ {
    unsigned handled = 0;
    Result<Sum> open(ipc::Context&, const Sum& sum) { return ++handled, sum; }
    Result<Who> look(ipc::Context& context, const Empty&) {
        ++handled;
        return Who{.kind = static_cast<u8>(Vault::kind_of(context.badge())), .id = ipc::session_id(context.badge())};
    }
    Result<Sum> knock(ipc::Context&, const Empty&) { return ++handled, Sum{7}; }
    Status whisper(ipc::Context&, const Sum&) { return ++handled, Status(); }
};

struct World {
    VaultServer_ server;
    ipc::LocalServer<Vault, VaultServer_> local{server};
    VaultClient<ipc::LocalTransport<ipc::LocalServer<Vault, VaultServer_>>> client{local, Badge::None};
    auto& as(Badge badge) {
        client.transport().set_badge(badge);
        return client;
    }
    auto& as(Kind kind, u64 id = 5) { return as(Vault::badge_of(kind, id)); }
};

}  // namespace

TEST_CASE("a badge is a kind and an id") {
    const Badge badge = Vault::badge_of(Kind::Guest, 77);
    CHECK(raw(badge) == (u64{2} << 60 | 77));
    CHECK(Vault::kind_of(badge) == Kind::Guest);
    CHECK(ipc::session_id(badge) == 77);
    CHECK(ipc::find_session_kind<Vault>("token") == Kind::Token);
    CHECK(ipc::find_session_kind<Tower>("passer_by") == Tower::SessionKind::PasserBy);
    CHECK(ipc::find_session_kind<Vault>("Token") == std::nullopt);
    CHECK(ipc::find_session_kind<Vault>("") == std::nullopt);
}

TEST_CASE("a call reaches the handler for its kinds only") {
    World world;
    CHECK(world.as(Kind::Keeper).open({3}).or_error()->value == 3);
    CHECK(world.as(Kind::Keeper).look().ok());
    CHECK(world.as(Kind::Guest).look().ok());
    for (const Kind kind : {Kind::Keeper, Kind::Guest, Kind::Token}) CHECK(world.as(kind).knock().ok());
    CHECK(world.as(Kind::Guest).whisper({1}).ok());
    CHECK(world.server.handled == 7);
    for (const Kind kind : {Kind::Guest, Kind::Token}) CHECK(world.as(kind).open({3}).or_error().error() == Error::PermissionDenied);
    CHECK(world.as(Kind::Token).look().error() == Error::PermissionDenied);
    for (const Kind kind : {Kind::Keeper, Kind::Token}) static_cast<void>(world.as(kind).whisper({1}));
    CHECK(world.server.handled == 7);
}

TEST_CASE("the handler gets kind and id") {
    World world;
    const Result<Who> who = world.as(Kind::Guest, 0x0fff'ffff'ffff'ffff).look();
    REQUIRE(who.ok());
    CHECK(who->kind == 2);
    CHECK(who->id == 0x0fff'ffff'ffff'ffff);
}

TEST_CASE("a badge of no kind has no session, whatever it asks for; anybody may ask what the service is") {
    World world;
    for (const Badge badge : {Badge::None, Badge{1}, Badge{2}, Badge{0x0fff'ffff'ffff'ffff}, ipc::badge_of(4, 1), ipc::badge_of(15, 1)}) {
        CAPTURE(raw(badge));
        CHECK(world.as(badge).knock().error() == Error::StaleSession);
        CHECK(world.as(badge).open({3}).or_error().error() == Error::StaleSession);
        CHECK(world.as(badge).describe_interface()->name == "Vault");
    }
    CHECK(world.server.handled == 0);
}

TEST_CASE("whose call it is not learns nothing of what is wrong with it") {
    World world;
    ipc::Registers registers;
    registers.badge = raw(Vault::badge_of(Kind::Guest, 1));
    registers.tag = Tag(Vault::OpenMethod::kLabel, 30);
    CHECK(world.local.inject(registers, Utcb{}) == ipc::Outcome::Reply);
    CHECK(registers.tag.label() == static_cast<u32>(Error::PermissionDenied));
}

TEST_CASE("an event's subscription is for the kinds of the event, and no session is opened for others") {
    struct Server : TowerMock {
        unsigned opened = 0;
        Session* session(Badge badge) { return ++opened, TowerMock::session(badge); }
    } server;
    server.on_pass(Sum{1});
    ipc::LocalServer<Tower, Server> local(server);
    TowerClient<ipc::LocalTransport<ipc::LocalServer<Tower, Server>>> client(local, Tower::badge_of(Tower::SessionKind::PasserBy, 1));
    CHECK(client.pass().or_error().ok());
    CHECK(client.next_rings({}).error() == Error::PermissionDenied);
    CHECK(client.subscribe_rings({}).error() == Error::PermissionDenied);
    client.transport().set_badge(ipc::badge_of(3, 1));
    const unsigned opened = server.opened;
    CHECK(client.pass().or_error().error() == Error::StaleSession);
    CHECK(server.opened == opened);
}

TEST_CASE("hostile clients know for whom a call is") {
    CHECK(kVaultHostile.methods[0].callers == 0b0010);
    CHECK(kVaultHostile.methods[1].callers == 0b0110);
    CHECK(kVaultHostile.methods[2].callers == 0b1110);
}
