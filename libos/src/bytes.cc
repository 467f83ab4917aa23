// The C names that the compiler and libstdc++ call for memory and strings.
#include "bytes.h"

using namespace eft;

namespace {
unsigned char* raw(void* at) { return static_cast<unsigned char*>(at); }
const unsigned char* raw(const void* at) { return static_cast<const unsigned char*>(at); }
}  // namespace

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) {
    bytes::copy_forwards(raw(to), raw(from), size);
    return to;
}
void* memmove(void* to, const void* from, std::size_t size) {
    bytes::move(raw(to), raw(from), size);
    return to;
}
void* memset(void* to, int value, std::size_t size) {
    bytes::fill(raw(to), static_cast<unsigned char>(value), size);
    return to;
}
int memcmp(const void* a, const void* b, std::size_t size) { return bytes::compare(raw(a), raw(b), size); }
std::size_t strlen(const char* text) { return bytes::length(text); }
void* memchr(const void* in, int value, std::size_t size) {
    return const_cast<void*>(bytes::find(raw(in), static_cast<unsigned char>(value), size));
}
int strcmp(const char* a, const char* b) {
    for (; *a != 0 && *a == *b; ++a) ++b;
    return raw(static_cast<const void*>(a))[0] - raw(static_cast<const void*>(b))[0];
}
int strncmp(const char* a, const char* b, std::size_t size) {
    for (; size > 1 && *a != 0 && *a == *b; --size) ++a, ++b;
    return size == 0 ? 0 : raw(static_cast<const void*>(a))[0] - raw(static_cast<const void*>(b))[0];
}

}  // extern "C"
