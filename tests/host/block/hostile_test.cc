// Clients that break the rules lose their own session, and no more.
#include "driver.h"

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

struct Scene : DiskScene {
    Scene(Stage& where) : DiskScene{where} {}
    DiskClient hostile{*this, 7}, honest{*this, 8};

    // The honest client reads a little; true if all is right.
    bool works(u64 sector) {
        if (!honest.submit_read(sector, 2, 0).ok()) return false;
        run();
        const auto done = honest.ring.take_completion();
        return done.ok() && done->has_value() && (*done)->status == Error::None && honest.holds(sector, 2, 0);
    }
};

}  // namespace

STAGE_CASE(Scene, "a ring that cannot be one is refused, and so is memory that is too small") {
    auto& magic = *reinterpret_cast<u64*>(hostile.ring_memory.bytes().data());
    const u64 good = std::exchange(magic, 1);
    CHECK(hostile.attach().error() == Error::BadFormat);
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(stage.kept_slots(driver) == 0);
    magic = good;
    const SharedMemory small = *SharedMemory::create(kPageSize);
    CHECK(hostile.attach(small, hostile.area_memory).error() == Error::BadFormat);
    CHECK(stage.kept_slots(driver) == 0);
}

STAGE_CASE(Scene, "an index that runs away closes the session, and only that one, in later incarnations, too") {
    REQUIRE(hostile.attach().ok());
    REQUIRE(honest.attach().ok());
    REQUIRE(hostile.submit_read(0, 1, 0).ok());
    interrupt();
    auto& header = *reinterpret_cast<ring::Header*>(hostile.ring_memory.bytes().data());
    header.submitted += 100'000;
    run();
    CHECK(mapped_clients() == 1);
    CHECK(hostile.attach().error() == Error::ProtocolViolation);
    CHECK(works(5));
    stage.kill(driver);
    CHECK(hostile.attach().error() == Error::ProtocolViolation);
    CHECK(works(6));
}

STAGE_CASE(Scene, "a ring whose memory changes at random never hurts the neighbour") {
    std::mt19937 random(5);
    REQUIRE(honest.attach().ok());
    for (u64 round = 0; round < 300; ++round) {
        DiskClient vandal(*this, 100 + round);
        REQUIRE(vandal.attach().ok());
        for (int i = 0; i < 20; ++i) {
            static_cast<void>(vandal.submit_read(random() % 80, 1 + random() % 4, static_cast<u32>(random() % 8192)));
            for (int change = 0; change < 4; ++change) {
                const bool in_header = random() % 2;
                const std::size_t at = in_header ? random() % sizeof(ring::Header) : random() % 4096;
                vandal.ring_memory.bytes()[at] = static_cast<std::byte>(random());
            }
            interrupt(3);
            interrupt(3);
            if (i == 10 && round % 4 == 0) stage.kill(driver);
        }
        CHECK(works(random() % 60));
        names.close({vandal.badge});
        run();
        CHECK(mapped_clients() == 1);
        CHECK(works(random() % 60));
    }
}

STAGE_CASE(DiskScene, "messages of random words answer with an error, and keep nothing") {
    std::mt19937_64 random(9);
    std::vector<CapHandle> sessions, sent;
    for (u64 badge = 1; badge <= 6; ++badge) sessions.push_back(stage.connect(driver, Badge{badge}));
    const SharedMemory object = *SharedMemory::create(kPageSize);
    for (u64 bit = 0; bit < 4; ++bit) sent.push_back(*make_wake(1 << bit));
    sent.push_back(*copy_capability(object.object().slot()));
    sent.push_back(*copy_capability(sessions[0].slot()));
    const u32 own = used_scratch_slots(), drivers = stage.used_slots(driver);
    for (int i = 0; i < 20'000; ++i) {
        sys::Registers registers;
        const u32 label = random() % 4 ? make_label(block::Block::kInterfaceId, random() % 6) : static_cast<u32>(random());
        const unsigned caps = random() % 4;
        registers.tag = Tag(label, random() % 12, caps, static_cast<u16>(random()));
        for (u64& word : registers.w) word = random() % 3 ? random() % 8192 : random();
        for (unsigned cap = 0; cap < caps; ++cap) sys::utcb().send_slots[cap] = raw(sent[random() % sent.size()].slot());
        if (sys::call(sessions[random() % 6].slot(), registers) == Error::None)
            ipc::ReceivedCaps received([]() -> Utcb& { return sys::utcb(); }, registers.tag);  // of the description
    }
    CHECK(driver.deaths == 0);
    CHECK(memory.mapped_pages(driver) == 0);
    CHECK(stage.kept_slots(driver) == 0);
    CHECK(used_scratch_slots() == own);
    CHECK(stage.used_slots(driver) == drivers);
}
