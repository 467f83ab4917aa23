// Lists of names in one string, separated by spaces: how the manifest's names travel in messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace eft::broker {

// Calls visit(word) for each, until it answers true, and answers whether it did.
template <class Visit>
constexpr bool any_word(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        if (visit(list.substr(0, end))) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

constexpr bool contains_word(std::string_view list, std::string_view word) {
    return !word.empty() && any_word(list, [&](std::string_view each) { return each == word; });
}

// In a list of words "SERVICE" and "SERVICE:NUMBER": the number of this service, 0 if it has none.
constexpr std::optional<unsigned> number_of(std::string_view list, std::string_view service) {
    std::optional<unsigned> number;
    any_word(list, [&](std::string_view each) {
        if (service.empty() || each.substr(0, each.find(':')) != service) return false;
        number = 0;
        for (const char digit : each.substr(std::min(service.size() + 1, each.size()))) number = *number * 10 + static_cast<unsigned>(digit - '0');
        return true;
    });
    return number;
}

static_assert(contains_word("block/0 timer", "timer") && contains_word("timer", "timer"));
static_assert(!contains_word("block/01 timer", "block/0") && !contains_word("a b", "a b") && !contains_word("", ""));
static_assert(number_of("timer vault:12", "timer") == 0 && number_of("timer vault:12", "vault") == 12);
static_assert(!number_of("timer vault:12", "vault:12") && !number_of("timer:1", "time") && !number_of("a b", "a b") && !number_of(":1", ""));

}  // namespace eft::broker
