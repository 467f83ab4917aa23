// Copying, filling and comparing memory by 8-byte words: the work behind memcpy and its like, apart from those names so
// that the host can test it. No REP instructions: they are slow under emulation and for short runs.
//
// The empty asm in each loop keeps the compiler from recognising the loop and calling memcpy, which would be itself.
#pragma once

#include <eft/abi/types.h>

#include <cstddef>

namespace eft::bytes {

// A word at any address and of any memory.
struct [[gnu::packed, gnu::may_alias]] Word {
    u64 value;
};
constexpr std::size_t kWord = sizeof(u64);

inline void copy_forwards(unsigned char* to, const unsigned char* from, std::size_t size) {
    for (; size >= 4 * kWord; size -= 4 * kWord, to += 4 * kWord, from += 4 * kWord) {
        const auto* source = reinterpret_cast<const Word*>(from);
        const u64 a = source[0].value, b = source[1].value, c = source[2].value, d = source[3].value;
        auto* target = reinterpret_cast<Word*>(to);
        target[0].value = a, target[1].value = b, target[2].value = c, target[3].value = d;
        asm("" : "+r"(to));
    }
    for (; size >= kWord; size -= kWord, to += kWord, from += kWord) {
        reinterpret_cast<Word*>(to)->value = reinterpret_cast<const Word*>(from)->value;
        asm("" : "+r"(to));
    }
    for (; size > 0; --size) {
        *to++ = *from++;
        asm("" : "+r"(to));
    }
}

inline void copy_backwards(unsigned char* to, const unsigned char* from, std::size_t size) {
    for (to += size, from += size; size >= kWord; size -= kWord) {
        to -= kWord, from -= kWord;
        reinterpret_cast<Word*>(to)->value = reinterpret_cast<const Word*>(from)->value;
        asm("" : "+r"(to));
    }
    for (; size > 0; --size) {
        *--to = *--from;
        asm("" : "+r"(to));
    }
}

// Right for any overlap: where the target begins inside the source, the end goes first.
inline void move(unsigned char* to, const unsigned char* from, std::size_t size) {
    const auto distance = reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from);
    distance < size ? copy_backwards(to, from, size) : copy_forwards(to, from, size);
}

inline void fill(unsigned char* to, unsigned char value, std::size_t size) {
    const u64 word = value * u64{0x0101'0101'0101'0101};
    for (; size >= 4 * kWord; size -= 4 * kWord, to += 4 * kWord) {
        auto* words = reinterpret_cast<Word*>(to);
        words[0].value = word, words[1].value = word, words[2].value = word, words[3].value = word;
        asm("" : "+r"(to));
    }
    for (; size >= kWord; size -= kWord, to += kWord) {
        reinterpret_cast<Word*>(to)->value = word;
        asm("" : "+r"(to));
    }
    for (; size > 0; --size) {
        *to++ = value;
        asm("" : "+r"(to));
    }
}

inline int compare(const unsigned char* a, const unsigned char* b, std::size_t size) {
    for (; size >= kWord; size -= kWord, a += kWord, b += kWord)
        if (reinterpret_cast<const Word*>(a)->value != reinterpret_cast<const Word*>(b)->value) break;
    for (; size > 0; --size, ++a, ++b)
        if (*a != *b) return *a < *b ? -1 : 1;
    return 0;
}

inline std::size_t length(const char* text) {
    std::size_t size = 0;
    while (text[size] != 0) {
        ++size;
        asm("" : "+r"(size));
    }
    return size;
}

inline const void* find(const unsigned char* bytes, unsigned char value, std::size_t size) {
    for (; size > 0; --size, ++bytes)
        if (*bytes == value) return bytes;
    return nullptr;
}

}  // namespace eft::bytes
