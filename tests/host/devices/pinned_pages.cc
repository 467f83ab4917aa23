// In place of drivers/service/device.cc and of libos: see pinned_pages.h.
#include <devices/pinned_pages.h>

#include <eft/panic.h>

#include <stdexcept>

namespace eft {

[[noreturn]] void panic(const char* text) { throw std::runtime_error(text); }
void drop_slot(Slot) {}

using test::PinnedPages;

Result<u32> driver::Device::pin(Slot, std::span<u64> addresses) {
    PinnedPages& area = *PinnedPages::current;
    if (addresses.size() > PinnedPages::kPages) return Error::OutOfRange;
    for (std::size_t i = 0; i < addresses.size(); ++i) addresses[i] = area.pages[i].device_address;
    ++area.pinned;
    return PinnedPages::kPin;
}
Result<u32> driver::Device::connect_interrupt(u32, u32, u64) {
    line_ = CapHandle(Slot{77});
    return 10;
}
void driver::Device::acknowledge_line() { ++PinnedPages::current->acknowledged; }
void driver::Device::unpin(u32 number) { PinnedPages::current->pinned -= number == PinnedPages::kPin; }

}  // namespace eft
