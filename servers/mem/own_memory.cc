#include "contents.h"

namespace eft::memory {

std::byte* own_memory(u64 address) { return arch::pointer<std::byte>(address); }

}  // namespace eft::memory
