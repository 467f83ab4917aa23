// How a value becomes bits of a message word, and back.
//
// A field is stored XOR its default, so that a word which is absent, and reads as zero, means the default.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <optional>
#include <type_traits>

namespace eft::ipc {

template <class T>
concept SmallStruct = std::is_class_v<T> && std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(u64);

template <std::size_t Bytes>
using UnsignedOf =
    std::conditional_t<Bytes == 1, u8, std::conditional_t<Bytes == 2, u16, std::conditional_t<Bytes == 4, u32, u64>>>;

// The value's bytes, zero-extended. Signed values are not sign-extended: the bits beside them are other fields.
template <class T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) constexpr u64 bits(T value, T absent = T{}) {
    using Unsigned = UnsignedOf<sizeof(T)>;
    return static_cast<Unsigned>(static_cast<Unsigned>(value) ^ static_cast<Unsigned>(absent));
}

template <class T>
requires std::is_floating_point_v<T>
constexpr u64 bits(T value, T absent = T{}) {
    using Unsigned = UnsignedOf<sizeof(T)>;
    return static_cast<Unsigned>(__builtin_bit_cast(Unsigned, value) ^ __builtin_bit_cast(Unsigned, absent));
}

template <SmallStruct T>
inline u64 bits(const T& value) {
    u64 word = 0;
    __builtin_memcpy(&word, &value, sizeof(T));
    return word;
}

// The low bytes of `word` as a T. A bool must have been checked by is_bool() first.
template <class T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) constexpr T from_bits(u64 word, T absent = T{}) {
    using Unsigned = UnsignedOf<sizeof(T)>;
    return static_cast<T>(static_cast<Unsigned>(word) ^ static_cast<Unsigned>(absent));
}

template <class T>
requires std::is_floating_point_v<T>
constexpr T from_bits(u64 word, T absent = T{}) {
    using Unsigned = UnsignedOf<sizeof(T)>;
    return __builtin_bit_cast(T, static_cast<Unsigned>(static_cast<Unsigned>(word) ^
                                                       __builtin_bit_cast(Unsigned, absent)));
}

template <SmallStruct T>
inline T from_bits(u64 word) {
    T value;
    __builtin_memcpy(static_cast<void*>(&value), &word, sizeof(T));
    return value;
}

constexpr bool is_bool(u64 word) { return static_cast<u8>(word) <= 1; }

// A bool in a struct or vector lies there as its sender wrote it, and is none until this is true.
inline bool holds_bool(const bool& value) {
    u8 byte;
    __builtin_memcpy(&byte, &value, 1);
    return byte <= 1;
}

// A scalar that may be absent has a bit beside its value.
constexpr bool is_set(u64 word) { return (word & 1) != 0; }

template <class T>
constexpr std::optional<T> optional_from_bits(u64 word, bool present) {
    return present ? std::optional<T>(from_bits<T>(word)) : std::nullopt;
}

// Structs of more than a word start at a word and fill whole words; what is left of the last one is zero.
template <class T>
constexpr unsigned kWordsOf = (sizeof(T) + sizeof(u64) - 1) / sizeof(u64);

template <class Writer, class T>
[[gnu::always_inline]] inline void store_struct(Writer& out, unsigned first, const T& value) {
    u64 words[kWordsOf<T>] = {};
    __builtin_memcpy(words, &value, sizeof(T));
    for (unsigned i = 0; i < kWordsOf<T>; ++i) out.set(first + i, words[i]);
}

template <class T, class Reader>
[[gnu::always_inline]] inline T load_struct(const Reader& in, unsigned first) {
    u64 words[kWordsOf<T>];
    for (unsigned i = 0; i < kWordsOf<T>; ++i) words[i] = in.word(first + i);
    T value;
    __builtin_memcpy(static_cast<void*>(&value), words, sizeof(T));
    return value;
}

}  // namespace eft::ipc
