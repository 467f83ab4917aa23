// The whole system starts in the test process, and restarts what dies.
#include "host_system.h"

#include <eft/idl/echo.h>
#include <eft/idl/kinds.h>
#include <eft/layout.h>
#include <eft/server.h>
#include <eft/session.h>
#include <eft/wake.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;

int eft_main_echo();
int eft_main_names();

namespace {

constexpr const char* kManifest = R"({"services": [
    {"name": "echo", "priority": 30, "provides": ["echo"]},
    {"name": "client", "kind": "Program", "priority": 10, "connects": ["echo"], "heartbeat_ms": 0, "restart": {"policy": "OnFailure"}}
]})";

constexpr unsigned kCalls = 4;
constexpr u64 kSome = 1;  // system calls are made in any case
constinit unsigned answers = 0;

int call_echo() {
    auto echo = connect_client<echo::EchoClient<>>("echo");
    CHECK(echo.ok());
    if (!echo.ok()) return 1;
    for (unsigned i = 0; i < kCalls; ++i) {
        const auto answer = echo->say({"how are you?"});
        CHECK(answer.ok());
        answers += answer.ok() && answer->text == "how are you?";
    }
    return 0;
}

namespace kinds = test::kinds;

// Answers which kind of session asks.
struct Vault {
    Result<kinds::Sum> open(ipc::Context&, const kinds::Sum& request) { return request; }
    Result<kinds::Who> look(ipc::Context& context, const Empty&) {
        return kinds::Who{static_cast<u8>(ipc::kind_number(context.badge())), ipc::session_id(context.badge())};
    }
    Result<kinds::Sum> knock(ipc::Context&, const Empty&) { return kinds::Sum{}; }
    Status whisper(ipc::Context&, const kinds::Sum&) { return {}; }
};

int serve_vault() {
    static EFT_PROCESS_LOCAL Vault vault;
    report_ready();
    ServerLoop loop;
    loop.run(requests_to<kinds::Vault>(vault));
}

struct Visit {
    unsigned kind = 0;
    Error opened = Error::None;
};
std::array<Visit, 2> visits;

template <std::size_t Index>
int visit_vault() {
    auto vault = connect_client<kinds::VaultClient<>>("vault");
    CHECK(vault.ok());
    if (!vault.ok()) return 1;
    const auto who = vault->look();
    visits[Index] = {who.ok() ? who->kind : 0u, vault->open({7}).or_error().error()};
    return 0;
}

int connect_to_nothing() {
    CHECK(connect("echo").error() == Error::PermissionDenied);
    CHECK(connect_kept("echo").error() == Error::PermissionDenied);
    return 0;
}

// A program whose heap grows for ever.
int use_all_memory() {
    for (u64 address = layout::kHeapBase;; address += kPageSize) *arch::pointer<volatile char>(address) = 1;
}

std::vector<HostProgram> programs() { return {{"echo", eft_main_echo}, {"client", call_echo}}; }

}  // namespace

TEST_CASE("the core servers start, and rs starts what the manifest names") {
    answers = 0;
    HostSystem system(programs(), kManifest);
    CHECK(answers == kCalls);
    for (const std::string_view name : {"mem", "proc", "dev", "names", "rs", "echo"}) CHECK(system.state_of(name) == rs::ServiceState::Up);
    CHECK(system.state_of("client") == rs::ServiceState::Down);
    CHECK(system.machine.printed().empty());
}

// The machine of these tests has a com1, and no HPET.
TEST_CASE("of drivers that provide the same, the first whose device is there runs, and no other is listed") {
    const auto driver = [](const char* name, const char* device) {
        return std::string(R"({"name": ")") + name + R"(", "program": "echo", "kind": "Driver", "priority": 30, "provides": ["echo"], "device": {"match": ")" + device +
               "\"}}, ";
    };
    const std::string client = R"({"name": "client", "kind": "Program", "priority": 10, "connects": ["echo"], "heartbeat_ms": 0, "restart": {"policy": "OnFailure"}})";
    const std::string present = driver("present", "com1"), absent = driver("absent", "hpet"), late = driver("late", "rtc");
    const auto why = [](HostSystem& system, std::string_view name) {
        rs::Name request;
        request.name = name;
        const auto info = system.rs().info(request);
        return info.ok() ? std::string(info->trouble()) : std::string("?");
    };
    for (const bool absent_first : {true, false}) {
        answers = 0;
        HostSystem system(programs(), R"({"services": [)" + (absent_first ? absent + present : present + absent) + late + client + "]}");
        CHECK(answers == kCalls);
        CHECK(system.state_of("present") == rs::ServiceState::Up);
        CHECK_THROWS_AS(system.line("absent"), std::logic_error);  // it is not in the list
        CHECK_THROWS_AS(system.line("late"), std::logic_error);
        CHECK(why(system, "absent") == (absent_first ? "device hpet index 0: no such device" : "not needed: present provides the same"));
        CHECK(why(system, "late") == "not needed: present provides the same");
        CHECK(system.machine.printed().empty());
    }
    HostSystem system(programs(), R"({"services": [)" + absent + R"({"name": "echo", "priority": 30}]})");
    CHECK(system.state_of("absent") == rs::ServiceState::Down);
    CHECK(system.machine.printed().find("rs: absent: device hpet index 0: no such device") != std::string::npos);
}

TEST_CASE("a device that is optional is not missed, and its driver runs where it is there") {
    for (const bool present : {true, false}) {
        HostSystem system(programs(), std::string(R"({"services": [{"name": "echo", "kind": "Driver", "priority": 30, "provides": ["echo"], "device": {"match": ")") +
                                          (present ? "com1" : "hpet") + R"(", "optional": true}}]})");
        CHECK(system.machine.printed().empty());
        if (present) CHECK(system.state_of("echo") == rs::ServiceState::Up);
        else CHECK_THROWS_AS(system.line("echo"), std::logic_error);  // it is not in the list
    }
}

TEST_CASE("a service that meets an exception at any of its system calls is restarted, and its client has every answer") {
    u64 calls = kSome;
    for (u64 fatal = 0; fatal < calls; ++fatal) {
        CAPTURE(fatal);
        answers = 0;
        HostSystem system(programs(), kManifest, [&](HostSystem& made) { made.image("echo").fatal_system_call = fatal; });
        CHECK(system.run_until([&] { return system.state_of("client") == rs::ServiceState::Down; }, 10));
        calls = system.image("echo").system_calls;
        CHECK(answers == kCalls);
        CHECK(system.state_of("echo") == rs::ServiceState::Up);
        CHECK(system.line("echo").incarnation == (calls > fatal ? 2 : 1));
    }
    CHECK(calls > 6);
}

TEST_CASE("an order terminates a service, and its next incarnation is there when nobody can run any more") {
    HostSystem system(programs(), kManifest);
    rs::KillOrder order;
    order.name = "echo";
    order.signal = rs::KillSignal::Kill;
    CHECK(system.rs().kill(order).ok());
    system.run();
    const rs::ServiceLine line = system.line("echo");
    CHECK(line.state == rs::ServiceState::Up);
    CHECK(line.incarnation == 2);
}

TEST_CASE("an entry that is refused can be asked about, and its reason stands on the console") {
    HostSystem system(programs(), R"({"services": [
        {"name": "echo", "priority": 30, "provides": ["echo"]},
        {"name": "a", "program": "echo", "priority": 30, "provides": ["a"], "connects": ["b"]},
        {"name": "b", "program": "echo", "priority": 30, "provides": ["b"], "connects": ["a"]},
        {"name": "lost", "priority": 30},
        {"name": "echo", "priority": 30}
    ]})");
    const std::pair<const char*, const char*> refused[] = {{"a", "calls would go in a circle: a, b, a"},
                                                           {"b", "calls would go in a circle: b, a, b"},
                                                           {"lost", "there is no program lost in the boot archive"}};
    for (const auto& [name, reason] : refused) {
        CHECK(system.state_of(name) == rs::ServiceState::Down);
        const auto info = system.rs().info({name});
        REQUIRE(info.ok());
        CHECK(info->trouble() == reason);
        CHECK(system.rs().start({name}).error() == Error::NotSupported);
        CHECK(system.machine.printed().find(std::string("rs: manifest: ") + name + ": " + reason + "\n") != std::string::npos);
    }
    CHECK(system.state_of("echo") == rs::ServiceState::Up);
    CHECK(system.machine.printed().find("rs: manifest: echo: the name is used twice\n") != std::string::npos);
}

TEST_CASE("a core server that does not come back stops the system, and root says why on one page") {
    const auto dies_in_each_but_the_first = [] {
        if (incarnation().number > 1) arch::crash();
        return eft_main_names();
    };
    std::vector<HostProgram> all = programs();
    all.push_back({"names", dies_in_each_but_the_first});
    HostSystem system(all, kManifest);
    CHECK(system.state_of("echo") == rs::ServiceState::Up);
    rs::KillOrder order;
    order.name = "names";
    order.signal = rs::KillSignal::Kill;
    CHECK(system.rs().kill(order).ok());
    CHECK_THROWS_WITH_AS(static_cast<void>(system.run_until([] { return false; }, 400)), doctest::Contains("the system cannot go on without names"), std::logic_error);
    for (const char* part : {"Cause: CPU exception 6, instruction at 0x", "It had taken no requests.", "The end of its log:\n", "everything has stopped"}) CHECK(system.machine.printed().find(part) != std::string::npos);
}

TEST_CASE("a core server is killed, crashes and hangs by order, and everybody goes on") {
    for (const std::string_view server : {"names", "dev", "proc", "rs", "mem"}) {
        CAPTURE(server);
        HostSystem system(programs(), kManifest);
        rs::KillOrder order;
        order.name = server;
        unsigned deaths = 0;
        for (const auto& [signal, words] : {std::pair{rs::KillSignal::Hang, "missed heartbeats"}, {rs::KillSignal::Kill, "an order"}, {rs::KillSignal::Crash, "CPU exception 6, invalid opcode"}}) {
            CAPTURE(words);
            order.signal = signal;
            CHECK(system.rs().kill(order).ok());
            system.schedule_ticks(60);
            system.run();
            const rs::ServiceLine line = system.line(server);
            CHECK(line.state == rs::ServiceState::Up);
            CHECK(line.restarts == ++deaths);
            CHECK(line.incarnation == deaths + 1);
            CHECK(line.last_recovery_us > 0);
            const auto info = system.rs().info({server});
            REQUIRE(info.ok());
            CHECK(info->last_death()->words() == words);
            CHECK(info->last_death()->ordered());
            answers = 0;
            CHECK(system.rs().start({"client"}).ok());
            system.run();
            CHECK(answers == kCalls);
        }
        CHECK(system.machine.printed().empty());
    }
}

TEST_CASE("who dies because memory has run out has that in the crash record: the quota, or the machine's memory") {
    HostSystem system({{"glutton", use_all_memory}}, R"({"services": [
        {"name": "poor", "program": "glutton", "kind": "Program", "priority": 10, "quota": 64, "heartbeat_ms": 0, "restart": {"policy": "Never"}},
        {"name": "rich", "program": "glutton", "kind": "Program", "priority": 10, "quota": 65536, "heartbeat_ms": 0, "restart": {"policy": "Never"}}
    ]})");
    const std::pair<const char*, const char*> deaths[] = {{"poor", "out of memory: its quota of 64 pages (256 KiB) is used up"},
                                                          {"rich", "out of memory: the machine has none left"}};
    for (const auto& [name, words] : deaths) {
        CAPTURE(name);
        CHECK(system.state_of(name) == rs::ServiceState::Down);
        const auto info = system.rs().info({name});
        REQUIRE(info.ok());
        REQUIRE(info->last_death());
        CHECK(info->last_death()->words() == words);
    }
}

TEST_CASE("a client has the kind of session that the manifest gives it, and capabilities are listed with it") {
    HostSystem system({{"vault", serve_vault, "keeper guest token"}, {"visitor", visit_vault<0>}, {"owner", visit_vault<1>}}, R"({"services": [
        {"name": "vault", "priority": 30, "provides": ["vault"]},
        {"name": "visitor", "kind": "Program", "priority": 10, "connects": ["vault:guest"], "heartbeat_ms": 0, "restart": {"policy": "Never"}},
        {"name": "owner", "kind": "Program", "priority": 10, "connects": ["vault:keeper"], "heartbeat_ms": 0, "restart": {"policy": "Never"}},
        {"name": "stray", "program": "owner", "kind": "Program", "priority": 10, "connects": ["vault"], "heartbeat_ms": 0}
    ]})");
    CHECK(visits[0].kind == 2);
    CHECK(visits[0].opened == Error::PermissionDenied);
    CHECK(visits[1].kind == 1);
    CHECK(visits[1].opened == Error::None);
    const auto refused = system.rs().info({"stray"});
    REQUIRE(refused.ok());
    CHECK(refused->trouble() == "it connects to vault, but vault has the kinds of session keeper guest token");
}

TEST_CASE("who connects to nothing and provides nothing has no session with names") {
    HostSystem system({{"echo", eft_main_echo}, {"hermit", [] { return connect_to_nothing(), static_cast<int>(wait_for_wake()); }}}, R"({"services": [
        {"name": "echo", "priority": 30, "provides": ["echo"]},
        {"name": "hermit", "kind": "Program", "priority": 10, "heartbeat_ms": 0}
    ]})");
    const auto holds_names = [&](const char* name) {
        const auto part = system.rs().capabilities({name, 0});
        REQUIRE(part.ok());
        bool found = false;
        for (const rs::CapabilityView each : part->capabilities()) found |= each.slot() == raw(slot(WellKnown::Names));
        return found;
    };
    CHECK(holds_names("echo"));
    CHECK(!holds_names("hermit"));
}
