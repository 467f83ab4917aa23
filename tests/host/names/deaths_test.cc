// names dies at each of its system calls and stores: what it has answered holds, what it has not is done once, and nobody but
// names notices.
#include "names_world.h"

using namespace eft;
using namespace eft::test;

namespace {

struct Party {
    Admitted admitted;
    std::vector<Session> sessions;
};

// Everything that names does, at least twice. Its slots hold then what is open and nothing else.
bool live(Stage& stage, Death death) {
    World names(stage);
    Program& server = names.server;
    server.die(death);
    CHECK(names.publish("a").ok());
    CHECK(names.publish("b").ok());
    CHECK(names.publish("a").error() == Error::AlreadyExists);
    Admitted provider = names.admit("", "a b");
    Party anna{names.admit("a b"), {}}, bert{names.admit("b", "", 7), {}};
    for (Party* each : {&anna, &bert}) {
        for (int i = 0; i < 2; ++i) {
            auto session = names.connect(each->admitted.client, "b");
            REQUIRE(session.ok());
            CHECK(session->is_open());
            each->sessions.push_back(std::move(*session));
        }
    }
    const u64 kept = names.kept_badge(bert.admitted.client, "b");
    CHECK(kept != 0);
    CHECK(kept == names.kept_badge(bert.admitted.client, "b"));

    names::Badge over;
    over.badge = anna.sessions[0].badge;
    CHECK(anna.admitted.client.disconnect(over).ok());
    CHECK_FALSE(anna.sessions[0].is_open());
    CHECK(list(provider.client.closed()) == std::vector{over.badge});

    names.dismiss(bert.admitted.id);
    for (const Session& each : bert.sessions) CHECK_FALSE(each.is_open());
    CHECK(list(provider.client.closed()) == std::vector{bert.sessions[0].badge, bert.sessions[1].badge});
    Admitted again = names.admit("b", "", 7);
    CHECK(names.kept_badge(again.client, "b") == kept);

    names::ServedSession served;
    served.badge = anna.sessions[1].badge;
    served.provides = "b";
    CHECK(names.control.holder(served)->id == anna.admitted.id);
    CHECK(names.control.expel(served).ok());
    CHECK_FALSE(anna.sessions[1].is_open());
    CHECK(names.connect(anna.admitted.client, "b").error() == Error::ServiceFailed);
    const auto last = names.connect(anna.admitted.client, "a");
    CHECK(last->is_open());

    names.dismiss(provider.id);
    Admitted next = names.admit("", "a b");
    const auto told = next.client.closed();
    CHECK(list(told) == std::vector{served.badge});
    CHECK(told->incomplete);
    CHECK(list(next.client.open({})) == std::vector{kept, last->badge});

    std::vector<u64> badges{provider.badge, anna.admitted.badge, bert.admitted.badge, again.badge, next.badge, kept, last->badge};
    for (const Party* each : {&anna, &bert})
        for (const Session& session : each->sessions) badges.push_back(session.badge);
    std::ranges::sort(badges);
    CHECK(std::ranges::adjacent_find(badges) == badges.end());  // no two alike
    CHECK(stage.kept_slots(server) == 2 * 2 + 3 + 2);
    CHECK(server.deaths <= 1);
    return server.deaths == 1;
}

}  // namespace

TEST_CASE("wherever names dies, each request is answered once, and nothing is lost or left") {
    const Deaths deaths = die_everywhere(live, {1, 5});
    CHECK(deaths.system_calls > 60);
    CHECK(deaths.stores > 100);
}

TEST_CASE("two deaths, the second while names comes back") {
    for (u64 first = 0, both = 1; both != 0; first += 2) {
        both = 0;
        for (u64 second = 0;; second += 3) {
            CAPTURE(first);
            CAPTURE(second);
            Stage stage;
            unsigned deaths = 0;
            stage.run_test([&] {
                World names(stage);
                REQUIRE(names.publish("a").ok());
                Admitted provider = names.admit("", "a"), client = names.admit("a", "", 7);
                const auto one = names.connect(client.client, "a"), two = names.connect(client.client, "a");
                const u64 kept = names.kept_badge(client.client, "a");
                names.server.die({At::SystemCall, first});
                stage.on_start = [&](Program& started) {
                    if (&started == &names.server && names.server.deaths == 1) names.server.die({At::SystemCall, second});
                };
                const Error dismissed = names.control.dismiss({client.id}).error();
                // A request that was in progress at both is given up, and can be made again.
                if (dismissed == Error::ServiceFailed) CHECK(names.control.dismiss({client.id}).ok());
                else CHECK(dismissed == Error::None);
                deaths = names.server.deaths;
                stage.on_start = [](Program&) {};
                CHECK_FALSE((one->is_open() || two->is_open()));
                CHECK(list(provider.client.closed()) == std::vector{one->badge, two->badge});
                Admitted again = names.admit("a", "", 7);
                CHECK(names.kept_badge(again.client, "a") == kept);
                CHECK(stage.kept_slots(names.server) == 2 + 2 + 1);
            });
            both += deaths == 2;
            if (deaths < 2) break;
        }
    }
}
