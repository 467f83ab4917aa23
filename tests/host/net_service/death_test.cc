// The server dies at a system call or store of a connection's life, any from before its first SYN until after its programs have
// ended: each byte comes once and in order, both ends see the end, no connection is lost and nothing is left over.
#include "raw_client.h"
#include "traffic.h"

#include <random>
#include <set>

using namespace eft;
using namespace eft::test;

namespace {

// False if the server did not die.
bool live(Stage& stage, Death death, Exchange calling, Exchange listening) {
    CAPTURE(static_cast<int>(death.at));
    CAPTURE(death.nth);
    NetScene scene{stage};
    scene.server.die(death);
    check_exchange(scene, calling, listening);
    CHECK(scene.observer.totals()->sockets <= 1);
    CHECK(scene.server.deaths <= 1);
    return scene.server.deaths == 1;
}

// Each incarnation dies at a store that the seed chooses.
void live_with_deaths(unsigned seed) {
    CAPTURE(seed);
    constexpr u64 kBytes = 200'000, kDeadly = 180'000;  // received by both, with a server that dies
    Exchange calling{.to_send = kBytes, .to_receive = kBytes}, listening{.to_send = kBytes, .to_receive = kBytes, .own_seed = 2, .peer_seed = 1};
    std::mt19937 random(seed);
    Stage stage;
    stage.run_test([&] {
        NetScene scene{stage};
        stage.on_start = [&, with_memory = stage.on_start](Program& program) {
            with_memory(program);
            if (&program == &scene.server && calling.received + listening.received < kDeadly) scene.server.die({At::Store, 50 + random() % 200});
        };
        scene.add_client("listener", answer, listening);
        scene.pass(100);
        scene.add_client("caller", call, calling);
        scene.server.die({At::Store, 300 + random() % 200});
        CHECK(scene.pass_until([&] { return scene.all_finished(); }));
        CHECK(complaint(calling) == "");
        CHECK(complaint(listening) == "");
        CHECK(scene.server.deaths > 20);
        scene.end_clients();
        CHECK(scene.nothing_left());
        CHECK(scene.only_old_connections());
    });
}

bool live_over_ipv4(Stage& stage, Death death) {
    return live(stage, death, {.address = kIpv4Self}, {.address = kIpv4Self, .own_seed = 2, .peer_seed = 1});
}
// Here one end waits for the other.
bool live_over_ipv6(Stage& stage, Death death) {
    return live(stage, death, {.address = kIpv6Self, .to_send = 3000}, {.address = kIpv6Self, .to_receive = 3000, .own_seed = 2, .peer_seed = 1, .receives_first = true});
}

}  // namespace

// Nobody accepts, so that there is no ring for the caller's bytes.
bool keeps_window_closed(Stage& stage, Death death) {
    CAPTURE(static_cast<int>(death.at));
    CAPTURE(death.nth);
    NetScene scene{stage};
    RawClient listener(scene, 1), caller(scene, 2), watcher(scene, 3, NetScene::SocketKind::Control);
    REQUIRE(listener.listen(1, kPort) == Error::None);
    REQUIRE(caller.open(1) == Error::None);
    scene.server.die(death);
    CHECK(caller.connect(1, kPort) == Error::None);
    const bool died = scene.server.deaths != 0;
    scene.pass(10);
    const auto check = [&] {
        u32 connections = 0;
        for (auto line = watcher.calls.next_socket({.after = 0}); line.ok() && line->index != 0; line = watcher.calls.next_socket({.after = line->index})) {
            if (line->state == socket::State::Connected) CHECK(line->send_window == 0);
            if (line->state == socket::State::Waiting) CHECK(line->receive_window == 0);
            connections += line->tcp == socket::TcpState::Established;
        }
        CHECK(connections == 2);
    };
    check();
    stage.kill(scene.server);
    scene.pass(10);
    check();
    return died;
}

TEST_CASE("a port that was used lately is not chosen again by the next incarnation") {
    Stage stage;
    stage.run_test([&] {
        NetScene scene{stage};
        RawClient client(scene, 1);
        std::set<u32> ports;
        constexpr int kPorts = 50, kDeaths = 10;
        for (int i = 0; i < kPorts * kDeaths; ++i) {
            REQUIRE(client.open(1) == Error::None);
            const auto bound = client.calls.bind({.socket = 1, .address = {}, .port = 0});
            REQUIRE(bound.ok());
            CHECK_MESSAGE(ports.insert(bound->port).second, bound->port);
            REQUIRE(client.close(1) == Error::None);
            scene.pass_until([&] { return client.has(1, socket::Condition::Free); });
            if (i % kPorts == kPorts - 1) stage.kill(scene.server);
        }
    });
}

TEST_CASE("a window stays closed until somebody accepts, whenever the server dies") { CHECK(die_everywhere(keeps_window_closed).stores > 20); }

TEST_CASE("a death at any step of a connection loses nothing") {
    const Deaths deaths = die_at_each(4, live_over_ipv4);
    CHECK(deaths.system_calls > 25);
    CHECK(deaths.stores > 100);
    die_at_each(10, live_over_ipv6);
}
TEST_CASE("a death at every step of a connection loses nothing, often" * doctest::skip()) {
    die_everywhere(live_over_ipv4);
    die_everywhere(live_over_ipv6);
}

TEST_CASE("a connection goes on under a server that dies again and again") {
    for (unsigned seed = 1; seed <= 10; ++seed) live_with_deaths(seed);
}

TEST_CASE("a connection goes on under a server that dies again and again, often" * doctest::skip()) {
    for (unsigned seed = 100; seed < 1100; ++seed) live_with_deaths(seed);
}
