// All enumerators of an enumeration, without a list that could be forgotten: the compiler prints the name of a value that
// is one, and a number in brackets for a value that is none.
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/syscall.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace eft::hostile {

template <auto kValue>
constexpr std::string_view printed() {
    constexpr std::string_view all = __PRETTY_FUNCTION__;  // "… [with auto kValue = eft::Invocation::CapMove; …]"
    constexpr std::string_view mark = "kValue = ";
    constexpr std::size_t start = all.find(mark) + mark.size();
    return all.substr(start, all.find_first_of(";]", start) - start);
}

template <auto kValue>
constexpr bool is_enumerator() {
    return printed<kValue>().find('(') == std::string_view::npos;
}

// "CapMove"
template <auto kValue>
constexpr std::string_view name_of() {
    return printed<kValue>().substr(printed<kValue>().rfind(':') + 1);
}

template <class Enum>
struct Named {
    Enum value;
    std::string_view name;
};

namespace detail {

// Values kFirst + high * kStride + low for all high and low.
template <class Enum, std::size_t kCount, class Place>
struct Scan {
    template <std::size_t... kIndex>
    static constexpr std::size_t count(std::index_sequence<kIndex...>) {
        return (std::size_t{is_enumerator<static_cast<Enum>(Place::at(kIndex))>()} + ... + 0);
    }
    template <std::size_t kSize, std::size_t... kIndex>
    static constexpr auto list(std::index_sequence<kIndex...>) {
        std::array<Named<Enum>, kSize> found{};
        std::size_t next = 0;
        const auto add = [&]<std::size_t kAt>() {
            constexpr auto value = static_cast<Enum>(Place::at(kAt));
            if constexpr (is_enumerator<value>()) found[next++] = {value, name_of<value>()};
        };
        (add.template operator()<kIndex>(), ...);
        return found;
    }
    static constexpr auto indices = std::make_index_sequence<kCount>();
    static constexpr auto all = list<count(indices)>(indices);
};

struct InvocationPlace {  // 0x100, 0x101, … for each object
    static constexpr std::size_t kPerObject = 32, kObjects = 15;
    static constexpr unsigned at(std::size_t index) { return static_cast<unsigned>((1 + index / kPerObject) << 8 | index % kPerObject); }
};
struct PlainPlace {
    static constexpr unsigned at(std::size_t index) { return static_cast<unsigned>(index); }
};

}  // namespace detail

inline constexpr auto kInvocations = detail::Scan<Invocation, detail::InvocationPlace::kPerObject * detail::InvocationPlace::kObjects, detail::InvocationPlace>::all;
inline constexpr auto kSystemCallNames = detail::Scan<SystemCall, 64, detail::PlainPlace>::all;
static_assert(kSystemCallNames.size() == kSystemCalls);
static_assert(kInvocations.size() >= 34 && kInvocations[0].name == "UntypedRetype");

}  // namespace eft::hostile
