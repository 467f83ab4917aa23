// The boot archive, mapped read-only into root.
#pragma once

#include "memory.h"

#include <cstddef>
#include <span>

namespace eft::root {

// Makes frames of the archive's untyped memory and maps them. The untyped stays root's.
Result<std::span<const std::byte>> map_archive(Memory& memory);

}  // namespace eft::root
