// What the hostile client in the guest sends to methods of encoding 3 (tests/system/programs/hostile_flat.h), against a
// server that looks at everything, under the sanitisers: what is surely wrong never gets to a handler.
#include "forest.h"

#include <hostile_flat.h>

#include <eft/idl/hostile/nested.h>

#include <doctest/doctest.h>

using namespace eft;

namespace {

struct Tally {
    unsigned sent = 0, taken = 0, refused = 0;
};

Error answer(forest::World& world, const hostile::Message& message) {
    ipc::Registers registers;
    Utcb page{};
    registers.badge = 1;
    registers.tag = Tag(message.label, message.words);
    for (unsigned i = 0; i < message.words; ++i) (i < kRegisterWords ? registers.w[i] : page.words[i]) = message.content[i];
    const ipc::Outcome outcome = world.local.inject(registers, page);
    if (outcome == ipc::Outcome::Reply) return static_cast<Error>(registers.tag.label());
    return Error::None;
}

}  // namespace

TEST_CASE("a FlatBuffer with one thing wrong harms no handler, and gets to none if it is surely wrong") {
    unsigned methods = 0;
    for (const ipc::HostileMethod& method : forest::kForestHostile.methods) {
        if (method.root == 0 || method.label == forest::Forest::DropMethod::kLabel) continue;
        forest::World world;
        Tally tally;
        hostile::for_each_wrong_flatbuffer(forest::kForestHostile, method, [&](const hostile::Message& message, bool surely_wrong) {
            const Error error = answer(world, message);
            if (tally.sent++ == 0) REQUIRE(error == Error::None);  // the good one
            if (error == Error::BadMessage) ++tally.refused;
            else ++tally.taken;
            if (surely_wrong && error != Error::BadMessage) FAIL_CHECK("taken: message ", tally.sent, " of ", method.label);
        });
        MESSAGE(tally.sent, " messages, ", tally.taken, " taken, ", tally.refused, " refused");
        CHECK(tally.refused > 300);
        CHECK(tally.taken > 10);
        ++methods;
    }
    CHECK(methods == 4);
}

TEST_CASE("the good message has everything that the table can have") {
    const ipc::HostileMethod& measure = forest::kForestHostile.methods[1];
    unsigned tables = 0;
    hostile::FlatSeed seed(forest::kForestHostile.tables, measure.root - 1u);
    CHECK(seed.whole());
    for (const hostile::FlatSeed::Place& place : seed.places()) tables += place.what == hostile::FlatSeed::What::VtableReference;
    CHECK(tables >= 10);
    const hostile::Message message = seed.message(measure);
    ipc::FlatChecker checker({reinterpret_cast<const u8*>(&message.content[kRegisterWords]), seed.size()});
    REQUIRE(checker.root<forest::TreeView>());
    const u8* bytes = reinterpret_cast<const u8*>(&message.content[kRegisterWords]);
    const forest::TreeView tree(bytes + seed.get<u32>(0));
    CHECK(tree.name() == "x");
    CHECK(tree.leaves().size() == 2);
    CHECK(tree.children()[1].leaf()->label() == "x");
    CHECK(tree.cargo_as_leaf());
    CHECK(tree.words().size() == 2);
}
