// rs' Update: another program for a service that stays, with its sessions and its state; and back, when that one fails.
#include "host_system.h"
#include <eft/boot_file.h>
#include <eft/cap.h>
#include <eft/idl/counter.h>
#include <eft/run_server.h>
#include <eft/session.h>
#include <eft/wake.h>

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using namespace eft;
using namespace eft::test;
using State = rs::ServiceState;

namespace {

unsigned dies_at_call = 0;  // of the new program, from 1

template <class Shared, class Derived>
struct Counter : StatefulServer<counter::Counter, Shared> {
    using Base = StatefulServer<counter::Counter, Shared>;
    using Base::Base;
    using typename Base::Session;

    Result<counter::Value> add(ipc::Context&, Session& session, const counter::Amount& amount) {
        EFT_TRY(Shared* const state, this->edit_shared());
        EFT_TRY(counter::Client* const client, session.edit());
        client->added += amount.amount;
        ++client->calls;
        state->value += amount.amount;
        static_cast<Derived*>(this)->note(*state);
        return counter::Value{state->value};
    }
    Result<counter::Value> get(ipc::Context&, Session&, const Empty&) { return counter::Value{this->shared().value}; }
    Result<counter::Value> draw(ipc::Context& context, Session& session, const Empty&) { return add(context, session, {1}); }
    Result<counter::Client> mine(ipc::Context&, Session& session, const Empty&) { return *session; }
    void note(Shared&) {}
};

struct First {
    u64 value = 0;
};
struct FirstCounter : Counter<First, FirstCounter> {
    using Counter::Counter;
};

// A larger state: what is new is as this program makes it.
struct Larger {
    u64 value = 0;
    u64 calls = 0;
    u64 hundred = 100;
};
constinit u64 calls_noted = 0, hundred_found = 0;
struct LargerCounter : Counter<Larger, LargerCounter> {
    using Counter::Counter;
    void note(Larger& state) {
        calls_noted = ++state.calls;
        hundred_found = state.hundred;
        if (dies_at_call != 0 && --dies_at_call == 0) arch::crash();
    }
};

// Another version, whose fields mean something else.
struct Doubled {
    u64 twice = 0;
    u64 value = 0;
};
struct DoubledCounter : Counter<Doubled, DoubledCounter> {
    using Counter::Counter;
    static bool migrate(u32 version, std::span<const std::byte> old, Doubled& shared) {
        First first;
        if (version != 1 || old.size() < sizeof first) return false;
        std::memcpy(&first, old.data(), sizeof first);
        shared = {.twice = 2 * first.value, .value = first.value};
        return true;
    }
    void note(Doubled& state) { state.twice += 2; }
};

// Of the same layout as the first one, and answers nothing.
struct SilentCounter : Counter<First, SilentCounter> {
    using Counter::Counter;
    Task<Result<counter::Value>> add(ipc::Context&, Session&, counter::Amount) {
        co_await Suspension(point_);  // nobody resumes it
        co_return Error::WrongState;
    }
    WaitPoint point_;
};

// Adds one at each of its heartbeats.
struct User {
    u64 added = 0, wrong = 0, errors = 0, value = 0, calls = 0;
};
constinit User user;

int use_counter() {
    const auto session = connect("counter");
    if (!session.ok()) return 1;
    counter::CounterClient<> client{CapHandle(session->slot())};
    report_ready();
    for (;;) {
        wait_for_wake();
        const auto answer = client.add({1});
        if (!answer.ok()) {
            ++user.errors;
            continue;
        }
        ++user.added;
        user.value = answer->value;
        user.wrong += answer->value != user.added;
        const auto mine = client.mine();
        if (mine.ok()) user.calls = mine->calls;
        else ++user.errors;
    }
}

struct Order {
    std::string_view service = {}, program = {};
    u64 bytes = 0;  // of the file, if not all
    bool done = false;
    Error answer = Error::None;
};
Order order;

int operate() {
    report_ready();
    if (order.service.empty()) return 0;  // at the system's start
    const auto file = boot_file(order.program);
    auto memory = SharedMemory::create(file->size());
    if (!file.ok() || !memory.ok()) return 1;
    std::memcpy(memory->bytes().data(), file->data(), file->size());
    auto session = copy_capability(*granted("rs"));
    if (!session.ok()) return 1;
    rs::RsClient<> supervisor{std::move(*session)};
    rs::UpdateOrder request;
    request.name = order.service;
    request.program = decltype(request.program)(memory->object());
    request.bytes = order.bytes != 0 ? order.bytes : file->size();
    order.answer = supervisor.update(request).error();
    order.done = true;
    return 0;
}

constexpr u32 kStableTicks = 40;

const std::string kManifest = R"({"services": [
    {"name": "counter", "priority": 30, "provides": ["counter"], "state_bytes": 65536, "heartbeat_ms": 200, "start_ms": 500,
     "restart": {"initial_ms": 100, "stable_ms": 2000, "limit": 4, "window_ms": 50000}},
    {"name": "user", "priority": 20, "heartbeat_ms": 50, "connects": ["counter"]},
    {"name": "operator", "kind": "Program", "priority": 10, "heartbeat_ms": 0, "restart": {"policy": "Never"}, "grants": ["rs:order"]}]})";

struct Scene {
    explicit Scene(const std::vector<HostProgram>& more = {}) : system(programs(more), kManifest) {
        system.tick();
        REQUIRE(system.state_of("counter") == State::Up);
    }
    ~Scene() {
        user = {};
        order = {};
        dies_at_call = 0;
    }

    static std::vector<HostProgram> programs(const std::vector<HostProgram>& more) {
        std::vector<HostProgram> all = {
            {"counter", [] { run_server<FirstCounter>(1); return 0; }},
            {"larger", [] { run_server<LargerCounter>(1); return 0; }},
            {"doubled", [] { run_server<DoubledCounter>(2); return 0; }},
            {"stranger", [] { run_server<FirstCounter>(3); return 0; }},
            {"silent", [] { run_server<SilentCounter>(1); return 0; }},
            {"crashing", [] { arch::crash(); return 0; }},
            {"waiting", [] { for (;;) wait_for_wake(); return 0; }},
            {"other", [] { run_server<FirstCounter>(1); return 0; }, "client admin"},
            {"user", use_counter},
            {"operator", operate}};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    // The operator runs when this has returned.
    void order_update(std::string_view program, u64 bytes = 0, std::string_view service = "counter") {
        order = {.service = service, .program = program, .bytes = bytes};
        CHECK(system.rs().start({"operator"}).ok());
    }
    Error outcome() {
        CHECK(system.run_until([&] { return order.done; }, 100));
        return order.answer;
    }
    Error update(std::string_view program, u64 bytes = 0, std::string_view service = "counter") {
        order_update(program, bytes, service);
        outcome();
        system.run_until([&] { return system.state_of("operator") == State::Down; }, 10);
        return order.answer;
    }
    rs::UpdateState state() { return system.rs().info({"counter"})->update(); }
    void ticks(unsigned count) {
        for (; count != 0; --count) system.tick();
    }
    bool passes() {
        return system.run_until([&] { return state() == rs::UpdateState::Settled; }, kStableTicks + 5);
    }
    void check_user() {
        const u64 before = user.added;
        ticks(3);
        CHECK(user.added > before);
        CHECK(user.wrong == 0);
        CHECK(user.errors == 0);
        CHECK(user.value == user.added);
        CHECK(user.calls == user.added);  // in the session
    }

    HostSystem system;
};

constexpr u64 kPlaces = 8;  // at which somebody dies, of the system calls in an update, and of the stores

std::string last_death(Scene& scene) { return std::string(scene.system.rs().info({"counter"})->last_death()->words()); }

}  // namespace

TEST_CASE("another program takes the place of the one that runs: its clients go on, in their sessions; and it stays over deaths") {
    Scene scene;
    scene.check_user();
    CHECK(scene.state() == rs::UpdateState::None);
    CHECK(scene.update("larger") == Error::None);
    CHECK(scene.system.image("larger").starts == 1);
    CHECK(scene.state() == rs::UpdateState::Trial);
    scene.check_user();
    const u64 by_the_first = user.added - calls_noted;
    CHECK(by_the_first < user.added);
    CHECK(hundred_found == 100);
    CHECK(scene.update("counter") == Error::Busy);
    CHECK(scene.passes());
    CHECK(scene.system.rs().kill({"counter", rs::KillSignal::Kill}).ok());
    scene.check_user();
    CHECK(scene.system.image("larger").starts == 2);
    CHECK(user.added - calls_noted == by_the_first);

    // And back.
    CHECK(scene.update("counter") == Error::None);
    scene.check_user();
    CHECK(scene.passes());
    scene.check_user();
    CHECK(scene.system.image("counter").starts == 2);
    CHECK(scene.system.image("larger").starts == 2);
}

TEST_CASE("updates leave nothing behind") {
    Scene scene;
    const auto once = [&] {
        REQUIRE(scene.update("larger") == Error::None);
        REQUIRE(scene.passes());
        REQUIRE(scene.update("counter") == Error::None);
        REQUIRE(scene.passes());
        REQUIRE(scene.update("crashing") == Error::ServiceFailed);
        scene.ticks(3);
        return scene.system.image("rs").starts;
    };
    once();
    const auto held = [&] {
        u32 count = 0;
        rs::TableQuery query;
        query.name = "rs";
        for (;;) {
            const auto part = scene.system.rs().capabilities(query);
            if (!part.ok()) throw std::logic_error("rs does not say what it has");
            for ([[maybe_unused]] const auto each : part->capabilities()) ++count;
            count += part->memory();
            query.after = part->next();
            if (query.after == 0) return count;
        }
    };
    const u32 before = held();
    for (int i = 0; i < 3; ++i) once();
    CHECK(held() == before);
    scene.check_user();
}

TEST_CASE("a version of another layout takes the state over by its own function; without one it does not come up, and nothing is lost") {
    Scene scene;
    scene.check_user();
    CHECK(scene.update("stranger") == Error::ServiceFailed);
    CHECK(scene.state() == rs::UpdateState::TakenBack);
    scene.check_user();
    CHECK(std::string(scene.system.rs().info({"counter"})->last_words()) == "this program cannot take over the state of the one before it");
    CHECK(scene.update("doubled") == Error::None);
    scene.check_user();
    CHECK(scene.passes());
    scene.check_user();
}

TEST_CASE("a program that fails in its trial goes, and the one before it comes back with all sessions and what was added meanwhile") {
    Scene scene;
    SUBCASE("at its start") {
        CHECK(scene.update("crashing") == Error::ServiceFailed);
        CHECK(scene.system.image("crashing").starts == 1);
    }
    SUBCASE("never ready") {
        CHECK(scene.update("waiting") == Error::ServiceFailed);
        CHECK(scene.system.image("waiting").starts == 1);
    }
    SUBCASE("at its fifth call, with a state of its own layout") {
        dies_at_call = 5;
        CHECK(scene.update("larger") == Error::None);
        CHECK(scene.system.run_until([&] { return scene.state() == rs::UpdateState::TakenBack; }, 20));
        CHECK(calls_noted == 5);
    }
    SUBCASE("killed by a person, which is no failure, and then by itself") {
        CHECK(scene.update("larger") == Error::None);
        CHECK(scene.system.rs().kill({"counter", rs::KillSignal::Crash}).ok());
        scene.check_user();
        CHECK(scene.state() == rs::UpdateState::Trial);
        dies_at_call = 1;
        CHECK(scene.system.run_until([&] { return scene.state() == rs::UpdateState::TakenBack; }, 20));
    }
    CHECK(scene.system.run_until([&] { return scene.system.state_of("counter") == State::Up; }, 20));
    CHECK(scene.system.image("counter").starts == 2);
    CHECK(last_death(scene).ends_with("; the program before the update runs again"));
    scene.check_user();
    scene.ticks(kStableTicks + 5);
    CHECK(scene.state() == rs::UpdateState::TakenBack);
    CHECK(scene.system.image("counter").starts == 2);
    scene.check_user();
}

TEST_CASE("a program that answers nothing goes at the end of its trial") {
    Scene scene;
    CHECK(scene.update("silent") == Error::None);
    CHECK(scene.system.run_until([&] { return scene.state() == rs::UpdateState::TakenBack; }, kStableTicks + 5));
    CHECK(last_death(scene).find("answered nothing in its trial") != std::string::npos);
    scene.check_user();
}

TEST_CASE("a service that is down, or held, comes up with another program") {
    Scene scene;
    CHECK(scene.system.rs().stop({"counter"}).ok());
    CHECK(scene.update("larger") == Error::None);
    CHECK(scene.system.state_of("counter") == State::Up);
    CHECK(scene.passes());
}

TEST_CASE("what is no program of this service is refused, and nothing happens to it") {
    Scene scene;
    CHECK(scene.update("manifest") == Error::BadFormat);
    CHECK(scene.update("larger", 10) == Error::BadFormat);
    CHECK(scene.update("larger", u64{1} << 40) == Error::OutOfRange);
    CHECK(scene.update("other") == Error::BadFormat);
    CHECK(scene.update("larger", 0, "nobody") == Error::NotFound);
    CHECK(scene.update("larger", 0, "mem") == Error::PermissionDenied);
    CHECK(scene.state() == rs::UpdateState::None);
    CHECK(scene.system.image("counter").starts == 1);
    scene.check_user();
}

TEST_CASE("rs, proc or mem may die at any moment of an update and of its way back") {
    for (const std::string who : {"rs", "proc", "mem"}) {
        for (const std::string program : {"larger", "crashing"}) {
            u64 calls = 0, stores = 0;
            {
                Scene scene;
                const host::Image& image = scene.system.image(who);
                scene.order_update(program);
                const u64 first_call = image.system_calls, first_store = image.stores;
                scene.outcome();
                calls = image.system_calls - first_call, stores = image.stores - first_store;
            }
            INFO(who, " ", program, ", system calls: ", calls, ", stores: ", stores);
            const auto check_death = [&](u64 call, u64 store) {
                CAPTURE(call);
                CAPTURE(store);
                Scene scene;
                host::Image& image = scene.system.image(who);
                scene.order_update(program);
                if (call != host::Image::kNever) image.fatal_system_call = image.system_calls + call;
                if (store != host::Image::kNever) image.fatal_store = image.stores + store;
                const bool comes_up = program == "larger";
                CHECK(scene.outcome() == (comes_up ? Error::None : Error::ServiceFailed));
                image.fatal_system_call = image.fatal_store = host::Image::kNever;
                CHECK(scene.system.run_until([&] { return scene.system.state_of("counter") == State::Up; }, 40));
                CHECK(scene.state() == (comes_up ? rs::UpdateState::Trial : rs::UpdateState::TakenBack));
                scene.check_user();
            };
            const u64 each = std::max<u64>(1, calls / kPlaces), each_store = std::max<u64>(1, stores / kPlaces);
            for (u64 call = 0; call < calls; call += each) check_death(call, host::Image::kNever);
            for (u64 store = 0; store < stores; store += each_store) check_death(host::Image::kNever, store);
        }
    }
}
