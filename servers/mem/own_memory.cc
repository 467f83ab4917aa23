#include "contents.h"

namespace eft::memory {

std::byte* own_memory(u64 address) { return reinterpret_cast<std::byte*>(address); }

}  // namespace eft::memory
