#include "fake_kernel.h"

#include <doctest/doctest.h>

#include <mem/buddy.h>

#include <memory>
#include <random>

using namespace eft;
using namespace eft::memory;
using test::FakeKernel;

namespace {

struct Blocks {
    Blocks() {
        kernel.set_table_pages(512);
        slots.set_end(1u << 15);
    }

    FakeKernel kernel;
    SlotRuns slots;
    std::unique_ptr<Buddy<FakeKernel>> buddy = std::make_unique<Buddy<FakeKernel>>(kernel, slots);
};

}  // namespace

TEST_CASE("blocks are disjoint, aligned, and become one again") {
    Blocks t;
    REQUIRE(t.buddy->add(t.kernel.put_untyped(50, 0x40'0000, 22, false)).ok());
    REQUIRE(t.buddy->add(t.kernel.put_untyped(51, 0x100'0000, 20, false)).ok());
    const std::size_t before = t.kernel.capabilities();
    const u64 free = t.buddy->free_pages();
    CHECK(free == 1024 + 256);
    std::mt19937 random(3);
    std::vector<Block> taken;
    for (int step = 0; step < 5000; ++step) {
        if (random() % 2 == 0) {
            const auto block = t.buddy->take(12 + random() % 8);
            if (block.ok()) taken.push_back(*block);
        } else if (!taken.empty()) {
            std::swap(taken[random() % taken.size()], taken.back());
            t.buddy->give(taken.back());
            taken.pop_back();
        }
        u64 pages = 0;
        for (const Block block : taken) pages += t.buddy->pages(block);
        REQUIRE(t.buddy->free_pages() == free - pages);
    }
    for (const Block a : taken) {
        CHECK(t.buddy->address(a) % (u64{t.buddy->pages(a)} * kPageSize) == 0);
        for (const Block b : taken) {
            if (a == b) continue;
            const bool apart = t.buddy->address(a) >= t.buddy->address(b) + u64{t.buddy->pages(b)} * kPageSize ||
                               t.buddy->address(b) >= t.buddy->address(a) + u64{t.buddy->pages(a)} * kPageSize;
            REQUIRE(apart);
        }
    }
    for (const Block block : taken) t.buddy->give(block);
    CHECK(t.buddy->free_pages() == free);
    CHECK(t.kernel.capabilities() == before);
    CHECK(t.slots.used() == 0);
    CHECK(t.buddy->take(22).ok());
    CHECK(t.buddy->take(21).error() == Error::OutOfMemory);
}

TEST_CASE("giving a block back ends what was made of it") {
    Blocks t;
    REQUIRE(t.buddy->add(t.kernel.put_untyped(50, 0x40'0000, 16, false)).ok());
    const Block block = *t.buddy->take(13);
    REQUIRE(t.kernel.retype(t.buddy->slot(block), ObjectType::Frame, Slot{900}, 2).ok());
    t.buddy->give(block);
    CHECK(t.kernel.find(900) == nullptr);
    CHECK(t.kernel.find(901) == nullptr);
}

TEST_CASE("an untyped that is partly in use keeps its used part") {
    Blocks t;
    const Slot untyped = t.kernel.put_untyped(50, 0x40'0000, 20, false);
    REQUIRE(t.kernel.retype(untyped, ObjectType::Frame, Slot{900}, 3).ok());
    REQUIRE(t.buddy->add(untyped).ok());
    CHECK(t.buddy->free_pages() == 253);
    std::vector<Block> all;
    for (auto block = t.buddy->take(12); block.ok(); block = t.buddy->take(12)) {
        REQUIRE(t.buddy->address(*block) >= 0x40'3000);
        all.push_back(*block);
    }
    CHECK(all.size() == 253);
    for (const Block block : all) t.buddy->give(block);
    CHECK(t.buddy->free_pages() == 253);
    CHECK(t.kernel.find(900) != nullptr);
}

TEST_CASE("device memory is taken by address, once") {
    Blocks t;
    REQUIRE(t.buddy->add(t.kernel.put_untyped(50, 0xf000'0000, 20, true)).ok());
    const std::size_t before = t.kernel.capabilities();
    CHECK(t.buddy->free_pages() == 0);
    const auto page = t.buddy->take_at(0xf000'5000, 12);
    REQUIRE(page.ok());
    CHECK(t.buddy->address(*page) == 0xf000'5000);
    CHECK(t.buddy->take_at(0xf000'5000, 12).error() == Error::AlreadyExists);
    CHECK(t.buddy->take_at(0xf000'4000, 13).error() == Error::AlreadyExists);
    CHECK(t.buddy->take_at(0xf000'0000, 20).error() == Error::AlreadyExists);
    CHECK(t.buddy->take_at(0xf010'0000, 12).error() == Error::OutOfRange);
    CHECK(t.buddy->take_at(0x1000, 12).error() == Error::OutOfRange);
    CHECK(t.buddy->take(12).error() == Error::OutOfMemory);  // device memory is nobody's working memory
    const auto rest = t.buddy->take_at(0xf000'6000, 13);
    REQUIRE(rest.ok());
    t.buddy->give(*page);
    t.buddy->give(*rest);
    CHECK(t.kernel.capabilities() == before);
    CHECK(t.buddy->pages(*t.buddy->take_at(0xf000'0000, 30)) == 256);
}

TEST_CASE("a refused split changes nothing") {
    Blocks t;
    REQUIRE(t.buddy->add(t.kernel.put_untyped(50, 0x40'0000, 16, false)).ok());
    const std::size_t before = t.kernel.capabilities();
    for (u64 failure = 0; failure < 4; ++failure) {
        t.kernel.fail_at(failure);
        CHECK(!t.buddy->take(12).ok());
        t.kernel.never_fail();
        CHECK(t.kernel.capabilities() == before);
        CHECK(t.slots.used() == 0);
        const auto block = t.buddy->take(12);
        REQUIRE(block.ok());
        t.buddy->give(*block);
        CHECK(t.kernel.capabilities() == before);
        CHECK(t.slots.used() == 0);
    }
}
