// What the boot archive says of the system, read at the first use.
#pragma once

#include "monitor/rpc/catalogue.h"

#include <eft/abi/result.h>

#include <manifest_generated.h>

#include <string_view>

namespace eft::monitor {

// The file `interfaces`: all interfaces of the system.
Result<const Catalogue*> system_interfaces();
// The file `manifest`.
Result<const manifest::Manifest*> system_manifest();
// The service of the manifest that provides this name; null: none.
const manifest::Service* provider_of(const manifest::Manifest& manifest, std::string_view name);

}  // namespace eft::monitor
