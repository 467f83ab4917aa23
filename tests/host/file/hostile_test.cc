// Clients that do what they must not, and clients that end in the middle.
#include "fixture.h"

using namespace eft;
using namespace eft::test;

TEST_CASE("handles, offsets and places outside their ranges are refused") {
    Served served;
    TestClient client(served.world, served.local, 5);
    REQUIRE(client.attach(served.incarnation) == Error::None);
    CHECK(client.open("/hello.txt", 32).error() == Error::OutOfRange);
    CHECK(client.open("/hello.txt", ~0u).error() == Error::OutOfRange);
    file::Handle handle;
    handle.handle = ~0u;
    CHECK(client.calls.stat_handle(handle).error() == Error::OutOfRange);
    REQUIRE(client.open("/hello.txt", 0).ok());
    REQUIRE(client.open("/deep", 1).ok());
    struct Case {
        u32 handle;
        u64 offset;
        u32 where, size;
        Error expected;
    };
    const u32 area = 1 << 20;
    for (const Case& each : {Case{0, ~u64{0}, 0, 16, Error::None}, Case{0, 0, area - 8, 16, Error::BadMessage},
                             Case{0, 0, ~0u, 2, Error::BadMessage}, Case{0, 0, 0, ~0u, Error::BadMessage},
                             Case{1, 0, 0, 16, Error::IsDirectory}, Case{2, 0, 0, 16, Error::StaleSession},
                             Case{99, 0, 0, 16, Error::OutOfRange}, Case{0, 0, 0, 0, Error::None}}) {
        CAPTURE(each.handle);
        CAPTURE(each.where);
        REQUIRE(client.submit(each.handle, each.offset, each.where, each.size).ok());
        served.incarnation.settle();
        CHECK(client.completion().error() == each.expected);
    }
}

TEST_CASE("memory that is no ring, or smaller than it says, is refused, and the session lives on") {
    Served served;
    TestClient client(served.world, served.local, 5);
    CHECK(client.send_attach(TestClient::kAreaBytes) == Error::BadFormat);  // zeroed: no ring
    REQUIRE(client.ring.create(client.ring_memory, u64{1} << 40).ok());  // claims an area that it does not give
    CHECK(client.send_attach(TestClient::kAreaBytes) == Error::BadFormat);
    CHECK(client.send_attach(2 * TestClient::kAreaBytes) == Error::OutOfRange);
    CHECK(served.world.mapped == 0);
    CHECK(served.world.now.slots.empty());
    CHECK(client.attach(served.incarnation) == Error::None);
    CHECK(client.open("/hello.txt", 0).ok());
}

TEST_CASE("a ring written over at random harms nobody else") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        Served served;
        TestClient good(served.world, served.local, 5), bad(served.world, served.local, 6);
        REQUIRE(good.attach(served.incarnation) == Error::None);
        REQUIRE(bad.attach(served.incarnation) == Error::None);
        REQUIRE(good.open("/hello.txt", 0).ok());
        REQUIRE(bad.open("/double.bin", 0).ok());
        auto words = std::span(reinterpret_cast<u64*>(bad.ring_memory.data()), 300);
        for (int round = 0; round < 8; ++round) {
            (void)bad.submit(0, random() % 4'000'000, 0, 4096).ok();
            for (int i = 0; i < 6; ++i) words[random() % words.size()] = random() % 3 ? random() % 64 : random();
            for (int polls = 0; polls < 50 && !served.incarnation.service->serve_rings(*served.incarnation.service); ++polls) {
            }
            REQUIRE(good.submit(0, 0, 0, 12).ok());
            for (int polls = 0; polls < 50 && !served.incarnation.service->serve_rings(*served.incarnation.service); ++polls) {
            }
            CHECK(good.completion()->count == 12);
        }
    }
}

TEST_CASE("a client that breaks the rules of its ring has a session that ends, and the next incarnation knows it") {
    World world;
    auto first = std::make_unique<FileIncarnation>(world);
    Local local(*first->service);
    TestClient client(world, local, 5);
    REQUIRE(client.attach(*first) == Error::None);
    reinterpret_cast<ring::Header*>(client.ring_memory.data())->submitted += 100'000;
    first->settle();
    CHECK(world.mapped == 0);
    file::Handle handle;
    CHECK(client.calls.close(handle).error() == Error::ProtocolViolation);
    first.reset();
    FileIncarnation second(world);
    local.replace(*second.service);
    CHECK(client.calls.close(handle).error() == Error::ProtocolViolation);
    second.close(5);
    CHECK(client.attach(second) == Error::None);
}

TEST_CASE("no more than sixteen sessions, and the end of one makes room") {
    Served served;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (u64 badge = 1; badge <= 17; ++badge)
        clients.push_back(std::make_unique<TestClient>(served.world, served.local, badge));
    for (u64 i = 0; i < 16; ++i) CHECK(clients[i]->attach(served.incarnation) == Error::None);
    CHECK(clients[16]->open("/hello.txt", 0).error() == Error::LimitReached);
    CHECK(clients[16]->attach(served.incarnation) == Error::LimitReached);
    CHECK(served.world.mapped == 32);
    served.incarnation.close(4);
    CHECK(served.world.mapped == 30);
    CHECK(clients[16]->open("/hello.txt", 0).ok());
    CHECK(clients[0]->open("/hello.txt", 0).ok());
}

TEST_CASE("a client that ends while its read is under way keeps its memory until the read has ended") {
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
    (void)client.open("/double.bin", 0).error();
    while (source.pending() != 0) source.finish_one(0);
    REQUIRE(client.submit(0, 0, 0, 8192).ok());
    incarnation.settle();
    REQUIRE(source.pending() > 0);

    incarnation.close(5);
    CHECK(world.mapped == 2);
    while (source.pending() != 0) source.finish_one(0);
    incarnation.settle();
    CHECK(world.mapped == 0);
    CHECK(world.now.slots.empty());
}

TEST_CASE("what is wrong with the disk is reported once for each finding") {
    World world;
    Image image = sample_disk().image;
    MemorySource source{image};
    FileIncarnation incarnation(world);
    incarnation.service->mounted(run(ext2::mount(source, incarnation.report())));
    Local local(*incarnation.service);
    TestClient client(world, local, 5);
    source.fail_at = source.reads;
    CHECK(client.open("/deep/er/and/deeper/file", 0).error() == Error::DeviceError);
    CHECK(world.reports == 0);
    CHECK(client.open("/deep/er/and/deeper/file", 0).ok());
    std::fill(image.begin() + 4096, image.end(), std::byte{0xff});
    CHECK(client.open("/single.bin/x", 0).error() != Error::None);
    CHECK(world.reports <= 1);
}
