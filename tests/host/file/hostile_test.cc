// Clients that do what they must not, and clients that end in the middle.
#include "fixture.h"

using namespace eft;
using namespace eft::test;

STAGE_CASE(Served, "handles, offsets and places outside their ranges are refused") {
    TestClient client(*this, 5);
    REQUIRE(client.attach() == Error::None);
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
    const u32 area = TestClient::kAreaBytes;
    for (const Case& each : {Case{0, ~u64{0}, 0, 16, Error::None}, Case{0, 0, area - 8, 16, Error::BadMessage},
                             Case{0, 0, ~0u, 2, Error::BadMessage}, Case{0, 0, 0, ~0u, Error::BadMessage},
                             Case{1, 0, 0, 16, Error::IsDirectory}, Case{2, 0, 0, 16, Error::StaleSession},
                             Case{99, 0, 0, 16, Error::OutOfRange}, Case{0, 0, 0, 0, Error::None}}) {
        CAPTURE(each.handle);
        CAPTURE(each.where);
        REQUIRE(client.submit(each.handle, each.offset, each.where, each.size).ok());
        CHECK(client.completion().error() == each.expected);
    }
}

STAGE_CASE(Served, "memory that is no ring, or smaller than it says, is refused, and the session lives on") {
    TestClient client(*this, 5);
    CHECK(client.send_attach(TestClient::kAreaBytes) == Error::BadFormat);         // zeroed: no ring
    REQUIRE(client.ring.create(client.ring_memory.bytes(), u64{1} << 40).ok());  // claims an area that it does not give
    CHECK(client.send_attach(TestClient::kAreaBytes) == Error::BadFormat);
    CHECK(client.send_attach(2 * TestClient::kAreaBytes) == Error::OutOfRange);
    CHECK(mapped() == 0);
    CHECK(stage.kept_slots(server) == 0);
    CHECK(client.attach() == Error::None);
    CHECK(client.open("/hello.txt", 0).ok());
}

STAGE_CASE(Served, "a ring written over at random harms nobody else") {
    TestClient good(*this, 5);
    REQUIRE(good.attach() == Error::None);
    REQUIRE(good.open("/hello.txt", 0).ok());
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        TestClient bad(*this, 100 + seed, 64 * 1024);
        REQUIRE(bad.attach() == Error::None);
        REQUIRE(bad.open("/double.bin", 0).ok());
        auto words = std::span(reinterpret_cast<u64*>(bad.ring_memory.bytes().data()), 300);
        for (int round = 0; round < 8; ++round) {
            (void)bad.submit(0, random() % 4'000'000, 0, 4096).ok();
            for (int i = 0; i < 6; ++i) words[random() % words.size()] = random() % 3 ? random() % 64 : random();
            stage.signal(server, static_cast<u64>(WakeBit::Rings));
            REQUIRE(good.submit(0, 0, 0, 12).ok());
            CHECK(good.completion()->count == 12);
        }
        names.close({bad.badge});
    }
    CHECK(server.deaths == 0);
    CHECK(mapped() == good.pages());
}

STAGE_CASE(Served, "a client that breaks the rules of its ring has a session that ends, and the next incarnation knows it") {
    TestClient client(*this, 5);
    REQUIRE(client.attach() == Error::None);
    reinterpret_cast<ring::Header*>(client.ring_memory.bytes().data())->submitted += 100'000;
    stage.signal(server, static_cast<u64>(WakeBit::Rings));
    CHECK(mapped() == 0);
    file::Handle handle;
    CHECK(client.calls.close(handle).error() == Error::ProtocolViolation);
    stage.kill(server);
    CHECK(client.calls.close(handle).error() == Error::ProtocolViolation);
    names.close({5});
    CHECK(client.attach() == Error::None);
}

STAGE_CASE(Served, "no more sessions than there are places, and the end of one makes room") {
    std::vector<std::unique_ptr<TestClient>> clients;
    for (u64 badge = 1; badge <= ext2::kMaxSessions + 1; ++badge) clients.push_back(std::make_unique<TestClient>(*this, badge));
    for (u64 i = 0; i < ext2::kMaxSessions; ++i) CHECK(clients[i]->attach() == Error::None);
    CHECK(clients[ext2::kMaxSessions]->open("/hello.txt", 0).error() == Error::LimitReached);
    CHECK(clients[ext2::kMaxSessions]->attach() == Error::LimitReached);
    CHECK(mapped() == ext2::kMaxSessions * clients[0]->pages());
    names.close({4});
    CHECK(mapped() == (ext2::kMaxSessions - 1) * clients[0]->pages());
    CHECK(clients[ext2::kMaxSessions]->open("/hello.txt", 0).ok());
    CHECK(clients[0]->open("/hello.txt", 0).ok());
}

STAGE_CASE(Served, "a client that ends while its read is under way keeps its memory until the read has ended") {
    TestClient client(*this, 5);
    REQUIRE(client.attach() == Error::None);
    REQUIRE(client.open("/double.bin", 0).ok());
    plan.holds = true;
    REQUIRE(client.submit(0, 0, 0, 8192).ok());
    REQUIRE(disk().queued.pending() > 0);

    names.close({5});
    CHECK(mapped() == client.pages());
    stage.signal(server, TestServer::kFinish);
    CHECK(mapped() == 0);
    CHECK(stage.kept_slots(server) == 0);
}

STAGE_CASE(Served, "what is wrong with the disk is reported once for each finding") {
    TestClient client(*this, 5);
    REQUIRE(client.calls.stat_fs().ok());
    disk().quick.fail_at = disk().quick.reads;
    CHECK(client.open("/deep/er/and/deeper/file", 0).error() == Error::DeviceError);
    CHECK(stage.logged(server).empty());
    CHECK(client.open("/deep/er/and/deeper/file", 0).ok());
    std::fill(plan.image.begin() + 4096, plan.image.end(), std::byte{0xff});
    CHECK(client.open("/single.bin/x", 0).error() != Error::None);
    CHECK(stage.logged(server).size() <= 1);
}
