// Files of the boot archive, mapped read-only at the first use and for as long as the process lives.
#pragma once

#include <eft/abi/result.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace eft {

// NotFound: there is none.
Result<std::span<const std::byte>> boot_file(std::string_view name);

}  // namespace eft
