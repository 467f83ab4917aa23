// Stubs in functions that wait for their servers while their thread does something else.
#include "caller.h"

#include <stage_case.h>

#include <eft/idl/echo.h>
#include <eft/ipc/once.h>
#include <eft/server.h>

#include <string>
#include <vector>

using namespace eft;
using namespace eft::test;

namespace {

constinit unsigned said = 0;  // that the server has seen

struct Echo {
    Result<Empty> ping(ipc::Context&, const Empty&) { return Empty{}; }
    Result<echo::Words> repeat(ipc::Context&, const echo::Words& words) { return words; }
    Result<echo::Text> say(ipc::Context&, const echo::Text& text) {
        ++said;
        return echo::Text{text.text};
    }
};

int serve_echo() {
    Echo server;
    ServerLoop loop;
    loop.run(requests_to<echo::Echo>(server));
}

struct Scene {
    Stage& stage;
    Program& server = stage.add("echo", serve_echo, {.priority = Stage::kServerPriority});
    echo::EchoClient<ipc::DetourTransport> client{stage.connect(server, Badge{7})};
    TestCaller caller = {}, other = {};

    Result<std::string> say(const std::string& text) {
        EFT_TRY(const auto answer, client.say({text}));
        return std::string(answer.text);
    }
};

}  // namespace

STAGE_CASE(Scene, "without a detour the call is the thread's own") {
    CHECK(*say("plain") == "plain");
    CHECK(caller.made == 0);
}

STAGE_CASE(Scene, "two functions wait at once, each with its own message, and are answered in any order") {
    const auto say_twice = [this](const std::string& text) {
        return [this, text] { return *say(text) + *say(text + " again and again, as long as it may be"); };
    };
    Task<std::string> first = run_detoured(caller, say_twice("one"));
    Task<std::string> second = run_detoured(other, say_twice("two"));
    first.start();
    second.start();
    CHECK(caller.waits());
    CHECK(other.waits());
    CHECK(*say("between") == "between");
    other.call_now();
    caller.call_now();
    CHECK_FALSE(first.done());
    CHECK_FALSE(second.done());
    caller.call_now();
    REQUIRE(first.done());
    other.call_now();
    REQUIRE(second.done());
    CHECK(first.take() == "oneone again and again, as long as it may be");
    CHECK(second.take() == "twotwo again and again, as long as it may be");
    CHECK(ipc::detour == nullptr);
}

STAGE_CASE(Scene, "a function that is left in any of its calls comes to its end, and all that it has is destroyed") {
    constexpr unsigned kCalls = 4;
    for (unsigned left_in = 0; left_in <= kCalls; ++left_in) {
        CAPTURE(left_in);
        std::vector<Error> answers;
        const auto alive = std::make_shared<int>();
        said = 0;
        caller.made = caller.left = 0;
        {
            Task<bool> task = run_detoured(caller, [&, own = alive] {
                const auto on_its_stack = own;
                for (unsigned i = 0; i < kCalls; ++i) answers.push_back(say("a word").error());
                return true;
            });
            task.start();
            for (unsigned i = 0; i < left_in; ++i) caller.call_now();
            CHECK(task.done() == (left_in == kCalls));
            CHECK(alive.use_count() > 1);
        }
        CHECK(alive.use_count() == 1);
        REQUIRE(answers.size() == kCalls);
        for (unsigned i = 0; i < kCalls; ++i) CHECK(answers[i] == (i < left_in ? Error::None : Error::Cancelled));
        CHECK(said == left_in);
        CHECK(caller.made == std::min(left_in + 1, kCalls));
        CHECK(caller.left == (left_in < kCalls));
        CHECK_FALSE(caller.waits());
    }
    CHECK(*say("and the session goes on") == "and the session goes on");
}

STAGE_CASE(Scene, "one that was never started, and one that calls nothing") {
    bool ran = false;
    { const Task<bool> task = run_detoured(caller, [&] { return ran = true; }); }
    CHECK_FALSE(ran);
    Task<bool> task = run_detoured(caller, [&] { return ran = true; });
    task.start();
    REQUIRE(task.done());
    CHECK(task.take());
    CHECK(caller.made == 0);
}

STAGE_CASE(Scene, "a server that dies during the call is asked again, and given up after two deaths, as everywhere") {
    for (unsigned deaths = 0; deaths <= 2; ++deaths) {
        CAPTURE(deaths);
        caller.made = 0;
        Task<Result<std::string>> task = run_detoured(caller, [this] { return say("still there?"); });
        task.start();
        for (unsigned i = 0; i < deaths; ++i) {
            server.die({At::SystemCall, 0});
            caller.call_now();
        }
        if (deaths < 2) caller.call_now();
        REQUIRE(task.done());
        const Result<std::string> answer = task.take();
        CHECK(answer.error() == (deaths < 2 ? Error::None : Error::ServiceFailed));
        CHECK(caller.made == std::min(deaths + 1, 2u));
    }
    CHECK(server.deaths == 3);
}

STAGE_CASE(Scene, "a coroutine that a function resumes may run a function of its own") {
    Completion<bool> begin;
    std::string heard;
    const auto listen = [](Scene& scene, Completion<bool>& when, std::string& into) -> Task<void> {
        [[maybe_unused]] const bool now = co_await when;
        into = co_await run_detoured(scene.other, [&scene] { return *scene.say("inner"); });
    };
    Task<void> listening = listen(*this, begin, heard);
    listening.start();
    Task<std::string> task = run_detoured(caller, [&] {
        const std::string before = *say("before, ");
        begin.set(true);
        return before + *say("after");
    });
    task.start();
    caller.call_now();
    CHECK(caller.waits());
    CHECK(other.waits());
    caller.call_now();
    REQUIRE(task.done());
    CHECK(task.take() == "before, after");
    other.call_now();
    CHECK(heard == "inner");
}

STAGE_CASE(Scene, "functions for those who have no detour run by whoever is set, or at once") {
    struct Counted final : ipc::Detours {
        explicit Counted(TestCaller& with) : caller(with) {}
        Task<Status> run_detoured(Status (*function)(void*), void* argument) override {
            ++functions;
            return test::run_detoured(caller, [=] { return function(argument); });
        }
        TestCaller& caller;
        unsigned functions = 0;
    };
    const auto call = [this] { return Status(say("a word").error()); };
    Task<Status> at_once = client.transport().run(call);
    at_once.start();
    CHECK(at_once.done());

    Counted detours(caller);
    client.transport().set_detours(&detours);
    Task<Status> task = client.transport().run(call);
    task.start();
    CHECK_FALSE(task.done());
    caller.call_now();
    REQUIRE(task.done());
    CHECK(task.take().ok());
    CHECK(detours.functions == 1);
}
