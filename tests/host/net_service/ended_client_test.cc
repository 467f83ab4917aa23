// Programs that end as soon as they have closed their sockets: the peer gets all that they had written, for a while.
#include "raw_client.h"
#include "traffic.h"

using namespace eft;
using namespace eft::socket;
using namespace eft::test;

namespace {

constexpr u64 kBytes = 3000;
constexpr u32 kSeed = 3;

struct Written {
    Error error = Error::None;
};

Task<Status> write_all(Sockets& sockets) {
    EFT_CO_TRY(Stream stream, co_await sockets.connect({.address = kIpv4Self, .port = kPort}));
    std::vector<std::byte> bytes(kBytes);
    for (u64 i = 0; i < kBytes; ++i) bytes[i] = byte_at(kSeed, i);
    co_return co_await stream.write(bytes);
}
Task<void> write_and_close(Sockets& sockets, Written& written) {
    const Status status = co_await write_all(sockets);
    written.error = status.error();
}

// Nobody accepts, so that none of the bytes is taken: the window is closed.
struct EndedScene : NetScene {
    RawClient listener{*this, 1};
    u64 pages = 0;
    u32 slots = 0;
    Written written;

    explicit EndedScene(Stage& at) : NetScene{at} {
        REQUIRE(listener.listen(1, kPort, 100) == Error::None);
        pages = memory.mapped_pages(server);
        slots = stage.kept_slots(server);
    }
    void write_and_end() {
        add_client("writer", write_and_close, written);
        REQUIRE(pass_until([&] { return all_finished(); }, 10));
        CHECK(written.error == Error::None);
        end_clients({1});
        clients.clear();
    }
    void check_bytes(u32 number) {
        REQUIRE(listener.open(number) == Error::None);
        CHECK(listener.accept(1, number) == Error::None);
        pass(1000);
        CHECK(ring::acquire(listener.header(number).received) == kBytes);
        u64 wrong = 0;
        for (u64 i = 0; i < kBytes; ++i) wrong += listener.area[RawClient::kReceiveAt + i] != byte_at(kSeed, i);
        CHECK(wrong == 0);
        CHECK(listener.has(number, Condition::ReceiveEnded));
        CHECK(listener.failure(number) == Error::None);
        listener.say(number, kBytes, 0);
        CHECK(listener.close(number) == Error::None);
        pass(1000);
    }
    bool only_own_left() { return memory.mapped_pages(server) == pages && stage.kept_slots(server) == slots; }
};

}  // namespace

TEST_CASE("what a program has written and closed comes, though it has ended") {
    for (const u32 milliseconds : {0, 1, 2, 3}) {
        CAPTURE(milliseconds);
        Stage stage;
        stage.run_test([&] {
            EndedScene scene{stage};
            scene.pass(milliseconds);  // at any time
            scene.write_and_end();
            scene.pass(10'000);
            scene.check_bytes(2);
            CHECK(scene.only_own_left());
        });
    }
}

// Nobody has the bytes any more: the memory was the program's, and the server's mapping was the last one.
TEST_CASE("if the server dies after the program the peer is told that bytes are lost") {
    Stage stage;
    stage.run_test([&] {
        EndedScene scene{stage};
        scene.write_and_end();
        stage.kill(scene.server);
        for (int i = 0; i < 2; ++i) scene.names.close_all_but({raw(Socket::badge_of(NetScene::SocketKind::Client, 1)), raw(Socket::badge_of(NetScene::SocketKind::Client, NetScene::kObserver))});
        scene.pass(1000);
        CHECK(!scene.listener.has(1, Condition::Acceptable));
        CHECK(scene.only_own_left());
    });
}

TEST_CASE("what nobody takes for a minute is given up") {
    Stage stage;
    stage.run_test([&] {
        EndedScene scene{stage};
        scene.write_and_end();
        scene.pass(30'000);
        CHECK(!scene.only_own_left());
        CHECK(scene.listener.has(1, Condition::Acceptable));
        CHECK(scene.pass_until([&] { return scene.only_own_left(); }, 60));
        scene.pass(10);
        CHECK(!scene.listener.has(1, Condition::Acceptable));
        CHECK(scene.observer.totals()->sockets == 1);
    });
}

TEST_CASE("a program that was killed before it closed has its connections reset") {
    Stage stage;
    stage.run_test([&] {
        EndedScene scene{stage};
        Exchange calling{.to_send = kBytes, .to_receive = kBytes};
        scene.add_client("caller", call, calling);
        scene.pass(1000);
        CHECK(scene.listener.has(1, Condition::Acceptable));
        scene.end_clients({1});
        scene.pass(10);
        CHECK(scene.only_own_left());
        CHECK(!scene.listener.has(1, Condition::Acceptable));
    });
}

TEST_CASE("sessions of programs that have ended make room for others") {
    Stage stage;
    stage.run_test([&] {
        EndedScene scene{stage};
        for (u64 i = 0; i < 20; ++i) {
            RawClient client(scene, 100 + i);
            REQUIRE(client.open(1) == Error::None);
            REQUIRE(client.connect(1, kPort) == Error::None);
            client.say(1, 0, 100);
            REQUIRE(client.close(1) == Error::None);
            scene.names.close({raw(Socket::badge_of(NetScene::SocketKind::Client, 100 + i))});
        }
        REQUIRE(scene.listener.open(2) == Error::None);
        CHECK(scene.memory.mapped_pages(scene.server) > scene.pages);
    });
}
