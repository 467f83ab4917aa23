// What a client of the file server sees, over its life and its deaths.
#include "fixture.h"

using namespace eft;
using namespace eft::test;

TEST_CASE("attributes, links and the file system's state come through") {
    Served served;
    TestClient client(served.world, served.local, 5);
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

TEST_CASE("a directory of several answers is listed completely") {
    Served served;
    TestClient client(served.world, served.local, 5);
    REQUIRE(client.open("/", 0).ok());
    std::map<std::string, file::FileType> names;
    file::ListRequest request;
    for (bool end = false; !end;) {
        auto listing = client.calls.read_directory(request);
        REQUIRE(listing.ok());
        std::span<const u8> rest = listing->entries;
        while (!rest.empty()) {
            REQUIRE(rest.size() >= 6u + rest[5]);
            names[std::string(reinterpret_cast<const char*>(&rest[6]), rest[5])] = static_cast<file::FileType>(rest[4]);
            rest = rest.subspan(6u + rest[5]);
        }
        end = listing->end;
        request.cursor = listing->next;
    }
    for (const auto& entry : std::filesystem::directory_iterator(sample_disk().folder.path()))
        CHECK(names.contains(entry.path().filename().string()));
    CHECK(names.at("deep") == file::FileType::Directory);
    CHECK(names.at("fast_link") == file::FileType::Symlink);
    CHECK(names.contains(".."));
    REQUIRE(client.open("/hello.txt", 0).ok());
    CHECK(client.calls.read_directory(request).error() == Error::NotDirectory);
}

TEST_CASE("reads through the ring bring the file's bytes, wherever the client wants them") {
    Served served;
    TestClient client(served.world, served.local, 5);
    REQUIRE(client.attach(served.incarnation) == Error::None);
    const std::string expected = sample_disk().host("double.bin");
    REQUIRE(client.open("/double.bin", 1)->size == expected.size());
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        const u32 offset = random() % (expected.size() + 5000), size = random() % 70'000, where = random() % 900'000;
        REQUIRE(client.submit(1, offset, where, size).ok());
        served.incarnation.settle();
        auto done = client.completion();
        REQUIRE(done.ok());
        const std::string want = offset < expected.size() ? expected.substr(offset, size) : "";
        CHECK(done->count == want.size());
        CHECK((client.bytes(where, done->count) == want));
    }
}

TEST_CASE("a client that sleeps is woken once its request has ended, and only then") {
    World world;
    QueuedSource source(sample_disk().image);
    FileIncarnation incarnation(world);
    auto mounting = ext2::mount(source, incarnation.report());
    mounting.start();
    while (source.pending() != 0) source.finish_one(0);
    incarnation.service->mounted(mounting.take());
    Local local(*incarnation.service);
    TestClient client(world, local, 5);
    REQUIRE(client.attach(incarnation) == Error::None);
    incarnation.settle();
    (void)client.open("/hello.txt", 0).error();  // answered later, in this transport to nobody
    while (source.pending() != 0) source.finish_one(0);
    REQUIRE(client.open("/hello.txt", 0).ok());

    world.now.signals.clear();
    REQUIRE(client.submit(0, 0, 0, 100).ok());
    REQUIRE(client.ring.prepare_to_sleep());
    incarnation.settle();
    CHECK(world.now.signals[client.notification] == 0);
    REQUIRE(source.pending() == 1);
    source.finish_one(0);
    incarnation.settle();
    CHECK(world.now.signals[client.notification] == 1);
    CHECK(client.completion()->count == 12);
    CHECK(client.bytes(0, 12) == "hello, newt\n");
    incarnation.settle();
    CHECK(world.now.signals[client.notification] == 1);
}

TEST_CASE("requests wait for the mount; one that fails is their answer, and the next request has it tried again") {
    World world;
    MemorySource source{sample_disk().image};
    FileIncarnation incarnation(world);
    Local local(*incarnation.service);
    TestClient client(world, local, 5);
    const auto begin = [&] {
        CHECK(client.open("/hello.txt", 0).error() == Error::Cancelled);  // the transport's word for "not yet"
        return local.last_kept();
    };
    const auto answer = [&](Slot waiting) {
        REQUIRE(local.answered(waiting));
        ipc::Registers reply{};
        Utcb page{};
        REQUIRE(local.collect(waiting, reply, page) == Error::None);
        return static_cast<Error>(reply.tag.label());
    };
    const Slot first = begin(), second = begin();
    CHECK_FALSE(local.answered(first));
    CHECK(incarnation.service->mountings == 1);
    incarnation.service->mounted(Error::NoDevice);
    CHECK(answer(first) == Error::NoDevice);
    CHECK(answer(second) == Error::NoDevice);

    const Slot third = begin();
    CHECK(incarnation.service->mountings == 2);
    incarnation.service->mounted(run(ext2::mount(source, incarnation.report())));
    CHECK(answer(third) == Error::None);
    CHECK(client.open("/hello.txt", 0).ok());
    CHECK(client.calls.stat_fs().ok());
    CHECK(incarnation.service->mountings == 2);
}

TEST_CASE("after a death the ring is still served, and the client opens again under the same handle") {
    World world;
    MemorySource source{sample_disk().image};
    auto first = std::make_unique<FileIncarnation>(world);
    first->service->mounted(run(ext2::mount(source, first->report())));
    Local local(*first->service);
    TestClient client(world, local, 5);
    file::File::Opens opens;
    client.calls.keep_opens(opens);
    REQUIRE(client.attach(*first) == Error::None);
    REQUIRE(client.open("/hello.txt", 7).ok());
    REQUIRE(client.submit(7, 0, 64, 12).ok());

    first.reset();
    FileIncarnation second(world);
    local.replace(*second.service);
    world.now.signals.clear();
    REQUIRE(client.ring.prepare_to_sleep());
    second.settle();
    CHECK(world.now.signals[client.notification] >= 1);
    CHECK(client.completion().error() == Error::StaleSession);

    second.service->mounted(run(ext2::mount(source, second.report())));
    file::Handle handle;
    handle.handle = 7;
    CHECK(client.calls.stat_handle(handle)->size == 12);
    REQUIRE(client.submit(7, 0, 64, 12).ok());
    second.settle();
    CHECK(client.completion()->count == 12);
    CHECK(client.bytes(64, 12) == "hello, newt\n");
}
