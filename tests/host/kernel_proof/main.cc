// kernel-proof: what takes long to show about the kernel (docs/testing.md).
//
//   kernel-proof lists SOURCE-TREE HOST-TREE WORK      whether what mutants.txt and uncovered.txt name is still there
//   kernel-proof coverage SOURCE-TREE HOST-TREE WORK
//   kernel-proof mutate SOURCE-TREE HOST-TREE WORK [FILTER…]   only mutants whose file or text contains a FILTER
//   kernel-proof fuzz FUZZER WORK CALLS
//
// WORK is a folder of its own, which is emptied first. Status 0: shown; 1: not; 2: the call was wrong.
#include "tools.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

using namespace eft::proof;

namespace {

int start(const std::vector<std::string>& words) {
    if (words.size() == 4 && words[0] == "fuzz") {
        fs::remove_all(words[2]);
        return fuzz(words[1], words[2], std::strtoull(words[3].c_str(), nullptr, 10));
    }
    const bool mutates = words.size() >= 4 && words[0] == "mutate";
    if (!mutates && (words.size() != 4 || (words[0] != "coverage" && words[0] != "lists"))) {
        std::fprintf(stderr, "usage: kernel-proof lists|coverage SOURCE-TREE HOST-TREE WORK\n"
                             "       kernel-proof mutate SOURCE-TREE HOST-TREE WORK [FILTER…]\n"
                             "       kernel-proof fuzz FUZZER WORK CALLS\n");
        return 2;
    }
    Builder builder(words[1], words[2], words[3]);
    if (mutates) return mutate(builder, {words.begin() + 4, words.end()});
    if (words[0] == "coverage") return coverage(builder);
    const bool mutants = mutants_apply(builder), lines = uncovered_are_there(builder);
    return mutants && lines ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return start({arguments + 1, arguments + count});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "kernel-proof: %s\n", error.what());
        return 1;
    }
}
