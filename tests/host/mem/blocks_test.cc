#include "fake_kernel.h"

#include <doctest/doctest.h>

#include <mem/state.h>

#include <memory>
#include <random>

using namespace eft;
using namespace eft::memory;
using test::FakeKernel;

namespace {

struct Memory {
    Memory() {
        kernel.set_table_pages(512);
        state->slots.set_end(1u << 15);
    }

    FakeKernel kernel;
    std::unique_ptr<State> state = std::make_unique<State>();
};

}  // namespace

TEST_CASE("blocks are disjoint, aligned, and become one again") {
    Memory t;
    REQUIRE(add_memory(*t.state, t.kernel.put_untyped(50, 0x40'0000, 22, false)).ok());
    REQUIRE(add_memory(*t.state, t.kernel.put_untyped(51, 0x100'0000, 20, false)).ok());
    const std::size_t before = t.kernel.capabilities();
    const u64 free = t.state->blocks.free_pages;
    CHECK(free == 1024 + 256);
    std::mt19937 random(3);
    std::vector<Block> taken;
    for (int step = 0; step < 5000; ++step) {
        if (random() % 2 == 0) {
            const auto block = take_block(*t.state, 12 + random() % 8);
            if (block.ok()) taken.push_back(*block);
        } else if (!taken.empty()) {
            std::swap(taken[random() % taken.size()], taken.back());
            give_block(*t.state, taken.back());
            taken.pop_back();
        }
        u64 pages = 0;
        for (const Block block : taken) pages += t.state->blocks[block].pages();
        REQUIRE(t.state->blocks.free_pages == free - pages);
    }
    for (const Block a : taken) {
        CHECK(t.state->blocks[a].address % (u64{t.state->blocks[a].pages()} * kPageSize) == 0);
        for (const Block b : taken) {
            if (a == b) continue;
            const bool apart = t.state->blocks[a].address >= t.state->blocks[b].address + u64{t.state->blocks[b].pages()} * kPageSize ||
                               t.state->blocks[b].address >= t.state->blocks[a].address + u64{t.state->blocks[a].pages()} * kPageSize;
            REQUIRE(apart);
        }
    }
    for (const Block block : taken) give_block(*t.state, block);
    CHECK(t.state->blocks.free_pages == free);
    CHECK(t.kernel.capabilities() == before);
    CHECK(t.state->slots.used() == 0);
    CHECK(take_block(*t.state, 22).ok());
    CHECK(take_block(*t.state, 21).error() == Error::OutOfMemory);
}

TEST_CASE("giving a block back ends what was made of it") {
    Memory t;
    REQUIRE(add_memory(*t.state, t.kernel.put_untyped(50, 0x40'0000, 16, false)).ok());
    const Block block = *take_block(*t.state, 13);
    REQUIRE(t.kernel.retype(t.state->blocks[block].slot, ObjectType::Frame, Slot{900}, 2).ok());
    give_block(*t.state, block);
    CHECK(t.kernel.find(900) == nullptr);
    CHECK(t.kernel.find(901) == nullptr);
}

TEST_CASE("an untyped that is partly in use keeps its used part") {
    Memory t;
    const Slot untyped = t.kernel.put_untyped(50, 0x40'0000, 20, false);
    REQUIRE(t.kernel.retype(untyped, ObjectType::Frame, Slot{900}, 3).ok());
    REQUIRE(add_memory(*t.state, untyped).ok());
    CHECK(t.state->blocks.free_pages == 253);
    std::vector<Block> all;
    for (auto block = take_block(*t.state, 12); block.ok(); block = take_block(*t.state, 12)) {
        REQUIRE(t.state->blocks[*block].address >= 0x40'3000);
        all.push_back(*block);
    }
    CHECK(all.size() == 253);
    for (const Block block : all) give_block(*t.state, block);
    CHECK(t.state->blocks.free_pages == 253);
    CHECK(t.kernel.find(900) != nullptr);
}

TEST_CASE("device memory is taken by address, once") {
    Memory t;
    REQUIRE(add_memory(*t.state, t.kernel.put_untyped(50, 0xf000'0000, 20, true)).ok());
    const std::size_t before = t.kernel.capabilities();
    CHECK(t.state->blocks.free_pages == 0);
    const auto page = take_block_at(*t.state, 0xf000'5000, 12);
    REQUIRE(page.ok());
    CHECK(t.state->blocks[*page].address == 0xf000'5000);
    CHECK(take_block_at(*t.state, 0xf000'5000, 12).error() == Error::AlreadyExists);
    CHECK(take_block_at(*t.state, 0xf000'4000, 13).error() == Error::AlreadyExists);
    CHECK(take_block_at(*t.state, 0xf000'0000, 20).error() == Error::AlreadyExists);
    CHECK(take_block_at(*t.state, 0xf010'0000, 12).error() == Error::OutOfRange);
    CHECK(take_block_at(*t.state, 0x1000, 12).error() == Error::OutOfRange);
    CHECK(take_block(*t.state, 12).error() == Error::OutOfMemory);  // device memory is nobody's working memory
    const auto rest = take_block_at(*t.state, 0xf000'6000, 13);
    REQUIRE(rest.ok());
    give_block(*t.state, *page);
    give_block(*t.state, *rest);
    CHECK(t.kernel.capabilities() == before);
    CHECK(t.state->blocks[*take_block_at(*t.state, 0xf000'0000, 30)].pages() == 256);
}

TEST_CASE("a refused split changes nothing") {
    Memory t;
    REQUIRE(add_memory(*t.state, t.kernel.put_untyped(50, 0x40'0000, 16, false)).ok());
    const std::size_t before = t.kernel.capabilities();
    for (u64 failure = 0; failure < 4; ++failure) {
        t.kernel.fail_at(failure);
        CHECK(!take_block(*t.state, 12).ok());
        t.kernel.never_fail();
        CHECK(t.kernel.capabilities() == before);
        CHECK(t.state->slots.used() == 0);
        const auto block = take_block(*t.state, 12);
        REQUIRE(block.ok());
        give_block(*t.state, *block);
        CHECK(t.kernel.capabilities() == before);
        CHECK(t.state->slots.used() == 0);
    }
}
