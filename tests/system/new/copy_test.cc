// What `./eft new` makes builds, starts, and passes its own tests; what it refuses changes nothing; and docs/tutorial.md is
// done word for word. All in one copy of the tree, because building it is what takes time.
#include "copy.h"
#include "document.h"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <iterator>

using namespace eft::documents;

namespace {

void require(const TreeCopy& tree, const std::string& command) {
    const Ended ended = tree.run(command);
    REQUIRE_MESSAGE(ended.status == 0, command, "\n", ended.printed, ended.errors);
}

void take(const TreeCopy& tree, const Step& step) {
    if (!step.file.empty()) return tree.write(step.file, step.text);
    const auto start = std::chrono::steady_clock::now();
    const Ended ended = tree.run(step.text);
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    MESSAGE("line ", step.line, ", ", took.count(), " s: ", step.text);
    REQUIRE_MESSAGE(ended.status == 0, "line ", step.line, ": ", step.text, "\n", ended.printed, ended.errors);
    REQUIRE_MESSAGE(matches(step.printed, ended.printed), "line ", step.line, ": ", step.text, "\nexpected:\n", step.printed, "\nprinted:\n", ended.printed);
}

std::vector<Step> tutorial() {
    std::ifstream file(EFT_SOURCE_DIR "/docs/tutorial.md");
    return steps_of({std::istreambuf_iterator<char>(file), {}});
}

}  // namespace

TEST_CASE("what ./eft new makes works, what it refuses changes nothing, and the tutorial is true") {
    const TreeCopy tree;
    const auto before = tree.files();
    for (const char* words : {"server echo", "driver uart", "server Upper", "server class", "driver table", "server timer", "server panic", "server mock", "driver opens", "server shapes", "server time"}) {
        const Ended ended = tree.run(std::string("./eft new ") + words);
        CHECK_MESSAGE(ended.status == 1, words, ended.printed, ended.errors);
        CHECK_MESSAGE(ended.errors.find("eft: ") != std::string::npos, words, ended.errors);
    }
    for (const char* words : {"", "server", "program x", "server a b", "server a --ring"}) CHECK(tree.run(std::string("./eft new ") + words).status == 2);
    CHECK(tree.files() == before);

    // The tutorial comes first, since it names the number of its interface, and what is made beside it is built with it.
    const auto steps = tutorial();
    take(tree, steps.front());
    require(tree, "./eft new server tally");
    require(tree, "./eft new driver edu");
    require(tree, "./eft new driver ringed --ring");
    for (std::size_t i = 1; i < steps.size(); ++i) take(tree, steps[i]);
    take(tree, {0, {}, "./eft test tally edu ringed", "…\n100% tests passed, 0 tests failed out of 6\n…\n"});
    // Nothing knows the tree by heart: what looks at all of it is green with all that was made.
    require(tree, "./eft test new-test rules manifest system-capabilities system-rpc system-services");

    const Ended again = tree.run("./eft new server tally");
    CHECK(again.status == 1);
}
