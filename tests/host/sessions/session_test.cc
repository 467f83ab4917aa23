// Generated sessions: found by badge, opened and closed, kept or forgotten over restarts, limited.
#include "bank.h"

#include <eft/session.h>
#include <eft/wake.h>

using namespace eft;
using namespace eft::test;

STAGE_CASE(BankScene, "each badge has a session of its own, from its first request on") {
    BankClient one = client(11), two = client(12), nobody = client(0);
    CHECK(one.deposit({5})->own == 5);
    CHECK(two.deposit({7})->own == 7);
    CHECK(one.deposit({1})->own == 6);
    CHECK(one.deposit({0})->total == 13);
    CHECK(nobody.deposit({1}).error() == Error::StaleSession);
    CHECK(Bank::running->session(Badge{13}) == nullptr);
}

STAGE_CASE(BankScene, "an answer that is an error has changed nothing") {
    BankClient one = client(11);
    CHECK(one.deposit({5}).ok());
    CHECK(one.deposit({1'000'001}).error() == Error::OutOfRange);
    CHECK(one.deposit({0})->total == 5);
    CHECK((*Bank::running->session(Badge{11}))->calls == 2);
}

STAGE_CASE(BankScene, "more clients than there is room for: LimitReached; a session that ended makes room") {
    ScriptedNames names(stage, bank);
    for (u64 badge = 1; badge <= 4; ++badge) CHECK(client(badge).deposit({badge}).ok());
    BankClient fifth = client(5);
    CHECK(fifth.deposit({1}).error() == Error::LimitReached);
    names.close({2});
    CHECK(fifth.deposit({1})->own == 1);
    CHECK(client(2).deposit({1}).error() == Error::LimitReached);
}

STAGE_CASE(BankScene, "a program that names knows connects by itself, and stays connected when the server dies") {
    ScriptedNames names(stage, bank);
    u64 sums[2] = {};
    Program& other = stage.add("other", [&]() -> int {
        auto opened = connect_client<BankClient>("bank");
        CHECK(opened.ok());
        for (u64& sum : sums) {
            sum = opened->deposit({5})->own;
            wait_for_wake();
        }
        return 0;
    });
    names.admit(other);
    stage.run();
    CHECK(sums[0] == 5);
    stage.kill(bank);
    stage.signal(other, 1);
    stage.run();
    CHECK(sums[1] == 10);
}

TEST_CASE("a death at any store or system call: what was answered has happened, what got PeerDied is repeated by the stub") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        BankScene scene{stage};
        BankClient client = scene.client(11), other = scene.client(12);
        REQUIRE(client.deposit({5}).ok());
        REQUIRE(other.deposit({50}).ok());
        host::store_hook.each_byte = true;
        scene.bank.die(death);
        const auto answer = client.deposit({3});
        host::store_hook.each_byte = false;
        REQUIRE(answer.ok());
        CHECK(answer->own == 8);
        const bool died = scene.bank.deaths == 1;
        if (!died) stage.kill(scene.bank);
        CHECK(client.deposit({0})->total == 58);
        CHECK(other.deposit({0})->own == 50);
        return died;
    });
    CHECK(deaths.system_calls > 0);
    CHECK(deaths.stores > 40);
}

STAGE_CASE(DeskScene, "reset: the program does not notice that its session was forgotten, whatever it calls") {
    CHECK(client.add({5})->own == 5);
    CHECK(client.add({5})->own == 10);
    stage.kill(desk);
    const auto after = client.add({1});
    CHECK(after->own == 1);
    CHECK(after->total == 11);
    stage.kill(desk);
    CHECK(client.take({2}).or_error()->total == 13);  // no licence to repeat, and none is needed
}

namespace {

// A program that keeps an amount at the desk.
struct Owner {
    DeskClient& client;
    unsigned opened = 0;
    Status reopen(ipc::Client<ipc::KernelTransport>&) {
        ++opened;
        return client.add({100}).error();
    }
};

}  // namespace

STAGE_CASE(DeskScene, "reset: an owner is told once per death, before its request is done in the new session") {
    Owner owner{client};
    client.on_reopen(owner);
    CHECK(client.add({100})->own == 100);
    CHECK(client.add({1})->own == 101);
    stage.kill(desk);
    CHECK(client.add({1})->own == 101);
    CHECK(owner.opened == 1);
    CHECK(client.add({1})->own == 102);
    CHECK(owner.opened == 1);
}

TEST_CASE("reset: a death at any store or system call while the client is told and opens again, which goes unnoticed") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        DeskScene scene{stage};
        Owner owner{scene.client};
        scene.client.on_reopen(owner);
        REQUIRE(scene.client.add({100}).ok());
        stage.kill(scene.desk);
        host::store_hook.each_byte = true;
        scene.desk.die(death);
        const auto answer = scene.client.add({1});
        host::store_hook.each_byte = false;
        REQUIRE(answer.ok());
        CHECK(answer->own == 101);
        return scene.desk.deaths == 2;
    });
    CHECK(deaths.system_calls > 2);
    CHECK(deaths.stores > 60);
}
