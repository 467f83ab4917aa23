// Files of the boot archive, mapped read-only at the first use and for as long as the process lives.
#pragma once

#include "monitor/rpc/catalogue.h"

#include <eft/abi/result.h>

#include <manifest_generated.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace eft::monitor {

// NotFound: there is none.
Result<std::span<const std::byte>> boot_file(std::string_view name);
// The file `interfaces`: all interfaces of the system.
Result<const Catalogue*> system_interfaces();
// The file `manifest`.
Result<const manifest::Manifest*> system_manifest();
// The service of the manifest that provides this name; null: none.
const manifest::Service* provider_of(const manifest::Manifest& manifest, std::string_view name);

}  // namespace eft::monitor
