// A crash dump in words: what `service info` says of the death, and with symbols what the addresses in it are.
#pragma once

#include "symbols.h"

#include <eft/crash_dump.h>
#include <monitor/rpc/catalogue.h>

#include <string>

namespace eft::crash {

std::string report(const CrashDump& dump, const Symbols& symbols, const monitor::Catalogue& interfaces);

}  // namespace eft::crash
