// Programs on the real kernel objects: endpoints, faults, deaths at each system call.
#include "memory_server.h"
#include "stage.h"

#include <eft/idl/echo.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/process.h>
#include <eft/server.h>
#include <eft/wait_list.h>
#include <eft/shared_memory.h>
#include <eft/wake.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;

namespace {

constinit unsigned pings = 0;  // that a handler has seen

struct Echo {
    Result<Empty> ping(ipc::Context&, const Empty&) {
        ++pings;
        return Empty{};
    }
    Result<echo::Words> repeat(ipc::Context&, const echo::Words& words) { return words; }
    Result<echo::Text> say(ipc::Context&, const echo::Text& text) { return echo::Text{text.text}; }
};

int serve_echo() {
    Echo server;
    ServerLoop loop;
    loop.run(requests_to<echo::Echo>(server));
}

// What the client saw, in memory that outlives it.
struct Seen {
    unsigned answers = 0;
    unsigned deaths = 0;
    unsigned others = 0;
};
constinit Seen seen;
constexpr unsigned kCalls = 4;

int call_echo() {
    echo::EchoClient<> client{CapHandle(*granted("echo"))};
    for (unsigned i = 0; i < kCalls; ++i) {
        const auto answer = client.say({"how are you?"});
        if (answer.ok() && answer->text == "how are you?") ++seen.answers;
        else if (answer.error() == Error::PeerDied) ++seen.deaths;
        else ++seen.others;
    }
    return 7;
}

// Without the stub, which repeats what may be repeated.
int call_once_each() {
    const Slot server = *granted("echo");
    for (unsigned i = 0; i < kCalls; ++i) {
        sys::Registers registers;
        registers.tag = Tag(echo::Echo::PingMethod::kLabel, 0);
        const Error error = sys::call(server, registers);
        if (error == Error::None && registers.tag.label() == 0) ++seen.answers;
        else if (error == Error::PeerDied) ++seen.deaths;
        else ++seen.others;
    }
    return 0;
}

// A client's calls while the server or the client dies at its system call or store number `fatal`. False: it made fewer.
bool dies_at(u64 fatal, int (*client_main)(), bool server_dies, At at = At::SystemCall) {
    seen = {};
    pings = 0;
    Stage stage;
    Program& server = stage.add("echo", serve_echo, {.priority = 20});
    Program& client = stage.add("client", client_main);
    stage.connect(client, "echo", server, Badge{7});
    host::Image& victim = server_dies ? server.image : client.image;
    (at == At::SystemCall ? victim.fatal_system_call : victim.fatal_store) = fatal;
    stage.run();
    CAPTURE(fatal);
    CHECK(client.ended);
    const bool fell = (at == At::SystemCall ? victim.system_calls : victim.stores) > fatal;
    CHECK(server.deaths + client.deaths == fell);
    return fell;
}

}  // namespace

TEST_CASE("a client calls a server over a real endpoint") {
    seen = {};
    Stage stage;
    Program& server = stage.add("echo", serve_echo, {.priority = 20});
    Program& client = stage.add("client", call_echo);
    stage.connect(client, "echo", server, Badge{7});
    stage.run();
    CHECK(seen.answers == kCalls);
    CHECK(client.ended);
    CHECK(client.status == 7);
    CHECK(server.deaths == 0);
    CHECK(server.service.ready());
}

TEST_CASE("the server dies at each of its system calls: each call has its answer or is told, once") {
    u64 fatal = 0;
    unsigned told = 0;
    for (; dies_at(fatal, call_once_each, true); ++fatal) {
        CAPTURE(fatal);
        CHECK(seen.others == 0);
        CHECK(seen.deaths <= 1);
        CHECK(seen.answers + seen.deaths == kCalls);
        CHECK(pings <= kCalls);
        CHECK(pings >= seen.answers);
        told += seen.deaths;
    }
    CHECK(fatal > 6);
    CHECK(told > 0);
}

TEST_CASE("the server dies at each store to its persistent memory") {
    u64 fatal = 0;
    for (; dies_at(fatal, call_once_each, true, At::Store); ++fatal) {
        CAPTURE(fatal);
        CHECK(seen.others == 0);
        CHECK(seen.answers + seen.deaths == kCalls);
    }
    CHECK(fatal > 60);
}

TEST_CASE("who waits for one that never answers is told so") {
    Stage stage;
    Program& silent = stage.add("silent", []() -> int {
        for (;;) {
            sys::Registers registers;
            static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
        }
    });
    stage.run();
    const CapHandle session = stage.connect(silent, Badge{1});
    sys::Registers registers;
    CHECK_THROWS_WITH_AS(static_cast<void>(sys::call(session.slot(), registers)), doctest::Contains("silent is waiting"), std::logic_error);
}

TEST_CASE("each program has its own address space, and the same program finds its persistent memory again") {
    static constinit u64 before[3] = {};
    static constinit u64 lives = 0;
    Stage stage;
    const auto remember = [] {
        u64& word = *reinterpret_cast<u64*>(state_memory().data());
        before[lives++] = word;
        word += raw(Badge{incarnation().number});
        if (incarnation().number == 1) arch::crash();
        return 0;
    };
    Program& first = stage.add("first", remember, {.state_bytes = kPageSize});
    stage.run();
    Program& second = stage.add("second", [] { return static_cast<int>(*reinterpret_cast<u64*>(state_memory().data())); }, {.state_bytes = kPageSize});
    stage.run();
    CHECK(first.deaths == 1);
    CHECK(before[0] == 0);
    CHECK(before[1] == 1);
    CHECK(*reinterpret_cast<u64*>(first.state().data()) == 3);
    CHECK(second.ended);
    CHECK(second.status == 0);
}

TEST_CASE("a stub repeats what may be repeated when the server dies at any of its system calls") {
    u64 fatal = 0;
    for (; dies_at(fatal, call_echo, true); ++fatal) {
        CAPTURE(fatal);
        CHECK(seen.answers == kCalls);
    }
    CHECK(fatal > 6);
}

TEST_CASE("the client dies at each of its system calls: the server goes on") {
    u64 fatal = 0;
    for (; dies_at(fatal, call_once_each, false); ++fatal) {
        CAPTURE(fatal);
        CHECK(seen.deaths == 0);
        CHECK(seen.others == 0);
        CHECK(seen.answers >= kCalls);  // of both incarnations
    }
    CHECK(fatal > 4);
}

TEST_CASE("a test that is a program calls servers that die meanwhile") {
    Stage stage;
    Program& server = stage.add("echo", serve_echo, {.priority = Stage::kServerPriority});
    stage.run_test([&] {
        echo::EchoClient<> client{stage.connect(server, Badge{7})};
        REQUIRE(client.ping().ok());
        server.image.fatal_system_call = server.image.system_calls;
        CHECK(client.say({"hello"})->text == "hello");
        CHECK(server.deaths == 1);
        stage.kill(server);
        CHECK(server.deaths == 2);
        CHECK(client.say({"hello"})->text == "hello");
        stage.run();
    });
    CHECK_THROWS_WITH_AS(stage.run_test([] { throw std::runtime_error("as it was"); }), "as it was", std::runtime_error);
    CHECK_THROWS_AS(stage.run_test([] { arch::crash(); }), std::logic_error);
    CHECK_THROWS_WITH_AS(stage.run_test([] { static_cast<void>(wait_for_wake()); }), doctest::Contains("test is waiting"), std::logic_error);
}

TEST_CASE("programs have memory of mem, and a death gives it back") {
    Stage stage;
    stage.run_test([&] {
        MemoryServer memory(stage);
        Program& holder = stage.add("holder", [] {
            const SharedMemory held = *SharedMemory::create(3 * kPageSize);
            held.bytes()[2 * kPageSize] = std::byte{42};
            static_cast<void>(wait_for_wake());
            return 0;
        });
        stage.run();
        CHECK(memory.mapped_pages(holder) == 3);
        for (int i = 0; i < 2; ++i) {
            const SharedMemory own = *SharedMemory::create(2 * kPageSize);
            CHECK(memory.mapped_pages(stage.test()) == 2);
            CHECK(own.bytes()[kPageSize] == std::byte{0});
            own.bytes()[kPageSize] = std::byte{1};
        }
        const u64 free = memory.free_pages();
        CHECK(memory.mapped_pages(stage.test()) == 0);
        for (int i = 0; i < 3; ++i) {
            stage.kill(holder);
            stage.run();
            CHECK(memory.mapped_pages(holder) == 3);
            CHECK(memory.free_pages() == free);
        }
    });
}

TEST_CASE("as many requests wait at once as there are replies for, more than usual, and each gets its answer") {
    constexpr u32 kWaiting = 21;
    static_assert(kWaiting > kUsualReplies);
    struct Slow {
        WaitList waiting;
        Task<Status> ping(ipc::Context&, Empty) {
            Waiter waiter(waiting);
            co_return co_await waiter.woken;
        }
        Result<echo::Words> repeat(ipc::Context&, const echo::Words& words) { return words; }
        Result<echo::Text> say(ipc::Context&, const echo::Text& text) { return echo::Text{text.text}; }
    };
    Stage stage;
    const auto serve = []() -> int {
        Slow slow;
        ServerLoop loop;
        loop.run(requests_to<echo::Echo>(slow), [&](u64) { slow.waiting.wake_all(Status()); });
    };
    Program& server = stage.add("slow", serve, {.priority = 20, .replies = kWaiting + 1});
    std::vector<Program*> clients;
    const auto add_client = [&] {
        clients.push_back(&stage.add("client", [] {
            echo::EchoClient<> slow{CapHandle(*granted("slow"))};
            for (unsigned call = 0; call < 2; ++call)
                if (const Error error = slow.ping().error(); error != Error::None) return static_cast<int>(error);
            return 0;
        }));
        stage.connect(*clients.back(), "slow", server, Badge{clients.size()});
    };
    for (u32 i = 0; i < kWaiting; ++i) add_client();
    stage.run();
    for (const Program* each : clients) CHECK(!each->ended);
    add_client();
    stage.run();
    CHECK(clients.back()->ended);
    CHECK(clients.back()->status == static_cast<int>(Error::Busy));
    clients.pop_back();
    stage.signal(server, 1);
    stage.run();
    for (const Program* each : clients) CHECK(!each->ended);  // they wait again
    stage.signal(server, 1);
    stage.run();
    for (const Program* each : clients) {
        CHECK(each->ended);
        CHECK(each->status == 0);
    }
    CHECK(server.deaths == 0);
}
