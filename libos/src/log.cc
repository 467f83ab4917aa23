// The service's log: a ring in its persistent memory, which the log server reads.
#include <eft/log_ring.h>
#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {

void log(std::string_view line) {
    const std::size_t bytes = config().log_bytes;
    if (bytes == 0) return;
    static EFT_PROCESS_LOCAL LogWriter writer(std::span(arch::pointer<std::byte>(layout::kPersistentAddress + kPageSize), bytes));
    writer.append(line, sys::time_stamp());
}

}  // namespace eft
