// What the compiler may call for copies and fills. By words where it matters, never by REP: that
// costs an instruction per byte under TCG.
#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* destination, const void* source, std::size_t size) {
    auto* to = static_cast<unsigned char*>(destination);
    auto* from = static_cast<const unsigned char*>(source);
    for (; size >= 8; size -= 8, to += 8, from += 8) {
        std::uint64_t word;
        __builtin_memcpy(&word, from, 8);
        __builtin_memcpy(to, &word, 8);
    }
    for (; size != 0; --size) *to++ = *from++;
    return destination;
}

void* memset(void* destination, int value, std::size_t size) {
    auto* to = static_cast<unsigned char*>(destination);
    const std::uint64_t word = 0x0101010101010101 * static_cast<unsigned char>(value);
    for (; size >= 8; size -= 8, to += 8) __builtin_memcpy(to, &word, 8);
    for (; size != 0; --size) *to++ = static_cast<unsigned char>(value);
    return destination;
}

void* memmove(void* destination, const void* source, std::size_t size) {
    auto* to = static_cast<unsigned char*>(destination);
    auto* from = static_cast<const unsigned char*>(source);
    if (to <= from || to >= from + size) return memcpy(destination, source, size);
    while (size-- != 0) to[size] = from[size];
    return destination;
}

}  // extern "C"
