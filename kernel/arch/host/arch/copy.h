// Copying and clearing by words, so that the sanitizers see each of them.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

inline void copy_words(u64* target, const u64* source, u64 words) {
    for (u64 i = 0; i < words; ++i) target[i] = source[i];
}
inline void zero_words(void* target, u64 words) {
    for (u64 i = 0; i < words; ++i) static_cast<u64*>(target)[i] = 0;
}

}  // namespace eft::kernel::arch
