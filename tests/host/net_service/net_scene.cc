#include "net_scene.h"

#include "lwip_statics.h"

#include <net/server.h>

#include <eft/run_server.h>

#include "lwip/tcpbase.h"

namespace eft::test {

using socket::Socket;

Program& NetScene::add_server(Stage& stage) {
    return stage.add("net", []() -> int {
        put_back_lwip_statics();
        run_server<net::Server>(net::kLayoutVersion);
    }, Stage::options_of<net::Server>());
}

void NetScene::allow_sessions() {
    names.allow_only({{"net", Socket::badge_of(SocketKind::Client, 0)}, {"net:server", Socket::badge_of(SocketKind::Server, 0)}});
}

NetScene::Client& NetScene::add_program(std::string name, std::function<Task<void>(socket::Sockets&)> work, socket::Sizes sizes, std::string_view service) {
    Client& client = clients.emplace_back();
    client.program = &stage.add(std::move(name), [work = std::move(work), sizes, service, &client] {
        WakeLoop loop;
        socket::Sockets sockets(loop, sizes, service);
        loop.run(work(sockets));
        client.has_finished = true;
        while (!client.may_end) loop.run_once();
        return 0;
    }, {.priority = Stage::kTestPriority - 1, .restarts = false});
    names.admit(*client.program);
    return client;
}

void NetScene::pass(u64 milliseconds) {
    stage.machine.at(stage.machine.now() + milliseconds * host::Machine::kTicksPerMs, [] {});
    stage.run();
    stage.signal(server, static_cast<u64>(WakeBit::Heartbeat));
    stage.run();
}

bool NetScene::pass_until(const std::function<bool()>& is_true, u64 seconds) {
    constexpr u64 kBeatMs = 250;  // of lwIP's TCP
    for (u64 beats = seconds * 1000 / kBeatMs; beats != 0; --beats) {
        if (is_true()) return true;
        pass(kBeatMs);
    }
    return is_true();
}

bool NetScene::all_finished() const {
    return std::ranges::all_of(clients, &Client::has_finished);
}

void NetScene::end_clients(std::vector<u64> own_sessions) {
    for (Client& each : clients) {
        each.may_end = true;
        if (each.program->ended) continue;
        if (!each.has_finished) stage.kill(*each.program);
        else stage.signal(*each.program, static_cast<u64>(WakeBit::Heartbeat));
    }
    stage.run();
    for (const Client& each : clients) CHECK(each.program->ended);
    names.close(names.given());
    own_sessions.push_back(kObserver);
    for (u64& each : own_sessions) each = raw(Socket::badge_of(SocketKind::Client, each));
    for (int i = 0; i < 2; ++i) names.close_all_but(own_sessions);
}

bool NetScene::only_old_connections() {
    bool only = true;
    stage.as_root([&] {
        const net::Server::Region region(server.state(), net::kLayoutVersion);
        for (const net::SocketRecord& each : region->shared.records)
            only &= each.stage == net::Stage::Free || (each.stage == net::Stage::Ending && each.tcp.state == TIME_WAIT);
        only &= region->shared.counts.lost == 0;
    });
    return only;
}

}  // namespace eft::test
