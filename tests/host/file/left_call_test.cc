// A program that does not wait for the file server: calls that it leaves, and files that are opened again beside it.
#include "caller.h"
#include "fixture.h"

#include <eft/file.h>

using namespace eft;
using namespace eft::test;

namespace {

// Runs what a read needs, by the test's caller.
struct CountedDetours final : ipc::Detours {
    Task<Status> run_detoured(Status (*function)(void*), void* argument) override {
        ++functions;
        return test::run_detoured(caller, [=] { return function(argument); });
    }
    TestCaller caller;
    unsigned functions = 0;
};

}  // namespace

STAGE_CASE(Served, "an Open that its client has left does not open what a later one has opened otherwise, or closed") {
    plan.holds = true;
    TestClient client(*this, 5);
    const auto open_in_background = [&](const char* path) {
        Program& opener = stage.add("opener", [path = std::string(path)] {
            file::FileClient<> calls{CapHandle(*granted("file"))};
            return static_cast<int>(calls.open({.path = path, .handle = 3}).error());
        });
        stage.connect(opener, "file", server, Badge{5});
        stage.run();
        CHECK_FALSE(opener.ended);
        return &opener;
    };
    const auto finish = [&](Program* of) {
        for (unsigned i = 0; i < 100 && !of->ended; ++i) {
            stage.signal(server, TestServer::kFinishOne);
            stage.run();
        }
        REQUIRE(of->ended);
        CHECK(of->status == 0);
    };
    file::Handle handle;
    handle.handle = 3;

    Program* const first = open_in_background("/deep/er/and/deeper/file");  // waits for the disk more often
    Program* const second = open_in_background("/hello.txt");
    finish(second);
    CHECK_FALSE(first->ended);
    finish(first);
    CHECK(client.calls.stat_handle(handle)->size == 12);

    stage.kill(server);
    Program* const third = open_in_background("/deep/er/and/deeper/file");
    CHECK(client.calls.close(handle).ok());
    finish(third);
    CHECK(client.calls.stat_handle(handle).error() == Error::StaleSession);
}

STAGE_CASE(Served, "a read whose file must be opened again does not wait for that itself, and can be left there") {
    WakeLoop loop;
    CountedDetours detours;
    FileSystem files(loop, &detours);
    REQUIRE(files.connect("file/0").ok());
    auto file = files.open("/hello.txt");
    REQUIRE(file.ok());
    std::array<std::byte, 12> bytes{};
    const auto begin_read = [&] {
        Task<Result<u64>> read = file->read(0, bytes);
        read.start();
        return read;
    };
    for (const bool is_left : {true, false}) {
        CAPTURE(is_left);
        stage.kill(server);
        Task<Result<u64>> read = begin_read();
        for (unsigned i = 0; i < 10 && !detours.caller.waits(); ++i) loop.run_once();
        REQUIRE(detours.caller.waits());
        CHECK(files.stat("/hello.txt").ok());  // others go on
        if (is_left) continue;
        while (!read.done()) {
            if (detours.caller.waits()) detours.caller.call_now();
            else loop.run_once();
        }
        CHECK(*read.take() == 12);
    }
    CHECK(detours.functions == 2);
    CHECK(detours.caller.left == 1);
    CHECK(std::memcmp(bytes.data(), "hello, newt\n", 12) == 0);
}
