// names as its clients and rs see it, with real capabilities.
#include "names_world.h"

#include <set>

using namespace eft;
using namespace eft::test;

STAGE_CASE(World, "only the control session publishes, admits and dismisses, and only clients connect") {
    const auto admitted = admit("timer");
    for (const u64 badge : {u64{0}, admitted.badge, u64{1}, u64{12345}}) {
        const Error refused = badge == admitted.badge ? Error::PermissionDenied : Error::StaleSession;
        auto stranger = as(badge);
        names::Client client;
        CHECK(stranger.admit(client).error() == refused);
        names::ClientId id;
        id.id = admitted.id;
        CHECK(stranger.dismiss(id).error() == refused);
        CHECK(publish(stranger, "x").error() == refused);
    }
    CHECK(connect(control, "timer").error() == Error::PermissionDenied);
    CHECK(keep(control, "timer").error() == Error::PermissionDenied);
    CHECK(control.closed().error() == Error::PermissionDenied);
}

STAGE_CASE(World, "a client gets what the manifest allows, and nothing else") {
    REQUIRE(publish("block/0").ok());
    REQUIRE(publish("timer").ok());
    auto client = admit("timer log").client;
    const auto session = connect(client, "timer");
    REQUIRE(session.ok());
    const auto info = kernel_object::inspect(slot(WellKnown::Table), session->cap.slot());
    CHECK(info->type == ObjectType::Endpoint);
    CHECK(info->rights == bits(EndpointRight::Send));
    CHECK(info->data == session->badge);
    CHECK(connect(client, "block/0").error() == Error::PermissionDenied);
    CHECK(connect(client, "log").error() == Error::NotFound);
    CHECK(connect(client, "").error() == Error::PermissionDenied);
    CHECK(connect(client, "timer log").error() == Error::PermissionDenied);
    for (const u64 id : {0, 777}) {
        auto stranger = as(raw(names::Names::badge_of(Kind::Client, id)));
        CHECK(connect(stranger, "timer").error() == Error::StaleSession);
    }
    CHECK(publish("timer").error() == Error::AlreadyExists);
    CHECK(publish("").error() == Error::InvalidArgument);
}

STAGE_CASE(World, "a session has the kind that the manifest says, and all are one service's") {
    REQUIRE(publish("vault").ok());
    REQUIRE(publish("timer").ok());
    auto provider = admit("", "vault").client;
    auto keeper = admit("timer vault:15", "", 7), guest = admit("vault:2"), plain = admit("vault");
    const auto kept = keep(keeper.client, "vault"), second = connect(guest.client, "vault"), third = connect(plain.client, "vault");
    REQUIRE((kept.ok() && second.ok() && third.ok()));
    CHECK(ipc::kind_number(Badge{kept->badge}) == 15);
    CHECK(ipc::kind_number(Badge{second->badge}) == 2);
    CHECK(ipc::kind_number(Badge{third->badge}) == 0);
    CHECK(kernel_object::inspect(slot(WellKnown::Table), second->cap.slot())->data == second->badge);
    CHECK(ipc::kind_number(Badge{connect(keeper.client, "timer")->badge}) == 0);
    CHECK(connect(guest.client, "vault:2").error() == Error::PermissionDenied);
    CHECK(list(provider.open({0})) == std::vector{third->badge, second->badge, kept->badge});
    names::Badge over;
    over.badge = second->badge;
    REQUIRE(guest.client.disconnect(over).ok());
    CHECK(list(provider.closed()) == std::vector{second->badge});
}

STAGE_CASE(World, "badges are never used again, and a dismissed client's sessions are revoked and reported") {
    REQUIRE(publish("block/0").ok());
    auto provider = admit("", "block/0");
    std::set<u64> seen{provider.badge};
    const u32 slots = stage.used_slots(server);
    for (int round = 0; round < 300; ++round) {
        auto admitted = admit("block/0");
        CHECK(seen.insert(admitted.badge).second);
        const auto first = connect(admitted.client, "block/0"), second = connect(admitted.client, "block/0");
        REQUIRE(first.ok());
        REQUIRE(second.ok());
        CHECK(seen.insert(first->badge).second);
        CHECK(seen.insert(second->badge).second);
        CHECK(poll_wake() == 0);
        dismiss(admitted.id);
        CHECK(poll_wake() != 0);
        CHECK_FALSE(first->is_open());
        CHECK_FALSE(second->is_open());
        CHECK(connect(admitted.client, "block/0").error() == Error::InvalidCapability);
        auto told = provider.client.closed();
        REQUIRE(told.ok());
        CHECK(list(told) == std::vector<u64>{first->badge, second->badge});
        CHECK_FALSE(told->incomplete);
        CHECK(provider.client.closed()->badges.empty());
    }
    CHECK(stage.used_slots(server) == slots);
}

STAGE_CASE(World, "a client that is expelled loses its sessions with this service, and gets no other ones") {
    REQUIRE(publish("echo").ok());
    REQUIRE(publish("timer").ok());
    auto provider = admit("", "echo").client;
    auto bad = admit("echo timer"), good = admit("echo");
    const auto first = connect(bad.client, "echo"), second = connect(bad.client, "echo");
    const auto clock = connect(bad.client, "timer"), third = connect(good.client, "echo");
    REQUIRE(first.ok());
    REQUIRE(second.ok());

    names::ServedSession session;
    session.badge = first->badge;
    session.provides = "timer";  // not what echo's server provides
    CHECK(control.holder(session).error() == Error::NotFound);
    CHECK(control.expel(session).ok());
    CHECK(first->is_open());
    session.provides = "file/0 echo";
    CHECK(bad.client.holder(session).error() == Error::PermissionDenied);
    CHECK(bad.client.expel(session).error() == Error::PermissionDenied);
    REQUIRE(control.holder(session).ok());
    CHECK(control.holder(session)->id == bad.id);
    REQUIRE(control.expel(session).ok());
    REQUIRE(control.expel(session).ok());
    CHECK_FALSE(first->is_open());
    CHECK_FALSE(second->is_open());
    auto told = provider.closed();
    REQUIRE(told.ok());
    CHECK(list(told) == std::vector<u64>{first->badge, second->badge});
    CHECK(control.holder(session).error() == Error::NotFound);

    CHECK(connect(bad.client, "echo").error() == Error::ServiceFailed);
    CHECK(connect(bad.client, "timer").ok());
    CHECK(connect(good.client, "echo").ok());
    CHECK(clock->is_open());
    CHECK(third->is_open());
    dismiss(bad.id);
    auto again = admit("echo timer").client;
    CHECK(connect(again, "echo").ok());
}

STAGE_CASE(World, "a kept session is the same for each incarnation of its client, and nobody else's") {
    REQUIRE(publish("counter").ok());
    REQUIRE(publish("timer").ok());
    auto provider = admit("", "counter timer").client;
    auto first = admit("counter timer", "", 7);
    const auto kept = keep(first.client, "counter");
    REQUIRE(kept.ok());
    CHECK(kept_badge(first.client, "counter") == kept->badge);  // asked twice
    CHECK(kept_badge(first.client, "timer") != kept->badge);    // of each service one
    CHECK(keep(first.client, "log").error() == Error::PermissionDenied);
    const auto other = connect(first.client, "counter");

    dismiss(first.id);
    CHECK(keep(first.client, "counter").error() == Error::InvalidCapability);
    CHECK_FALSE(kept->is_open());  // what the dead one had is void
    auto told = provider.closed();
    REQUIRE(told.ok());
    CHECK(list(told) == std::vector<u64>{other->badge});
    names::Badge none;
    auto open = provider.open(none);
    REQUIRE(open.ok());
    CHECK(std::count(open->badges.begin(), open->badges.end(), kept->badge) == 1);

    // Another client, of the same name, with all the same rights.
    auto impostor = admit("counter timer", "", 8).client;
    const u64 its = kept_badge(impostor, "counter");
    CHECK(its != 0);
    CHECK(its != kept->badge);
    auto nobody = admit("counter timer").client;
    CHECK(keep(nobody, "counter").error() == Error::PermissionDenied);

    auto second = admit("counter timer", "", 7);
    CHECK(kept_badge(second.client, "counter") == kept->badge);
    names::ServedSession served;
    served.badge = kept->badge;
    served.provides = "counter";
    CHECK(control.holder(served)->id == second.id);
    names::Client twin;
    twin.identity = 7;
    CHECK(control.admit(twin).error() == Error::AlreadyExists);

    // Given back, it is over.
    names::Badge back;
    back.badge = kept->badge;
    REQUIRE(second.client.disconnect(back).ok());
    CHECK(kept_badge(second.client, "counter") != kept->badge);
}

STAGE_CASE(World, "expelling ends a kept session, also of a client that is dead at the moment, and nobody else's") {
    REQUIRE(publish("counter").ok());
    names::ServedSession served;
    served.provides = "counter";
    u64 kept[2];
    for (const u32 identity : {1u, 2u}) {
        auto admitted = admit("counter", "", identity);
        kept[identity - 1] = kept_badge(admitted.client, "counter");
        dismiss(admitted.id);
    }
    served.badge = kept[0];
    CHECK(control.holder(served).error() == Error::NotFound);
    REQUIRE(control.expel(served).ok());
    for (const u32 identity : {1u, 2u}) {
        auto client = admit("counter", "", identity).client;
        CHECK((kept_badge(client, "counter") == kept[identity - 1]) == (identity == 2));
    }
}

STAGE_CASE(World, "a server that is not asking loses its oldest badges, and is told that it did") {
    REQUIRE(publish("echo").ok());
    auto provider = admit("", "echo").client, client = admit("echo").client;
    const auto kept = connect(client, "echo");
    REQUIRE(kept.ok());
    u64 last = 0;
    for (int i = 0; i < 3000; ++i) {
        const auto session = connect(client, "echo");
        REQUIRE(session.ok());
        names::Badge badge;
        badge.badge = last = session->badge;
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
    CHECK(list(open) == std::vector<u64>{kept->badge});
    CHECK(client.open(from)->badges.empty());
    CHECK(client.closed()->badges.empty());
}

STAGE_CASE(World, "open sessions are listed in order, in portions") {
    REQUIRE(publish("a").ok());
    auto provider = admit("", "a b").client;
    std::vector<u64> opened;
    std::vector<Admitted> clients;
    for (int c = 0; c < 3; ++c) {
        clients.push_back(admit("a"));
        for (int i = 0; i < 50; ++i) opened.push_back(connect(clients.back().client, "a")->badge);
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
    dismiss(clients[1].id);
    CHECK(provider.open({})->badges.front() == opened.front());
}

STAGE_CASE(World, "one client cannot use up a service") {
    REQUIRE(publish("a").ok());
    auto greedy = admit("a b").client;
    int opened = 0;
    while (connect(greedy, "a").ok()) ++opened;
    CHECK(opened == 64);
    auto other = admit("a").client;
    CHECK(connect(other, "a").ok());
}

STAGE_CASE(World, "a service has so many sessions and no more, and one that ends makes room") {
    REQUIRE(publish("a").ok());
    std::vector<Admitted> clients;
    for (int c = 0; c < 5; ++c) clients.push_back(admit("a"));
    int opened = 0;
    while (connect(clients[opened / 60].client, "a").ok()) ++opened;
    CHECK(opened == 256);
    CHECK(connect(clients.back().client, "a").error() == Error::LimitReached);
    dismiss(clients.front().id);
    CHECK(connect(clients.back().client, "a").ok());
}

STAGE_CASE(World, "the next incarnation of a server is told to compare") {
    REQUIRE(publish("a").ok());
    auto first = admit("", "a");
    CHECK_FALSE(first.client.closed()->incomplete);
    dismiss(first.id);
    auto second = admit("", "a").client;
    CHECK(second.closed()->incomplete);
    CHECK_FALSE(second.closed()->incomplete);
}

STAGE_CASE(World, "random words in every method neither break the broker nor leave a capability behind") {
    REQUIRE(publish("a").ok());
    const u32 slots = stage.used_slots(server);
    auto client = admit("a");
    u64 state = 42;
    const auto random = [&state] { return state = state * 6364136223846793005u + 1442695040888963407u, state >> 16; };
    for (int i = 0; i < 20000; ++i) {
        for (u64& word : sys::utcb().words) word = random() % 3 ? random() % 600 : random();
        sys::Registers registers;
        registers.tag = Tag(make_label(19, static_cast<u16>(random() % 11)), random() % (kMaxWords + 1));
        for (u64& word : registers.w) word = random() % 2 ? random() % 300 : random();
        REQUIRE(sys::call(client.client.slot(), registers) == Error::None);
        ipc::ReceivedCaps received([]() -> Utcb& { return sys::utcb(); }, registers.tag);
    }
    dismiss(client.id);
    CHECK(stage.used_slots(server) == slots);
    CHECK(server.deaths == 0);
}
