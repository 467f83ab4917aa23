// What a client of the file server sees, over its life and its deaths.
#include "fixture.h"

using namespace eft;
using namespace eft::test;

STAGE_CASE(Served, "attributes, links and the file system's state come through") {
    TestClient client(*this, 5);
    auto attributes = client.open("/hello.txt", 3);
    REQUIRE(attributes.ok());
    CHECK(attributes->size == 12);
    CHECK(attributes->type == file::FileType::Regular);
    CHECK(attributes->mode == 0100640);
    file::Handle handle;
    handle.handle = 3;
    CHECK(client.calls.stat_handle(handle)->inode == attributes->inode);
    CHECK(client.calls.close(handle).ok());
    CHECK(client.calls.close(handle).ok());
    CHECK(client.calls.stat_handle(handle).error() == Error::StaleSession);

    file::StatRequest stat;
    stat.path = "/fast_link";
    CHECK(client.calls.stat(stat)->inode == attributes->inode);
    stat.keep_last_link = true;
    CHECK(client.calls.stat(stat)->type == file::FileType::Symlink);
    file::LinkRequest link;
    link.path = "/fast_link";
    CHECK(client.calls.read_link(link)->target == "hello.txt");
    link.path = "/hello.txt";
    CHECK(client.calls.read_link(link).error() == Error::InvalidArgument);
    auto state = client.calls.stat_fs();
    REQUIRE(state.ok());
    CHECK(state->block_size == 1024);
    CHECK(state->kind == "ext2");
    CHECK(state->read_only);
    CHECK(client.open("/nothing", 0).error() == Error::NotFound);
    CHECK(client.open("/hello.txt/x", 0).error() == Error::NotDirectory);
}

STAGE_CASE(Served, "a directory of several answers is listed completely") {
    TestClient client(*this, 5);
    REQUIRE(client.open("/", 0).ok());
    std::map<std::string, file::FileType> found;
    file::ListRequest request;
    for (bool end = false; !end;) {
        auto listing = client.calls.read_directory(request);
        REQUIRE(listing.ok());
        std::span<const u8> rest = listing->entries;
        while (!rest.empty()) {
            REQUIRE(rest.size() >= 6u + rest[5]);
            found[std::string(reinterpret_cast<const char*>(&rest[6]), rest[5])] = static_cast<file::FileType>(rest[4]);
            rest = rest.subspan(6u + rest[5]);
        }
        end = listing->end;
        request.cursor = listing->next;
    }
    for (const auto& entry : std::filesystem::directory_iterator(sample_disk().folder.path()))
        CHECK(found.contains(entry.path().filename().string()));
    CHECK(found.at("deep") == file::FileType::Directory);
    CHECK(found.at("fast_link") == file::FileType::Symlink);
    CHECK(found.contains(".."));
    REQUIRE(client.open("/hello.txt", 0).ok());
    CHECK(client.calls.read_directory(request).error() == Error::NotDirectory);
}

STAGE_CASE(Served, "reads through the ring bring the file's bytes, wherever the client wants them") {
    TestClient client(*this, 5);
    REQUIRE(client.attach() == Error::None);
    const std::string expected = sample_disk().host("double.bin");
    REQUIRE(client.open("/double.bin", 1)->size == expected.size());
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        const u32 offset = random() % (expected.size() + 5000), size = random() % 70'000, where = random() % 900'000;
        REQUIRE(client.submit(1, offset, where, size).ok());
        auto done = client.completion();
        REQUIRE(done.ok());
        const std::string want = offset < expected.size() ? expected.substr(offset, size) : "";
        CHECK(done->count == want.size());
        CHECK((client.bytes(where, done->count) == want));
    }
}

STAGE_CASE(Served, "a client that sleeps is woken once its request has ended, and only then") {
    TestClient client(*this, 5);
    REQUIRE(client.attach() == Error::None);
    REQUIRE(client.open("/hello.txt", 0).ok());

    plan.holds = true;
    static_cast<void>(poll_wake());
    REQUIRE(client.submit(0, 0, 0, 100).ok());
    REQUIRE(client.ring.prepare_to_sleep());
    CHECK(poll_wake() == 0);
    REQUIRE(disk().queued.pending() == 1);
    stage.signal(server, TestServer::kFinish);
    CHECK(poll_wake() != 0);
    CHECK(client.completion()->count == 12);
    CHECK(client.bytes(0, 12) == "hello, newt\n");
    stage.signal(server, TestServer::kFinish);
    CHECK(poll_wake() == 0);
}

STAGE_CASE(Served, "requests wait for the mount; one that fails is their answer, and the next request has it tried again") {
    plan.mounts = false;
    const auto begin = [this] {
        Program& waiting = stage.add("waiting", [] {
            file::FileClient<> calls{CapHandle(*granted("file"))};
            return static_cast<int>(calls.open({.path = "/hello.txt"}).error());
        });
        stage.connect(waiting, "file", server, Badge{5});
        stage.run();
        CHECK_FALSE(waiting.ended);
        return &waiting;
    };
    const auto answer = [this](Program* waiting) {
        stage.run();
        REQUIRE(waiting->ended);
        return static_cast<Error>(waiting->status);
    };
    Program* const first = begin();
    Program* const second = begin();
    CHECK(plan.mountings == 1);
    stage.signal(server, TestServer::kNoDevice);
    CHECK(answer(first) == Error::NoDevice);
    CHECK(answer(second) == Error::NoDevice);

    Program* const third = begin();
    CHECK(plan.mountings == 2);
    stage.signal(server, TestServer::kMount);
    CHECK(answer(third) == Error::None);
    TestClient client(*this, 6);
    CHECK(client.open("/hello.txt", 0).ok());
    CHECK(client.calls.stat_fs().ok());
    CHECK(plan.mountings == 2);
}

STAGE_CASE(Served, "after a death the ring is still served, and the client opens again under the same handle") {
    TestClient client(*this, 5);
    file::File::Opens opens;
    client.calls.keep_opens(opens);
    REQUIRE(client.attach() == Error::None);
    REQUIRE(client.open("/hello.txt", 7).ok());
    plan.holds = true;
    REQUIRE(client.submit(7, 0, 64, 12).ok());
    REQUIRE(disk().queued.pending() == 1);
    REQUIRE(client.ring.prepare_to_sleep());
    static_cast<void>(poll_wake());

    plan.holds = plan.mounts = false;
    stage.kill(server);
    stage.run();
    CHECK(poll_wake() != 0);
    CHECK(client.completion().error() == Error::StaleSession);

    stage.signal(server, TestServer::kMount);
    file::Handle handle;
    handle.handle = 7;
    CHECK(client.calls.stat_handle(handle)->size == 12);
    REQUIRE(client.submit(7, 0, 64, 12).ok());
    CHECK(client.completion()->count == 12);
    CHECK(client.bytes(64, 12) == "hello, newt\n");
}
