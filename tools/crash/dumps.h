// The crash dumps in a machine's memory (<eft/crash_dump.h>).
//
// The memory is anybody's: a page that has the form of a dump counts as one, whoever wrote it. So nothing in it is trusted.
#pragma once

#include <eft/crash_dump.h>

#include <cstddef>
#include <span>
#include <vector>

namespace eft::crash {

// In the order of the deaths. `memory` begins at a page.
std::vector<CrashDump> find_dumps(std::span<const std::byte> memory);

}  // namespace eft::crash
