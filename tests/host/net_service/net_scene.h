// The network server on a Stage, without a card and a timer, and programs that are its clients: they reach each other by the
// machine's own addresses. Heartbeats are the server's clock (pass()).
#pragma once

#include <memory_server.h>
#include <scripted_names.h>
#include <stage_case.h>

#include <eft/idl/socket.h>
#include <eft/socket/address.h>
#include <eft/socket/sockets.h>

#include <deque>
#include <functional>

namespace eft::test {

constexpr socket::Address kIpv4Self = socket::ipv4(127, 0, 0, 1);
constexpr socket::Address kIpv6Self = socket::address_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

struct NetScene {
    using SocketKind = socket::Socket::SessionKind;
    static constexpr u64 kObserver = 1000;  // the number of the test's own session

    // A program with sockets of its own. It ends when its work is done and it may.
    struct Client {
        Program* program = nullptr;
        bool has_finished = false, may_end = false;
    };

    Stage& stage;
    MemoryServer memory{stage};
    Program& server = add_server(stage);
    ScriptedNames names{stage, server};
    socket::SocketClient<> observer = (allow_sessions(), socket::SocketClient<>{session(SocketKind::Client, kObserver)});
    std::deque<Client> clients{};

    CapHandle session(SocketKind kind, u64 number) { return stage.connect(server, socket::Socket::badge_of(kind, number)); }

    // `work(sockets, what)` is the program; `what` outlives it.
    template <class What>
    Client& add_client(std::string name, Task<void> (*work)(socket::Sockets&, What&), What& what, socket::Sizes sizes = kSmall, std::string_view service = "net") {
        return add_program(std::move(name), [=, &what](socket::Sockets& sockets) { return work(sockets, what); }, sizes, service);
    }
    static constexpr socket::Sizes kSmall{.sockets = 4, .receive_bytes = socket::kLeastStreamReceive, .send_bytes = socket::kLeastRing};

    // So much time passes, while everybody does what he can.
    void pass(u64 milliseconds);
    // Until it is true, or so long: whether it is.
    bool pass_until(const std::function<bool()>& is_true, u64 seconds = 300);
    bool all_finished() const;
    // All client programs end; those whose work is not done are killed. The server is told of each session that has ended, and then,
    // as names does after a death, that nobody is left but the test, which has sessions of these numbers.
    void end_clients(std::vector<u64> own_sessions = {});
    // What is left of connections when their clients have ended: records that wait until nobody remembers them.
    bool only_old_connections();
    // What the server has of clients: pages that are mapped, and slots that outlive it.
    bool nothing_left() { return memory.mapped_pages(server) == 0 && stage.kept_slots(server) == 0; }

private:
    static Program& add_server(Stage& stage);
    void allow_sessions();
    Client& add_program(std::string name, std::function<Task<void>(socket::Sockets&)> work, socket::Sizes sizes, std::string_view service);
};

// die_everywhere() at each `kth` step only: all of them take most of a minute, and are for the long tests.
template <class Scene>
Deaths die_at_each(u64 kth, Scene scene) {
    return die_everywhere([=](Stage& stage, Death death) { return scene(stage, Death{death.at, death.nth * kth}); });
}

}  // namespace eft::test
