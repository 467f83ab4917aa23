// Values of attributes, which reflection has as strings.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace idlc {

// Decimal, the whole string, within [least, most].
inline std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (value < least || value > most) return std::nullopt;
    return value;
}

// "50ms" in nanoseconds. At most a day, so that nothing overflows.
inline std::optional<std::uint64_t> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view suffix;
        std::uint64_t nanoseconds;
    };
    for (Unit unit : {Unit{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}})
        if (text.ends_with(unit.suffix)) {
            auto count = parse_number(text.substr(0, text.size() - unit.suffix.size()), 1,
                                      86'400'000'000'000 / unit.nanoseconds);
            if (!count) continue;  // "5ms" also ends with "s"
            return *count * unit.nanoseconds;
        }
    return std::nullopt;
}

// "a, b" as its words, without blanks around them. Empty words are for the caller to refuse.
inline std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> words;
    for (bool more = true; more;) {
        const std::size_t comma = list.find(',');
        std::string_view word = list.substr(0, comma);
        more = comma != list.npos;
        list.remove_prefix(more ? comma + 1 : list.size());
        word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
        words.emplace_back(word.substr(0, word.find_last_not_of(' ') + 1));
    }
    return words;
}

}  // namespace idlc
