// Copying and clearing by 8-byte words (Intel SDM 2B, REP): one instruction counted per word under TCG.
#pragma once

#include <eft/abi/types.h>

namespace eft::kernel::arch {

[[gnu::always_inline]] inline void copy_words(u64* target, const u64* source, u64 words) {
    asm volatile("rep movsq" : "+D"(target), "+S"(source), "+c"(words) : : "memory");
}
[[gnu::always_inline]] inline void zero_words(void* target, u64 words) {
    asm volatile("rep stosq" : "+D"(target), "+c"(words) : "a"(0) : "memory");
}

}  // namespace eft::kernel::arch
