// Strings and vectors: the tail of a message, behind its flat words, in the message page.
//
// A flat field of 32 bits describes each: byte offset from word 0 in the low half, number of elements in the high half.
// Every part begins at a word, the last word of a part is padded with zeros, and the tail begins at word 4 or later, so
// that all of it lies in the page. The first 16 bits of a message that can have a tail say how many flat words its
// sender knows: what a newer receiver expects beyond them is absent, not the beginning of the tail.
#pragma once

#include <eft/abi/message.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace eft::ipc {

constexpr std::size_t tail_words(std::size_t bytes) { return (bytes + sizeof(u64) - 1) / sizeof(u64); }

// Of memory that does not overlap, or is the same.
[[gnu::always_inline]] inline void copy_words(void* to, const void* from, std::size_t words) {
#ifdef __x86_64__
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");  // one instruction per word
#else
    __builtin_memcpy(to, from, words * sizeof(u64));
#endif
}

// Copies to whole words. The destination may be the source.
[[gnu::always_inline]] inline void copy_to_words(u64* to, const void* from, std::size_t bytes) {
    auto* source = static_cast<const std::byte*>(from);
    std::size_t whole = bytes / sizeof(u64);
    copy_words(to, source, whole);
    if (std::size_t rest = bytes % sizeof(u64)) {
        u64 last = 0;
        for (std::size_t i = 0; i < rest; ++i) last |= u64{static_cast<u8>(source[whole * sizeof(u64) + i])} << (8 * i);
        to[whole] = last;
    }
}

struct TailPart {
    unsigned offset;
    unsigned count;

    explicit TailPart(u64 descriptor) : offset(descriptor & 0xffff), count((descriptor >> 16) & 0xffff) {}
};

// Where the tail of a received message lies: bytes [begin, end) of the message, at `data`.
struct Tail {
    const std::byte* data = nullptr;
    unsigned begin = 0;
    unsigned end = 0;

    template <class Element>
    [[gnu::always_inline]] bool holds(u64 descriptor, unsigned max) const {
        TailPart part(descriptor);
        if (part.count == 0) return true;
        return part.count <= max && part.offset >= begin && part.offset % sizeof(u64) == 0 &&
               part.offset + part.count * sizeof(Element) <= end;
    }
    template <class Element>
    [[gnu::always_inline]] std::span<const Element> vector(u64 descriptor) const {
        TailPart part(descriptor);
        if (part.count == 0) return {};
        return {reinterpret_cast<const Element*>(data + (part.offset - begin)), part.count};
    }
    [[gnu::always_inline]] std::string_view string(u64 descriptor) const {
        auto characters = vector<char>(descriptor);
        return {characters.data(), characters.size()};
    }
};

template <class Element, class Predicate>
bool all_of(std::span<const Element> elements, Predicate predicate) {
    for (const Element& each : elements)
        if (!predicate(each)) return false;
    return true;
}

// Memory for the tail of a request, so that it stays what was checked while the handler itself makes calls, which use
// the message page.
template <unsigned Words>
struct TailBuffer {
    u64 words[Words];
};
template <>
struct TailBuffer<0> {};

// A request that outlives its step moves with its tail; its strings and vectors follow by the distance.
template <class View>
void follow(View& view, const void* from, const void* to) {
    if (view.empty()) return;
    auto distance = reinterpret_cast<const std::byte*>(view.data()) - static_cast<const std::byte*>(from);
    using Element = std::remove_cvref_t<decltype(*view.data())>;
    view = View(reinterpret_cast<const Element*>(static_cast<const std::byte*>(to) + distance), view.size());
}

}  // namespace eft::ipc
