// Lists of names in one string, separated by spaces: how the manifest's names travel in messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace eft::broker {

// Whether `word` is one of the words of the list. No list has an empty word, or one with a space.
constexpr bool contains_word(std::string_view list, std::string_view word) {
    if (word.empty() || word.find(' ') != word.npos) return false;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == word) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

static_assert(contains_word("block/0 timer", "timer") && contains_word("timer", "timer"));
static_assert(!contains_word("block/01 timer", "block/0") && !contains_word("a b", "a b") && !contains_word("", ""));

}  // namespace eft::broker
