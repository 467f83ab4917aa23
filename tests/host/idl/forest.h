// A server of nested.fbs that looks at everything in a message of encoding 3, and the in-process transport to it.
#pragma once

#include <eft/ipc/local_transport.h>
#include <eft/ipc/mock.h>
#include <eft/task.h>

#include <eft/idl/nested.h>

#include <memory>
#include <vector>

namespace forest {

using namespace eft;
using namespace eft::test::nested;

using Session = ipc::MockSession<Forest::kOnceWords>;

// Memory for what a Tree refers to.
struct Soil {
    std::vector<std::unique_ptr<Tree>> trees;
    std::vector<std::unique_ptr<Leaf>> leaves;
    std::vector<std::unique_ptr<Note>> notes;
    std::vector<std::unique_ptr<Soil>> below;
    std::vector<std::vector<Leaf>> leaf_vectors;
    std::vector<std::vector<Tree>> tree_vectors;
    std::vector<std::vector<std::string_view>> word_vectors;
};

inline Leaf as_sent(const LeafView& leaf) { return {.id = leaf.id(), .label = leaf.label(), .color = leaf.color()}; }

// What was received, to be sent on: its strings and vectors stay where they are.
inline Tree as_sent(const TreeView& tree, Soil& soil) {
    Tree out{.small = tree.small(),
             .wide = tree.wide(),
             .maybe = tree.maybe(),
             .maybe_color = tree.maybe_color(),
             .ratio = tree.ratio(),
             .yes = tree.yes(),
             .spot = tree.spot(),
             .name = tree.name(),
             .numbers = tree.numbers(),
             .bytes = tree.bytes(),
             .colors = tree.colors(),
             .flags = tree.flags(),
             .spots = tree.spots()};
    auto& words = soil.word_vectors.emplace_back();
    for (std::string_view word : tree.words()) words.push_back(word);
    out.words = words;
    if (auto leaf = tree.leaf()) out.leaf = soil.leaves.emplace_back(new Leaf(as_sent(*leaf))).get();
    std::vector<Leaf> leaves;
    for (LeafView leaf : tree.leaves()) leaves.push_back(as_sent(leaf));
    out.leaves = soil.leaf_vectors.emplace_back(std::move(leaves));
    if (auto leaf = tree.cargo_as_leaf()) out.cargo = *soil.leaves.emplace_back(new Leaf(as_sent(*leaf)));
    if (auto note = tree.cargo_as_note()) out.cargo = *soil.notes.emplace_back(new Note{.text = note->text()});
    if (auto inner = tree.cargo_as_tree()) {
        Soil& below = *soil.below.emplace_back(new Soil);
        out.cargo = *soil.trees.emplace_back(new Tree(as_sent(*inner, below)));
    }
    std::vector<Tree> children;
    for (TreeView child : tree.children()) children.push_back(as_sent(child, *soil.below.emplace_back(new Soil)));
    out.children = soil.tree_vectors.emplace_back(std::move(children));
    return out;
}

struct Server {
    Session only;
    Soil soil;
    Completion<u64>* gate = nullptr;
    unsigned handled = 0;

    Session* session(Badge) { return &only; }
    Result<Tree> plant(ipc::Context&, Session&, const TreeView& tree) {
        ++handled;
        soil = Soil();
        return as_sent(tree, soil);
    }
    Result<Size> measure(ipc::Context&, Session&, const TreeView& tree) {
        ++handled;
        return Size{.tables = static_cast<u32>(tree.leaves().size()), .bytes = static_cast<u32>(tree.bytes().size())};
    }
    Result<Tree> grow(ipc::Context&, Session&, const Size& size) {
        ++handled;
        soil = Soil();
        auto& leaves = soil.leaf_vectors.emplace_back(size.tables, Leaf{.label = "grown"});
        return Tree{.small = static_cast<u8>(handled), .leaves = leaves};
    }
    Result<Size> send(ipc::Context&, Session&, const ParcelView& parcel) {
        ++handled;
        return Size{.tables = parcel.must().id(), .bytes = static_cast<u32>(parcel.cargo_kind())};
    }
    void drop(ipc::Context&, Session&, const TreeView&) { ++handled; }
    Task<Result<Tree>> later(ipc::Context&, Session&, TreeView tree) {
        if (gate) co_await *gate;
        soil = Soil();
        co_return as_sent(tree, soil);
    }
};
static_assert(ForestServer<Server>);

using Local = ipc::LocalServer<Forest, Server>;
struct World {
    Server server;
    Local local{server};
    ForestClient<ipc::LocalTransport<Local>> client{local, Badge{1}};
};

}  // namespace forest
