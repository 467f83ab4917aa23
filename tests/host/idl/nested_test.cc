// Encoding 3: nested tables, unions, vectors of tables and strings. What is sent arrives; FlatBuffers' own generated
// code reads what ours wrote, and the reverse; and whatever is damaged is BadMessage.
#include "forest.h"
#include "nested_reference.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>

using namespace eft;
using namespace forest;

namespace {

// The buffer of a message alone.
struct Buffer {
    u64 words[kMaxWords - kRegisterWords];
    u32 size = 0;
    const u8* bytes() const { return reinterpret_cast<const u8*>(words); }
};
template <class Table>
Buffer written(const Table& table) {
    Buffer buffer;
    ipc::FlatWriter out(buffer.words);
    out.set_root(table.put(out));
    REQUIRE(out.ok());
    buffer.size = out.size();
    return buffer;
}
template <class View>
bool sound(const u8* bytes, u32 size) {
    return ipc::FlatChecker({bytes, size}).root<View>();
}
template <class View>
View root(const u8* bytes) {
    return View(bytes + ipc::flat::read<u32>(bytes));
}

std::mt19937_64 dice(20261123);

// A random tree; what it refers to lies in the soil.
struct Gardener {
    Soil& soil;
    std::vector<std::unique_ptr<std::string>>& texts;
    std::vector<std::unique_ptr<u64[]>>& numbers;

    std::string_view text(std::size_t most) {
        auto& made = texts.emplace_back(new std::string(dice() % (most + 1), 'a'));
        for (char& c : *made) c = static_cast<char>('a' + dice() % 26);
        return *made;
    }
    Leaf leaf() {
        return {.id = static_cast<u32>(dice()), .label = text(16), .color = dice() % 2 ? Color::Blue : Color::Green};
    }
    template <class T>
    std::span<const T> scalars(std::size_t most) {
        auto& made = numbers.emplace_back(new u64[most + 1]);
        for (std::size_t i = 0; i <= most; ++i) made[i] = dice();
        return {reinterpret_cast<const T*>(made.get()), dice() % (most + 1)};
    }
    Tree tree(unsigned depth) {
        Tree out{.small = static_cast<u8>(dice()),
                 .wide = static_cast<std::int64_t>(dice()),
                 .ratio = static_cast<double>(dice()),
                 .yes = dice() % 2 == 0,
                 .spot = {.color = Color::Blue, .on = dice() % 2 == 0, .at = dice()},
                 .name = text(24),
                 .numbers = scalars<u64>(8),
                 .bytes = scalars<u8>(100)};
        if (dice() % 2) out.maybe = static_cast<u32>(dice());
        if (dice() % 2) out.maybe_color = Color::Red;
        static constexpr Color kColors[] = {Color::Red, Color::Blue, Color::Green, Color::Blue};
        static constexpr bool kFlags[] = {true, false, true, true};
        static constexpr Spot kSpots[] = {{Color::Red, true, {}, 3}, {}};
        out.colors = std::span(kColors, dice() % 5);
        out.flags = std::span(kFlags, dice() % 5);
        out.spots = std::span(kSpots, dice() % 3);
        auto& words = soil.word_vectors.emplace_back(dice() % 6);
        for (auto& word : words) word = text(12);
        out.words = words;
        if (dice() % 2) out.leaf = soil.leaves.emplace_back(new Leaf(leaf())).get();
        auto& leaves = soil.leaf_vectors.emplace_back(dice() % 11);
        for (Leaf& each : leaves) each = leaf();
        out.leaves = leaves;
        switch (dice() % 4) {
            case 1: out.cargo = *soil.leaves.emplace_back(new Leaf(leaf())); break;
            case 2: out.cargo = *soil.notes.emplace_back(new Note{.text = text(64)}); break;
            case 3:
                if (depth != 0) out.cargo = *soil.trees.emplace_back(new Tree(tree(depth - 1)));
                break;
            default: break;
        }
        std::vector<Tree> children(depth == 0 ? 0 : dice() % 3);
        for (Tree& child : children) child = tree(depth - 1);
        out.children = soil.tree_vectors.emplace_back(std::move(children));
        return out;
    }
};

// Vectors of vectors that nobody moves: pointers into them stay.
struct Garden {
    Soil soil;
    std::vector<std::unique_ptr<std::string>> texts;
    std::vector<std::unique_ptr<u64[]>> numbers;
    Garden() {
        soil.leaf_vectors.reserve(1000);
        soil.tree_vectors.reserve(1000);
        soil.word_vectors.reserve(1000);
    }
    Tree tree(unsigned depth) { return Gardener{soil, texts, numbers}.tree(depth); }
};

void check_same(const Leaf& sent, const LeafView& got) {
    CHECK(got.id() == sent.id);
    CHECK(got.label() == sent.label);
    CHECK(got.color() == sent.color);
}
bool same(const Spot& a, const Spot& b) { return a.color == b.color && a.on == b.on && a.at == b.at; }

void check_same(const Tree& sent, const TreeView& got) {
    CHECK(got.small() == sent.small);
    CHECK(got.wide() == sent.wide);
    CHECK(got.maybe() == sent.maybe);
    CHECK(got.maybe_color() == sent.maybe_color);
    CHECK(got.ratio() == sent.ratio);
    CHECK(got.yes() == sent.yes);
    CHECK(same(got.spot(), sent.spot));
    CHECK(got.name() == sent.name);
    CHECK(std::ranges::equal(got.numbers(), sent.numbers));
    CHECK(std::ranges::equal(got.bytes(), sent.bytes));
    CHECK(std::ranges::equal(got.colors(), sent.colors));
    CHECK(std::ranges::equal(got.flags(), sent.flags));
    CHECK(std::ranges::equal(got.spots(), sent.spots, same));
    REQUIRE(got.words().size() == sent.words.size());
    for (std::size_t i = 0; i < sent.words.size(); ++i) CHECK(got.words()[i] == sent.words[i]);
    REQUIRE(got.leaf().has_value() == (sent.leaf != nullptr));
    if (sent.leaf) check_same(*sent.leaf, *got.leaf());
    REQUIRE(got.leaves().size() == sent.leaves.size());
    for (std::size_t i = 0; i < sent.leaves.size(); ++i) check_same(sent.leaves[i], got.leaves()[i]);
    REQUIRE(got.cargo_kind() == sent.cargo.kind());
    CHECK(got.cargo_as_leaf().has_value() == (sent.cargo.kind() == Cargo::Leaf));
    CHECK(got.cargo_as_note().has_value() == (sent.cargo.kind() == Cargo::Note));
    CHECK(got.cargo_as_tree().has_value() == (sent.cargo.kind() == Cargo::Tree));
    REQUIRE(got.children().size() == sent.children.size());
    for (std::size_t i = 0; i < sent.children.size(); ++i) check_same(sent.children[i], got.children()[i]);
}

}  // namespace

TEST_CASE("an empty table is all defaults") {
    World world;
    Result<TreeView> got = world.client.plant({});
    REQUIRE(got.ok());
    CHECK(got->small() == 5);
    CHECK(got->wide() == -7);
    CHECK(!got->maybe());
    CHECK(!got->maybe_color());
    CHECK(got->ratio() == 0.5);
    CHECK(got->yes());
    CHECK(got->name().empty());
    CHECK(got->words().empty());
    CHECK(!got->leaf());
    CHECK(got->cargo_kind() == Cargo::NONE);
    CHECK(got->children().empty());
}

TEST_CASE("random trees travel both ways") {
    unsigned refused = 0;
    for (int round = 0; round < 500; ++round) {
        World world;
        Garden garden;
        Tree sent = garden.tree(round % 3);
        Result<TreeView> got = world.client.plant(sent);
        if (!got.ok()) {  // too large for a message
            CHECK(got.error() == Error::InvalidArgument);
            ++refused;
            continue;
        }
        check_same(sent, *got);
    }
    CHECK(refused < 250);
}

TEST_CASE("FlatBuffers' own code reads what ours writes, and the reverse") {
    for (int round = 0; round < 200; ++round) {
        Garden garden;
        Tree sent = garden.tree(1);
        Buffer buffer;
        ipc::FlatWriter out(buffer.words);
        out.set_root(sent.put(out));
        if (!out.ok()) continue;
        alignas(8) u8 again[1 << 16];
        std::size_t size = reference::rebuilt(buffer.bytes(), out.size(), again, sizeof(again));
        REQUIRE(size != 0);
        REQUIRE(sound<TreeView>(again, static_cast<u32>(size)));
        check_same(sent, root<TreeView>(again));
    }
}

TEST_CASE("what does not fit is refused before it is sent") {
    World world;
    std::string long_name(Tree::kNameMax + 1, 'x');
    CHECK(world.client.plant({.name = long_name}).error() == Error::InvalidArgument);
    std::string_view words[] = {"short", "longer than twelve"};
    CHECK(world.client.plant({.words = words}).error() == Error::InvalidArgument);
    Leaf leaf{.label = "a label that is too long"};
    CHECK(world.client.plant({.leaf = &leaf}).error() == Error::InvalidArgument);
    CHECK(world.client.plant({.leaves = std::span(&leaf, 1)}).error() == Error::InvalidArgument);
    CHECK(world.client.plant({.cargo = leaf}).error() == Error::InvalidArgument);
    // Each within its bounds, all of them together too much: 4 * 4 * 4 trees of 100 bytes.
    std::vector<u8> bytes(100);
    std::vector<Tree> low(4, Tree{.bytes = bytes});
    std::vector<Tree> middle(4, Tree{.children = low});
    std::vector<Tree> high(4, Tree{.children = middle});
    CHECK(world.client.plant({.children = high}).error() == Error::InvalidArgument);
    CHECK(world.client.drop({.children = high}).error() == Error::InvalidArgument);
    CHECK(world.local.calls() == 0);
    CHECK(world.client.plant({.children = low}).ok());
}

TEST_CASE("a required table or union that is absent is refused, sent or received") {
    World world;
    Leaf leaf{.id = 77};
    Result<Size> sent = world.client.send({.must = &leaf, .cargo = leaf});
    REQUIRE(sent.ok());
    CHECK(sent->tables == 77);
    CHECK(sent->bytes == static_cast<u32>(Cargo::Leaf));
    CHECK(world.client.send({.cargo = leaf}).error() == Error::InvalidArgument);
    CHECK(world.client.send({.must = &leaf}).error() == Error::InvalidArgument);
    Buffer without = written(Tree{});
    CHECK(!sound<ParcelView>(without.bytes(), without.size));
}

TEST_CASE("a handler that waits has the request until it answers") {
    World world;
    Completion<u64> gate;
    world.server.gate = &gate;
    Leaf leaf{.label = "kept"};
    CHECK(world.client.later({.name = "kept too", .leaf = &leaf}).error() == Error::Cancelled);  // not answered yet
    Slot kept = world.local.last_kept();
    CHECK(world.client.measure({.name = "something else"}).ok());
    gate.set(u64{1});
    REQUIRE(world.local.answered(kept));
    ipc::Registers registers;
    Utcb page{};
    REQUIRE(world.local.collect(kept, registers, page) == Error::None);
    ipc::ReceivedCaps none;
    ipc::MessageReader<Tree> in(registers, page, none);
    REQUIRE(in.open());
    REQUIRE(Tree::check(in));
    CHECK(Tree::load(in).name() == "kept too");
    CHECK(Tree::load(in).leaf()->label() == "kept");
}

TEST_CASE("the reply of a once call is kept for its repeat") {
    World world;
    Result<TreeView> first = world.client.grow({.tables = 3});
    REQUIRE(first.ok());
    CHECK(first->leaves().size() == 3);
    world.client.set_sequence(0);
    Result<TreeView> repeated = world.client.grow({.tables = 3});
    REQUIRE(repeated.ok());
    CHECK(repeated->small() == 1);
    CHECK(repeated->leaves()[2].label() == "grown");
    CHECK(world.server.handled == 1);
}

TEST_CASE("old and new generations of a table") {
    Leaf leaf{.id = 3};
    Buffer from_new = written(NewTree{.small = 1, .name = "new", .more = 2, .leaf = &leaf});
    REQUIRE(sound<OldTreeView>(from_new.bytes(), from_new.size));
    CHECK(root<OldTreeView>(from_new.bytes()).name() == "new");
    Buffer from_old = written(OldTree{.small = 1, .name = "old"});
    REQUIRE(sound<NewTreeView>(from_old.bytes(), from_old.size));
    CHECK(root<NewTreeView>(from_old.bytes()).small() == 1);
    CHECK(root<NewTreeView>(from_old.bytes()).more() == 9);
    CHECK(!root<NewTreeView>(from_old.bytes()).leaf());
}

TEST_CASE("every message with changed bytes is BadMessage or harmless") {
    Soil seen;  // what a handler would look at, so that the sanitizers see it too
    unsigned bad = 0, good = 0;
    for (int round = 0; round < 40; ++round) {
        Garden garden;
        Tree tree = garden.tree(1);
        Buffer buffer;
        ipc::FlatWriter out(buffer.words);
        out.set_root(tree.put(out));
        if (!out.ok()) continue;
        for (int change = 0; change < 400; ++change) {
            Buffer damaged = buffer;
            u8* bytes = reinterpret_cast<u8*>(damaged.words);
            for (u64 i = 0; i <= dice() % 3; ++i)
                bytes[dice() % out.size()] = static_cast<u8>(dice() % 3 ? dice() % 9 : dice());
            u32 size = dice() % 4 ? out.size() : static_cast<u32>(dice() % (out.size() + 1));
            if (!sound<TreeView>(bytes, size)) {
                ++bad;
                continue;
            }
            ++good;
            seen = Soil();
            as_sent(root<TreeView>(bytes), seen);
        }
    }
    CHECK(bad > 1000);
    CHECK(good > 100);
}

TEST_CASE("each thing that can be wrong with a FlatBuffer is found") {
    World world;
    Leaf leaf{.id = 1, .label = "leaf"};
    Tree tree{.name = "name", .leaf = &leaf, .cargo = leaf};
    auto answer = [&](auto change) {
        world.local.on_request = [&](ipc::Registers& registers, Utcb& page) { change(registers, page); };
        unsigned handled = world.server.handled;
        Error error = world.client.measure(tree).error();
        CHECK((error == Error::None) == (world.server.handled == handled + 1));
        return error;
    };
    CHECK(answer([](auto&, auto&) {}) == Error::None);
    CHECK(answer([](auto& registers, auto&) { registers.tag = Tag(registers.tag.label(), 0); }) == Error::BadMessage);
    CHECK(answer([](auto& registers, auto&) { registers.w[0] = 1; }) == Error::BadMessage);              // no buffer
    CHECK(answer([](auto& registers, auto&) { registers.w[0] += u64{8} << 48; }) == Error::BadMessage);  // over the end
    CHECK(answer([](auto&, auto& page) { page.words[4] = (page.words[4] & ~u64{0xffff'ffff}) | 0xffff; }) ==
          Error::BadMessage);  // the root far away
    CHECK(answer([](auto&, auto& page) { page.words[4] &= ~u64{0xffff'ffff}; }) == Error::BadMessage);
}

namespace {

// Trees of which each has the next one four times as a child: 4^20 ways through 20 tables.
struct Ladder {
    int level;
    u32* made;
    u32 put(ipc::FlatWriter& out) const {
        if (made[level] == 0) {
            u16 vtable[2 + 20] = {sizeof(vtable), 8};
            vtable[2 + 19] = 4;  // children, behind the two ids of the union
            if (level == 0) vtable[2 + 19] = 0;
            made[level] = out.table(vtable);
            const Ladder next{level - 1, made};
            const Ladder all[4] = {next, next, next, next};
            if (level != 0) out.tables(made[level] + 4, std::span<const Ladder>(all));
        }
        return made[level];
    }
};

}  // namespace

TEST_CASE("a table that is referred to again and again is not walked forever") {
    for (int levels : {2, 20}) {
        Buffer buffer;
        u32 made[32] = {};
        ipc::FlatWriter out(buffer.words);
        out.set_root(Ladder{levels, made}.put(out));
        REQUIRE(out.ok());
        CHECK(sound<TreeView>(buffer.bytes(), out.size()) == (levels == 2));
    }
}
