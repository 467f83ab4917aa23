// The broker, with capabilities that are counted.
#include <broker.h>

#include <doctest/doctest.h>
#include <eft/ipc/local_caps.h>
#include <eft/ipc/local_transport.h>

#include <map>
#include <set>
#include <vector>

namespace {

using namespace eft;

// What stands in for servers/names/capabilities.cc.
struct Kernel {
    std::map<Slot, u64> badge_of;      // of the parents that are there
    std::multiset<Slot> signalled;
    std::vector<u64> revoked, recalled;
    bool slots_left = true;
};
Kernel kernel;

}  // namespace

namespace eft::broker {

Result<Slot> make_session(Slot endpoint, u64 badge) {
    if (!kernel.slots_left) return Error::LimitReached;
    const Slot made = ipc::local_caps().derive(endpoint);
    kernel.badge_of[made] = badge;
    return made;
}
void revoke_copies(Slot session) { kernel.recalled.push_back(kernel.badge_of.at(session)); }
void revoke_session(Slot session) {
    kernel.revoked.push_back(kernel.badge_of.at(session));
    kernel.badge_of.erase(session);
    ipc::local_caps().drop(session);
}
void signal(Slot notification) { kernel.signalled.insert(notification); }

}  // namespace eft::broker

namespace {

struct World {
    World() { kernel = {}; }

    Slot endpoint = ipc::local_caps().create(1);
    broker::Broker server{endpoint};
    ipc::LocalServer<names::Names, broker::Broker> local{server};
    using Client = names::NamesClient<ipc::LocalTransport<decltype(local)>>;
    Client control{local, names::Names::badge_of(names::Names::SessionKind::Control, 6)};

    Status publish(std::string_view name) {
        names::Publication publication;
        publication.name = name;
        publication.endpoint = ipc::LocalHandle(ipc::local_caps().create(100));
        publication.wake = ipc::LocalHandle(ipc::local_caps().create(101));
        auto done = control.publish(publication).or_error();
        return done.ok() ? Status() : Status(done.error());
    }
    struct Admitted {
        u32 id;
        u64 badge;
    };
    Admitted admit(std::string_view allowed, std::string_view provides = "", u32 identity = 0) {
        names::Client client;
        client.name = "test";
        client.allowed = allowed;
        client.provides = provides;
        client.identity = identity;
        auto admitted = control.admit(client).or_error();
        REQUIRE(admitted.ok());
        u64 newest = 0;
        for (const auto& [slot, badge] : kernel.badge_of) newest = std::max(newest, badge);
        return {admitted->id, newest};
    }
    Client as(u64 badge) { return Client(local, Badge{badge}); }
    static names::ServiceName named(std::string_view name) {
        names::ServiceName service;
        service.name = name;
        return service;
    }
    static Result<u64> badge_of(const auto& session) {
        if (!session.ok()) return session.error();
        return session->badge;
    }
    Result<u64> connect(Client& client, std::string_view name) { return badge_of(client.connect(named(name))); }
    Result<u64> keep(Client& client, std::string_view name) { return badge_of(client.keep(named(name))); }
    void dismiss(u32 id) {
        names::ClientId client;
        client.id = id;
        REQUIRE(control.dismiss(client).or_error().ok());
    }
};

TEST_CASE("only the control session publishes, admits and dismisses, and only clients connect") {
    World world;
    const auto admitted = world.admit("timer");
    for (const u64 badge : {u64{0}, admitted.badge, u64{1}, u64{12345}}) {
        const Error refused = badge == admitted.badge ? Error::PermissionDenied : Error::StaleSession;
        auto stranger = world.as(badge);
        names::Client client;
        CHECK(stranger.admit(client).or_error().error() == refused);
        names::ClientId id;
        id.id = admitted.id;
        CHECK(stranger.dismiss(id).or_error().error() == refused);
        names::Publication publication;
        publication.name = "x";
        publication.endpoint = ipc::LocalHandle(ipc::local_caps().create(1));
        publication.wake = ipc::LocalHandle(ipc::local_caps().create(1));
        CHECK(stranger.publish(publication).or_error().error() == refused);
    }
    CHECK(world.connect(world.control, "timer").error() == Error::PermissionDenied);
    CHECK(world.keep(world.control, "timer").error() == Error::PermissionDenied);
    CHECK(world.control.closed().error() == Error::PermissionDenied);
}

TEST_CASE("a client gets what the manifest allows, and nothing else") {
    World world;
    REQUIRE(world.publish("block/0").ok());
    REQUIRE(world.publish("timer").ok());
    auto client = world.as(world.admit("timer log").badge);
    CHECK(world.connect(client, "timer").ok());
    CHECK(world.connect(client, "block/0").error() == Error::PermissionDenied);
    CHECK(world.connect(client, "log").error() == Error::NotFound);
    CHECK(world.connect(client, "").error() == Error::PermissionDenied);
    CHECK(world.connect(client, "timer log").error() == Error::PermissionDenied);
    for (const u64 id : {0, 777}) {
        auto stranger = world.as(raw(names::Names::badge_of(names::Names::SessionKind::Client, id)));
        CHECK(world.connect(stranger, "timer").error() == Error::StaleSession);
    }
    CHECK(world.publish("timer").error() == Error::AlreadyExists);
    CHECK(world.publish("").error() == Error::InvalidArgument);
}

TEST_CASE("badges are never used again, and a dismissed client's sessions are revoked and reported") {
    World world;
    REQUIRE(world.publish("block/0").ok());
    const auto provider_badge = world.admit("", "block/0").badge;
    auto provider = world.as(provider_badge);
    std::set<u64> seen{provider_badge};
    for (int round = 0; round < 300; ++round) {
        const auto admitted = world.admit("block/0");
        CHECK(seen.insert(admitted.badge).second);
        auto client = world.as(admitted.badge);
        auto first = world.connect(client, "block/0");
        auto second = world.connect(client, "block/0");
        REQUIRE(first.ok());
        REQUIRE(second.ok());
        CHECK(seen.insert(*first).second);
        CHECK(seen.insert(*second).second);
        kernel.revoked.clear();
        world.dismiss(admitted.id);
        CHECK(kernel.revoked == std::vector<u64>{*first, *second, admitted.badge});
        CHECK(world.connect(client, "block/0").error() == Error::StaleSession);
        auto told = provider.closed();
        REQUIRE(told.ok());
        CHECK(std::vector<u64>(told->badges.begin(), told->badges.end()) == std::vector<u64>{*first, *second});
        CHECK_FALSE(told->incomplete);
        CHECK(provider.closed()->badges.empty());
    }
    CHECK(kernel.badge_of.size() == 1);  // only the provider's own session is left
    CHECK(kernel.signalled.size() == 600);
}

TEST_CASE("a client that is expelled loses its sessions with this service, and gets no other ones") {
    World world;
    REQUIRE(world.publish("echo").ok());
    REQUIRE(world.publish("timer").ok());
    auto provider = world.as(world.admit("", "echo").badge);
    const auto bad = world.admit("echo timer"), good = world.admit("echo");
    auto client = world.as(bad.badge), other = world.as(good.badge);
    const u64 first = *world.connect(client, "echo"), second = *world.connect(client, "echo");
    const u64 clock = *world.connect(client, "timer"), third = *world.connect(other, "echo");

    names::ServedSession session;
    session.badge = first;
    session.provides = "timer";  // not what echo's server provides
    CHECK(world.control.holder(session).error() == Error::NotFound);
    CHECK(world.control.expel(session).ok());
    CHECK(kernel.revoked.empty());
    session.provides = "file/0 echo";
    CHECK(client.holder(session).error() == Error::PermissionDenied);
    CHECK(client.expel(session).error() == Error::PermissionDenied);
    REQUIRE(world.control.holder(session).ok());
    CHECK(world.control.holder(session)->id == bad.id);
    REQUIRE(world.control.expel(session).ok());
    REQUIRE(world.control.expel(session).ok());
    CHECK(kernel.revoked == std::vector<u64>{first, second});
    auto told = provider.closed();
    REQUIRE(told.ok());
    CHECK(std::vector<u64>(told->badges.begin(), told->badges.end()) == std::vector<u64>{first, second});
    CHECK(world.control.holder(session).error() == Error::NotFound);

    CHECK(world.connect(client, "echo").error() == Error::ServiceFailed);
    CHECK(world.connect(client, "timer").ok());
    CHECK(world.connect(other, "echo").ok());
    CHECK(kernel.badge_of.size() == 7);  // three clients' own, clock, third, and the last two
    static_cast<void>(clock), static_cast<void>(third);
    world.dismiss(bad.id);
    auto again = world.as(world.admit("echo timer").badge);
    CHECK(world.connect(again, "echo").ok());
}

TEST_CASE("a kept session is the same for each incarnation of its client, and nobody else's") {
    World world;
    REQUIRE(world.publish("counter").ok());
    REQUIRE(world.publish("timer").ok());
    auto provider = world.as(world.admit("", "counter timer").badge);
    const auto first = world.admit("counter timer", "", 7);
    auto client = world.as(first.badge);
    const auto kept = world.keep(client, "counter");
    REQUIRE(kept.ok());
    CHECK(world.keep(client, "counter").value_or(0) == *kept);  // asked twice
    CHECK(world.keep(client, "timer").value_or(0) != *kept);    // of each service one
    CHECK(world.keep(client, "log").error() == Error::PermissionDenied);
    const auto other = world.connect(client, "counter");

    world.dismiss(first.id);
    CHECK(world.keep(client, "counter").error() == Error::StaleSession);
    CHECK(std::count(kernel.recalled.begin(), kernel.recalled.end(), *kept) == 1);  // what the dead one had is void
    auto told = provider.closed();
    REQUIRE(told.ok());
    CHECK(std::vector<u64>(told->badges.begin(), told->badges.end()) == std::vector<u64>{*other});
    names::Badge none;
    auto open = provider.open(none);
    REQUIRE(open.ok());
    CHECK(std::count(open->badges.begin(), open->badges.end(), *kept) == 1);

    // Another client, of the same name, with all the same rights.
    auto impostor = world.as(world.admit("counter timer", "", 8).badge);
    CHECK(world.keep(impostor, "counter").value_or(*kept) != *kept);
    auto nobody = world.as(world.admit("counter timer").badge);
    CHECK(world.keep(nobody, "counter").error() == Error::PermissionDenied);

    const auto second = world.admit("counter timer", "", 7);
    auto reborn = world.as(second.badge);
    CHECK(world.keep(reborn, "counter").value_or(0) == *kept);
    names::ServedSession served;
    served.badge = *kept;
    served.provides = "counter";
    CHECK(world.control.holder(served)->id == second.id);
    names::Client twin;
    twin.identity = 7;
    CHECK(world.control.admit(twin).or_error().error() == Error::AlreadyExists);

    // Given back, it is over.
    names::Badge back;
    back.badge = *kept;
    REQUIRE(reborn.disconnect(back).ok());
    CHECK(world.keep(reborn, "counter").value_or(*kept) != *kept);
}

TEST_CASE("expelling ends a kept session, also of a client that is dead at the moment, and nobody else's") {
    World world;
    REQUIRE(world.publish("counter").ok());
    names::ServedSession served;
    served.provides = "counter";
    u64 kept[2];
    for (const u32 identity : {1u, 2u}) {
        const auto admitted = world.admit("counter", "", identity);
        auto client = world.as(admitted.badge);
        kept[identity - 1] = *world.keep(client, "counter");
        world.dismiss(admitted.id);
    }
    served.badge = kept[0];
    CHECK(world.control.holder(served).error() == Error::NotFound);
    REQUIRE(world.control.expel(served).ok());
    for (const u32 identity : {1u, 2u}) {
        auto client = world.as(world.admit("counter", "", identity).badge);
        CHECK((world.keep(client, "counter").value_or(0) == kept[identity - 1]) == (identity == 2));
    }
}

TEST_CASE("a server that is not asking loses its oldest badges, and is told that it did") {
    World world;
    REQUIRE(world.publish("echo").ok());
    auto provider = world.as(world.admit("", "echo").badge);
    auto client = world.as(world.admit("echo").badge);
    auto kept = world.connect(client, "echo");
    REQUIRE(kept.ok());
    u64 last = 0;
    for (int i = 0; i < 3000; ++i) {
        auto session = world.connect(client, "echo");
        REQUIRE(session.ok());
        names::Badge badge;
        badge.badge = last = *session;
        REQUIRE(client.disconnect(badge).ok());
        REQUIRE(client.disconnect(badge).ok());
    }
    auto told = provider.closed();
    REQUIRE(told.ok());
    CHECK(told->badges.size() == 64);
    CHECK(std::find(told->badges.begin(), told->badges.end(), last) != told->badges.end());
    CHECK(told->incomplete);
    CHECK_FALSE(provider.closed()->incomplete);
    names::Badge from;
    auto open = provider.open(from);
    REQUIRE(open.ok());
    CHECK(std::vector<u64>(open->badges.begin(), open->badges.end()) == std::vector<u64>{*kept});
    CHECK(client.open(from)->badges.empty());
    CHECK(client.closed()->badges.empty());
}

TEST_CASE("open sessions are listed in order, in portions") {
    World world;
    REQUIRE(world.publish("a").ok());
    auto provider = world.as(world.admit("", "a b").badge);
    std::vector<u64> opened;
    std::vector<u32> clients;
    for (int c = 0; c < 3; ++c) {
        const auto admitted = world.admit("a");
        clients.push_back(admitted.id);
        auto client = world.as(admitted.badge);
        for (int i = 0; i < 50; ++i) opened.push_back(*world.connect(client, "a"));
    }
    std::vector<u64> listed;
    for (names::Badge after;;) {
        auto portion = provider.open(after);
        REQUIRE(portion.ok());
        if (portion->badges.empty()) break;
        listed.insert(listed.end(), portion->badges.begin(), portion->badges.end());
        after.badge = listed.back();
    }
    CHECK(listed == opened);
    world.dismiss(clients[1]);
    CHECK(provider.open({})->badges.front() == opened.front());
}

TEST_CASE("one client cannot use up a service, nor one service the table") {
    World world;
    REQUIRE(world.publish("a").ok());
    REQUIRE(world.publish("b").ok());
    auto greedy = world.as(world.admit("a b").badge);
    int opened = 0;
    while (world.connect(greedy, "a").ok()) ++opened;
    CHECK(opened == 64);
    auto other = world.as(world.admit("a").badge);
    CHECK(world.connect(other, "a").ok());
    kernel.slots_left = false;
    CHECK(world.connect(other, "a").error() == Error::LimitReached);
}

TEST_CASE("the next incarnation of a server is told to compare") {
    World world;
    REQUIRE(world.publish("a").ok());
    const auto first = world.admit("", "a");
    CHECK_FALSE(world.as(first.badge).closed()->incomplete);
    world.dismiss(first.id);
    auto second = world.as(world.admit("", "a").badge);
    CHECK(second.closed()->incomplete);
    CHECK_FALSE(second.closed()->incomplete);
}

TEST_CASE("random words in every method neither break the broker nor leave a capability behind") {
    World world;
    REQUIRE(world.publish("a").ok());
    const auto client = world.admit("a");
    const std::size_t before = ipc::local_caps().live();
    u64 state = 42;
    const auto random = [&state] { return state = state * 6364136223846793005u + 1442695040888963407u, state >> 16; };
    for (int i = 0; i < 20000; ++i) {
        Utcb page{};
        for (u64& word : page.words) word = random() % 3 ? random() % 600 : random();
        ipc::Registers registers;
        registers.tag = Tag(make_label(19, static_cast<u16>(random() % 11)), random() % (kMaxWords + 1));
        registers.badge = client.badge;
        for (u64& word : registers.w) word = random() % 2 ? random() % 300 : random();
        static_cast<void>(world.local.inject(registers, page));
    }
    world.dismiss(client.id);
    CHECK(ipc::local_caps().live() <= before);
}

}  // namespace
