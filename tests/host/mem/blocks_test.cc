#include "given.h"

#include <doctest/doctest.h>

#include <mem/state.h>

#include <memory>
#include <random>

using namespace eft;
using namespace eft::memory;
using memory_test::Given;
namespace ko = kernel_object;

namespace {

struct Memory {
    explicit Memory(const Given& from) : given(from) { state->slots.set_end(*effects::table_end()); }

    // The next naturally aligned block.
    Slot untyped(unsigned bits, bool device = false) {
        const Slot made = allocate_slot();
        REQUIRE(ko::retype(device ? given.archive : given.memory, ObjectType::Untyped, made, 1, bits).ok());
        return made;
    }

    const Given& given;
    std::unique_ptr<State> state = std::make_unique<State>();
};

}  // namespace

MEM_CASE(Memory, "blocks are disjoint, aligned, and become one again") {
    REQUIRE(add_memory(*state, untyped(22)).ok());
    REQUIRE(add_memory(*state, untyped(20)).ok());
    const u32 before = memory_test::capabilities();
    const u64 free = state->blocks.free_pages;
    CHECK(free == 1024 + 256);
    std::mt19937 random(3);
    std::vector<Block> taken;
    for (int step = 0; step < 5000; ++step) {
        if (random() % 2 == 0) {
            const auto block = take_block(*state, 12 + random() % 8);
            if (block.ok()) taken.push_back(*block);
        } else if (!taken.empty()) {
            std::swap(taken[random() % taken.size()], taken.back());
            give_block(*state, taken.back());
            taken.pop_back();
        }
        u64 pages = 0;
        for (const Block block : taken) pages += state->blocks[block].pages();
        REQUIRE(state->blocks.free_pages == free - pages);
    }
    for (const Block a : taken) {
        CHECK(state->blocks[a].address % (u64{state->blocks[a].pages()} * kPageSize) == 0);
        for (const Block b : taken) {
            if (a == b) continue;
            const bool apart = state->blocks[a].address >= state->blocks[b].address + u64{state->blocks[b].pages()} * kPageSize ||
                               state->blocks[b].address >= state->blocks[a].address + u64{state->blocks[a].pages()} * kPageSize;
            REQUIRE(apart);
        }
    }
    for (const Block block : taken) give_block(*state, block);
    CHECK(state->blocks.free_pages == free);
    CHECK(memory_test::capabilities() == before);
    CHECK(state->slots.used() == 0);
    CHECK(take_block(*state, 22).ok());
    CHECK(take_block(*state, 21).error() == Error::OutOfMemory);
}

MEM_CASE(Memory, "giving a block back ends what was made of it") {
    REQUIRE(add_memory(*state, untyped(16)).ok());
    const Block block = *take_block(*state, 13);
    REQUIRE(ko::retype(state->blocks[block].slot, ObjectType::Frame, Slot{900}, 2).ok());
    give_block(*state, block);
    CHECK(!memory_test::is_there(Slot{900}));
    CHECK(!memory_test::is_there(Slot{901}));
}

MEM_CASE(Memory, "an untyped that is partly in use keeps its used part") {
    const Slot partly_used = untyped(20);
    REQUIRE(ko::retype(partly_used, ObjectType::Frame, Slot{900}, 3).ok());
    REQUIRE(add_memory(*state, partly_used).ok());
    CHECK(state->blocks.free_pages == 253);
    std::vector<Block> all;
    for (auto block = take_block(*state, 12); block.ok(); block = take_block(*state, 12)) {
        REQUIRE(state->blocks[*block].address >= ko::inspect_untyped(partly_used)->address + 0x3000);
        all.push_back(*block);
    }
    CHECK(all.size() == 253);
    for (const Block block : all) give_block(*state, block);
    CHECK(state->blocks.free_pages == 253);
    CHECK(memory_test::is_there(Slot{900}));
}

MEM_CASE(Memory, "device memory is taken by address, once") {
    const Slot device = untyped(20, true);
    const u64 address = ko::inspect_untyped(device)->address;
    REQUIRE(add_memory(*state, device).ok());
    const u32 before = memory_test::capabilities();
    CHECK(state->blocks.free_pages == 0);
    const auto page = take_block_at(*state, address + 0x5000, 12);
    REQUIRE(page.ok());
    CHECK(state->blocks[*page].address == address + 0x5000);
    CHECK(take_block_at(*state, address + 0x5000, 12).error() == Error::AlreadyExists);
    CHECK(take_block_at(*state, address + 0x4000, 13).error() == Error::AlreadyExists);
    CHECK(take_block_at(*state, address, 20).error() == Error::AlreadyExists);
    CHECK(take_block_at(*state, address + 0x10'0000, 12).error() == Error::OutOfRange);
    CHECK(take_block_at(*state, 0x1000, 12).error() == Error::OutOfRange);
    CHECK(take_block(*state, 12).error() == Error::OutOfMemory);  // device memory is nobody's working memory
    const auto rest = take_block_at(*state, address + 0x6000, 13);
    REQUIRE(rest.ok());
    give_block(*state, *page);
    give_block(*state, *rest);
    CHECK(memory_test::capabilities() == before);
    CHECK(state->blocks[*take_block_at(*state, address, 30)].pages() == 256);
}

MEM_CASE(Memory, "a refused split changes nothing") {
    REQUIRE(add_memory(*state, untyped(16)).ok());
    const u32 before = memory_test::capabilities();
    for (u64 failure = 0; failure < 4; ++failure) {
        {
            const memory_test::Failure one(failure);
            CHECK(!take_block(*state, 12).ok());
        }
        CHECK(memory_test::capabilities() == before);
        CHECK(state->slots.used() == 0);
        const auto block = take_block(*state, 12);
        REQUIRE(block.ok());
        give_block(*state, *block);
        CHECK(memory_test::capabilities() == before);
        CHECK(state->slots.used() == 0);
    }
}
