// The heap on a plain buffer: against a model of what every block holds, and every kind of misuse.
#include <eft/heap.h>

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using eft::Heap;

namespace {

[[noreturn]] void throw_damage(const char* what) { throw std::runtime_error(what); }

struct Arena {
    explicit Arena(std::size_t size) : memory(std::make_unique<std::byte[]>(size + 16)) {
        std::memset(memory.get(), 0xa5, size + 16);
        heap.set_range(memory.get(), size);
    }
    std::unique_ptr<std::byte[]> memory;
    Heap heap{[](const char* what) { throw_damage(what); }};
};

struct Content {
    std::size_t size;
    unsigned char value;
};
bool intact(const void* block, Content content) {
    for (std::size_t i = 0; i < content.size; ++i)
        if (static_cast<const unsigned char*>(block)[i] != content.value) return false;
    return true;
}
bool aligned(const void* block, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

}  // namespace

TEST_CASE("random programs keep every byte") {
    for (unsigned seed = 0; seed < 8; ++seed) {
        Arena arena(400'000);
        std::mt19937 random(seed);
        std::map<void*, Content> model;
        unsigned refused = 0;
        auto random_size = [&] { return random() % (random() % 8 == 0 ? 20'000 : 300); };
        auto fill = [&](void* block, std::size_t size) {
            const Content content{size, static_cast<unsigned char>(random())};
            std::memset(block, content.value, size);
            model[block] = content;
        };
        for (int step = 0; step < 20'000; ++step) {
            const bool some = !model.empty();
            auto chosen = model.begin();
            if (some) std::advance(chosen, random() % std::min<std::size_t>(model.size(), 50));
            const std::size_t size = random_size();
            switch (random() % 8) {
                case 0:
                case 1:
                case 2:
                    if (void* block = arena.heap.allocate(size)) {
                        REQUIRE(aligned(block, 16));
                        fill(block, size);
                    } else {
                        ++refused;
                    }
                    break;
                case 3: {
                    const std::size_t alignment = std::size_t{1} << random() % 13;
                    if (void* block = arena.heap.allocate_aligned(alignment, size)) {
                        REQUIRE(aligned(block, alignment));
                        fill(block, size);
                    }
                    break;
                }
                case 4:
                    if (some) {
                        const Content old = chosen->second;
                        if (void* block = arena.heap.reallocate(chosen->first, size)) {
                            REQUIRE(intact(block, {std::min(size, old.size), old.value}));
                            model.erase(chosen);
                            fill(block, size);
                        }
                    }
                    break;
                default:
                    if (some) {
                        REQUIRE(intact(chosen->first, chosen->second));
                        arena.heap.free(chosen->first);
                        model.erase(chosen);
                    }
            }
            if (step % 64 == 0) arena.heap.check();
            REQUIRE(arena.heap.usage().used_blocks == model.size());
        }
        for (const auto& [block, content] : model) {
            REQUIRE(intact(block, content));
            REQUIRE(arena.heap.usable_size(block) >= content.size);
            arena.heap.free(block);
        }
        arena.heap.check();
        arena.heap.join_kept();
        arena.heap.check();
        CHECK(arena.heap.usage().used_bytes == 0);
        CHECK(arena.heap.usage().frontier_bytes == 0);
        CHECK(refused < 2000);
    }
}

TEST_CASE("memory is reused, and touched only as far as needed") {
    Arena arena(1 << 20);
    for (int round = 0; round < 1000; ++round) {
        std::vector<void*> blocks;
        for (std::size_t size : {10, 100, 1000, 5000, 40, 64}) blocks.push_back(arena.heap.allocate(size));
        for (unsigned i : {1, 3, 5, 0, 2, 4}) arena.heap.free(blocks[i]);
    }
    CHECK(arena.heap.usage().most_bytes < 7000);
    for (std::size_t at = 7000; at < (1 << 20); ++at) REQUIRE(arena.memory[at] == std::byte{0xa5});
}

TEST_CASE("a used-up range answers null, and serves again after a free") {
    Arena arena(4096);
    std::vector<void*> blocks;
    while (void* block = arena.heap.allocate(100)) blocks.push_back(block);
    CHECK(blocks.size() == 4096 / 128);
    CHECK(arena.heap.reallocate(blocks[0], 200) == nullptr);
    arena.heap.free(blocks[5]);
    CHECK(arena.heap.allocate(100) == blocks[5]);
    CHECK(arena.heap.allocate(~std::size_t{0}) == nullptr);
    CHECK(arena.heap.allocate_aligned(4096, ~std::size_t{0} - 4096) == nullptr);
    arena.heap.check();

    Heap empty([](const char* what) { throw_damage(what); });
    CHECK(empty.allocate(1) == nullptr);
    empty.free(nullptr);
}

TEST_CASE("what is kept for its size is joined when something else needs it, and is never much") {
    Arena arena(1 << 20);
    std::vector<void*> blocks;
    for (int i = 0; i < 1000; ++i) blocks.push_back(arena.heap.allocate(100));
    void* wall = arena.heap.allocate(2000);
    const std::size_t frontier = arena.heap.usage().frontier_bytes;
    for (void* block : blocks) arena.heap.free(block);
    arena.heap.check();
    CHECK(arena.heap.allocate(1000 * 128 - Heap::kMostKept - 128) < wall);
    CHECK(arena.heap.usage().frontier_bytes == frontier);

    Arena full(16 * 128);
    for (void*& block : blocks) block = full.heap.allocate(100);
    REQUIRE(blocks[15] != nullptr);
    REQUIRE(blocks[16] == nullptr);
    for (void* block : blocks) full.heap.free(block);
    CHECK(full.heap.allocate(16 * 128 - 16) == blocks[0]);
    full.heap.check();
}

TEST_CASE("the last block grows in place") {
    Arena arena(1 << 16);
    void* block = arena.heap.allocate(10);
    for (std::size_t size = 10; size < 60'000; size += 1000) REQUIRE(arena.heap.reallocate(block, size) == block);
    CHECK(arena.heap.reallocate(block, 20) == block);
    CHECK(arena.heap.usage().frontier_bytes == 48);
    arena.heap.check();
}

TEST_CASE("misuse is told, whatever became of the block") {
    Arena arena(1 << 16);
    Heap& heap = arena.heap;
    auto* first = static_cast<unsigned char*>(heap.allocate(100));
    auto* second = static_cast<unsigned char*>(heap.allocate(100));
    auto* third = static_cast<unsigned char*>(heap.allocate(100));
    auto* last = static_cast<unsigned char*>(heap.allocate(100));

    heap.free(second);
    CHECK_THROWS_WITH(heap.free(second), "heap: block freed twice");
    heap.free(first);
    heap.check();
    heap.join_kept();
    CHECK_THROWS(heap.free(first));  // `second` is inside a free block now
    CHECK_THROWS(heap.free(second));
    CHECK_THROWS(heap.reallocate(first, 5));
    CHECK_THROWS(heap.free(third + 16));
    CHECK_THROWS(heap.free(third + 1));
    int elsewhere;
    CHECK_THROWS_WITH(heap.free(&elsewhere), "heap: pointer is not into the heap");
    heap.check();

    SUBCASE("writing beyond the end damages the next header") {
        third[112] = 1;
        CHECK_THROWS(heap.free(last));
        CHECK_THROWS(heap.free(third));
        CHECK_THROWS(heap.check());
    }
    SUBCASE("a block at the frontier, freed twice") {
        heap.free(last);
        CHECK_THROWS(heap.free(last));
        heap.join_kept();
        CHECK_THROWS(heap.free(last));
    }
    SUBCASE("every bit of a header is checked") {
        for (int bit = 0; bit < 128; ++bit) {
            (third - 16)[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
            CHECK_THROWS(heap.free(third));
            (third - 16)[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
        }
        heap.free(third);
    }
    SUBCASE("a free block's links are checked before they are followed") {
        auto* a = static_cast<unsigned char*>(heap.allocate(3000));
        auto* wall = heap.allocate(3000);
        auto* b = static_cast<unsigned char*>(heap.allocate(3000));
        REQUIRE(heap.allocate(3000) != nullptr);
        heap.free(a);
        heap.free(b);
        void* wrong = first;
        std::memcpy(a + 8, &wrong, sizeof wrong);  // the link back
        CHECK_THROWS_WITH(heap.free(wall), "heap: free block was written to");
    }
    SUBCASE("so is the link of a block that is kept") {
        heap.free(third);
        void* wrong = last - 16;
        std::memcpy(third, &wrong, sizeof wrong);
        CHECK(heap.allocate(100) == third);
        CHECK_THROWS_WITH(heap.allocate(100), "heap: free block was written to");
        CHECK_THROWS(heap.check());
    }
    SUBCASE("and its header") {
        heap.free(third);
        third[-16] ^= 16;
        CHECK_THROWS(heap.allocate(100));
        CHECK_THROWS(heap.join_kept());
    }
}
